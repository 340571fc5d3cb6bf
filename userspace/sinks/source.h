// SPDX-License-Identifier: Apache-2.0
// Where a sink's worker takes alerts from, in the order of their cursors, to the last acknowledged.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "sinks/destination.h"

namespace nezuban::sinks {

// Of one thread.
class AlertSource {
 public:
  struct Batch {
    std::vector<Outgoing> items;
    std::uint64_t last = 0;  // cursor to acknowledge once all of it is delivered; 0: nothing came
  };

  virtual ~AlertSource() = default;

  // What comes next: at most `limits`, but at least one if there is any. Waits at most `timeout`
  // for the first; empty then, or when `stop` is requested. Never throws.
  virtual Batch Next(const BatchLimits& limits, std::chrono::milliseconds timeout,
                     const std::stop_token& stop) = 0;
  // Nothing up to `cursor` has to be given again, after a restart either.
  virtual void Acknowledge(std::uint64_t cursor) = 0;
};

}  // namespace nezuban::sinks
