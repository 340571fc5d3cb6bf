// SPDX-License-Identifier: Apache-2.0
// Where records come from: the kernel (probe_source) or, later, a recording.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace nezuban::probe {

// What the kernel side did, summed over CPUs, since the start. seen = submitted + filtered +
// dropped holds per event, where DROP_RECURSION is the kernel's own count.
struct EventCounters {
  std::uint64_t submitted = 0;
  std::uint64_t filtered = 0;
  std::array<std::uint64_t, NR_DROP_REASONS> dropped{};

  std::uint64_t AllDropped() const {
    return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
  }
};
using SourceCounters = std::array<EventCounters, NR_EVENTS>;

// Records one cgroup was not let put into the bulk lane (DROP_FLOOD), since the start.
struct Flood {
  std::uint64_t cgroup_id = 0;
  std::uint64_t dropped = 0;
};

// Called once per record, in an order in which a bulk record comes after every vital record that
// is older. The bytes are 8-byte aligned and valid during the call only. Must not throw.
using RecordHandler = std::function<void(std::span<const std::byte>)>;

class EventSource {
 public:
  virtual ~EventSource() = default;

  // Hands what is there to `handler`; waits up to `timeout` for something. Returns the number of
  // records, 0 at the timeout. An error means that no more can come. One thread only.
  virtual Result<std::size_t> Poll(std::chrono::milliseconds timeout,
                                   const RecordHandler& handler) = 0;

  // Thread-safe.
  virtual SourceCounters Counters() const = 0;

  // The cgroups that flood, as far as the kernel side remembers them (some thousands): one that was
  // forgotten starts again from 0, and the sums of Counters are exact. Thread-safe.
  virtual std::vector<Flood> Floods() const { return {}; }
};

}  // namespace nezuban::probe
