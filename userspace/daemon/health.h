// SPDX-License-Identifier: Apache-2.0
// Health: whether events still come from the kernel to the rules. Where nothing happens by itself,
// it has something happen: a child that ends at once, whose end has to be seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace nezuban::daemon {

// Thread-safe.
class Health {
 public:
  struct Options {
    std::chrono::milliseconds quiet{5'000};   // then something is made to happen
    std::chrono::milliseconds limit{15'000};  // then it is bad
    std::function<void()> act;                // empty: forks a child that ends at once
    std::function<void()> beat;               // called now and then as long as all is well
    std::chrono::milliseconds beat_every{5'000};
  };

  // `events` counts those that reached the rules; called by a thread of its own.
  Health(std::function<std::uint64_t()> events, Options options);

  // Why not, in words; empty: healthy.
  std::string Problem() const;

 private:
  using Clock = std::chrono::steady_clock;

  void Run(const std::stop_token& stop);

  const std::function<std::uint64_t()> events_;
  const Options options_;
  mutable std::mutex mutex_;
  Clock::time_point last_event_ = Clock::now();
  std::jthread thread_;
};

}  // namespace nezuban::daemon
