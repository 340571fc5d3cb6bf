// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "alert/alert.h"

namespace nezuban::alert {

// Where alerts go. Publish is called by the ingest thread: it must return at once, without
// waiting for a peer or a disk, and counts what it cannot take.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Publish(std::shared_ptr<const Alert> alert) noexcept = 0;
  // Alerts that this sink could not take or lost since the start. Thread-safe.
  virtual std::uint64_t dropped() const = 0;
};

}  // namespace nezuban::alert
