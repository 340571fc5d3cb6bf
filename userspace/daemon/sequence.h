// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "event/event.h"

namespace nezuban::daemon {

// Counts the records that never came, from the sequence numbers of those that did. Numbers run per
// CPU and lane; counting begins with the lowest that came, since the first ones go to the proof of
// the sensors. Records may come slightly out of order, so what counts is how many came of those
// that were numbered, not the gaps between neighbours. Not thread-safe.
class SequenceTracker {
 public:
  void Observe(const record_header& header) {
    if (header.cpu >= kMaxCpus) return;
    auto& lane = lanes_[header.lane];
    if (header.cpu >= lane.size()) lane.resize(header.cpu + 1);
    Counter& counter = lane[header.cpu];
    if (counter.received == 0 || header.seq < counter.first) counter.first = header.seq;
    ++counter.received;
    if (header.seq + 1 > counter.numbered) counter.numbered = header.seq + 1;
  }

  // Numbered and not received, over all CPUs and lanes. Losses after the last record that came are
  // not in it yet.
  std::uint64_t missing() const {
    std::uint64_t missing = 0;
    for (const auto& lane : lanes_) {
      for (const Counter& c : lane) {
        const std::uint64_t expected = c.numbered - c.first;
        missing += expected > c.received ? expected - c.received : 0;
      }
    }
    return missing;
  }

 private:
  static constexpr std::uint32_t kMaxCpus = 8192;  // NR_CPUS of the largest x86-64 configurations
  struct Counter {
    std::uint64_t received = 0;
    std::uint64_t first = 0;
    std::uint64_t numbered = 0;
  };
  std::array<std::vector<Counter>, NR_LANES> lanes_;
};

}  // namespace nezuban::daemon
