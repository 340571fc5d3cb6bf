// SPDX-License-Identifier: Apache-2.0
// The alerts for one sink, in memory. What does not fit becomes a gap.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "alert/sink.h"
#include "sinks/source.h"

namespace nezuban::sinks {

// The ingest thread puts in, the worker takes out. Thread-safe.
class MemoryQueue final : public alert::Sink {
 public:
  explicit MemoryQueue(std::size_t capacity = 10'000) : capacity_(capacity) {}

  void Publish(std::shared_ptr<const alert::Alert> alert) noexcept override;
  std::uint64_t dropped() const override;

  AlertSource::Batch Next(const BatchLimits& limits, std::chrono::milliseconds timeout,
                          const std::stop_token& stop);

 private:
  struct Item {
    std::uint64_t cursor = 0;
    std::shared_ptr<const alert::Alert> alert;  // null: a gap
    Gap gap;
  };

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any available_;
  std::deque<Item> items_;
  std::uint64_t cursor_ = 0;
  std::uint64_t dropped_ = 0;
};

// REQUIRES: the queue outlives it.
class MemorySource final : public AlertSource {
 public:
  explicit MemorySource(MemoryQueue& queue) : queue_(queue) {}
  Batch Next(const BatchLimits& limits, std::chrono::milliseconds timeout,
             const std::stop_token& stop) override {
    return queue_.Next(limits, timeout, stop);
  }
  void Acknowledge(std::uint64_t) override {}  // nothing survives us

 private:
  MemoryQueue& queue_;
};

}  // namespace nezuban::sinks
