// SPDX-License-Identifier: Apache-2.0
// Health: whether events still come from the kernel to the rules. Every few seconds it has
// something happen that each sensor must see, and looks whether all of it came through.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "probe/sensors.h"

namespace nezuban::daemon {

// Thread-safe.
class Health {
 public:
  struct Options {
    std::chrono::milliseconds every{10'000};  // the self-test
    std::chrono::milliseconds limit{45'000};  // an event of it that is later is missing
    std::function<void()> beat;               // called now and then as long as all is well
    std::chrono::milliseconds beat_every{5'000};
    // Called when something begins to be missing, with the words of Problem, and when all is well
    // again, with none.
    std::function<void(const std::string& problem)> on_change;
  };
  // By event.
  using Counts = std::array<std::uint64_t, NR_EVENTS>;

  // `test` does the self-test and gives the events it should be seen by; `counts` grows by what
  // came of it, and by what was lost of the same event: then there is a sensor, and the loss is
  // told elsewhere. Both are called by a thread of its own, as all functions of the options are.
  Health(std::function<probe::EventSet()> test, std::function<Counts()> counts, Options options);

  // What is missing, in words; empty: healthy.
  std::string Problem() const;
  // Since an event of the self-test came, of the one that is overdue for longest.
  std::chrono::milliseconds Age() const;

 private:
  using Clock = std::chrono::steady_clock;

  void Run(const std::stop_token& stop);
  void Test();
  void Look();
  void TellChange();
  void GiveTimeAfterStop(Clock::time_point now);

  const std::function<probe::EventSet()> test_;
  const std::function<Counts()> counts_;
  const Options options_;
  bool told_ = false;  // that there is a problem; this and seen_ of the thread
  Counts seen_{};
  Clock::time_point looked_;

  mutable std::mutex mutex_;  // guards both
  probe::EventSet tested_;
  std::array<Clock::time_point, NR_EVENTS> last_{};
  std::jthread thread_;
};

}  // namespace nezuban::daemon
