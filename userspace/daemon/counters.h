// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "event/event.h"

namespace nezuban::daemon {

// Alerts per rule, of those that gave the most.
class RuleAlerts {
 public:
  using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
  static constexpr std::size_t kMost = 200;  // each is a time series of whoever scrapes

  // By the ingest thread, which does not wait: who reads at that moment sees what was before.
  void Set(Counts counts) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock()) counts_ = std::move(counts);
  }
  Counts Read() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  Counts counts_;
};

// Written by the ingest thread, read by any.
struct PipelineCounters {
  // Of any kind; grows where nothing happens, too, as long as the thread does its work.
  std::atomic<std::uint64_t> items{0};
  std::array<std::atomic<std::uint64_t>, NR_EVENTS> decoded{};
  std::array<std::atomic<std::uint64_t>, NR_EVENTS> malformed{};  // of that type, as far as it says
  // Of those, such as the monitor's own self-test made.
  std::array<std::atomic<std::uint64_t>, NR_EVENTS> self_test{};
  std::atomic<std::uint64_t> malformed_unknown{0};  // not even a type could be read
  std::atomic<std::uint64_t> missing{0};            // numbered by the kernel side, never received
  std::atomic<std::uint64_t> alerts{0};
  std::atomic<std::uint64_t> held_back{0};  // alerts that a summary counts instead
  // Of those, such as could not say what pod or image: it may have one, but that came too late.
  std::atomic<std::uint64_t> alerts_without_metadata{0};
  std::atomic<std::uint64_t> processes{0};
  std::atomic<std::uint64_t> processes_evicted{0};
  std::atomic<std::uint64_t> processes_healed{0};  // found after losses
  std::atomic<std::uint64_t> containers{0};
  std::atomic<std::uint64_t> containers_unmarked{0};  // refused by mark_container
  std::atomic<std::uint64_t> heals{0};                // scans of /proc after lost records
  // Events held because something may still arrive: all of them, and how it ended.
  std::atomic<std::uint64_t> held{0};
  std::atomic<std::uint64_t> held_now{0};
  std::atomic<std::uint64_t> resolved{0};    // it arrived
  std::atomic<std::uint64_t> expired{0};     // it did not, in time
  std::atomic<std::uint64_t> overflowed{0};  // too many at once: decided without waiting
  // What rules that look at several events remember; given up before its time for want of room.
  std::atomic<std::uint64_t> correlated_groups{0};
  std::atomic<std::uint64_t> correlated_bytes{0};
  std::atomic<std::uint64_t> correlated_evicted{0};
  RuleAlerts rule_alerts;
};

}  // namespace nezuban::daemon
