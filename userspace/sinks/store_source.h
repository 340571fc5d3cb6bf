// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "sinks/source.h"
#include "store/reader.h"

namespace nezuban::sinks {

// The store's alerts, from the place that the reader's name has there.
class StoreSource final : public AlertSource {
 public:
  explicit StoreSource(std::unique_ptr<store::Reader> reader) : reader_(std::move(reader)) {}

  Batch Next(const BatchLimits& limits, std::chrono::milliseconds timeout,
             const std::stop_token& stop) override;
  void Acknowledge(std::uint64_t cursor) override { reader_->Acknowledge(cursor); }

 private:
  const std::unique_ptr<store::Reader> reader_;
};

}  // namespace nezuban::sinks
