// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace nezuban::sinks {

// How long to wait after the n-th failure in a row: doubles up to `max`, and is cut by up to half
// at random, so that a fleet does not come back all at once. One thread.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Backoff(Milliseconds max, std::uint64_t seed, Milliseconds min = Milliseconds(250))
      : min_(std::min(min, max)), max_(max), ceiling_(min_), random_(seed) {}

  // `asked`: what the peer asked for. It is waited longer then, but not more than ten minutes.
  Milliseconds Next(std::optional<Milliseconds> asked = std::nullopt) {
    const Milliseconds ceiling = ceiling_;
    ceiling_ = std::min(max_, ceiling_ * 2);
    const Milliseconds pause(
        std::uniform_int_distribution<std::int64_t>(ceiling.count() / 2, ceiling.count())(random_));
    return asked ? std::max(pause, std::min(*asked, kLongestAsked)) : pause;
  }
  void Reset() { ceiling_ = min_; }

 private:
  static constexpr Milliseconds kLongestAsked{600'000};

  const Milliseconds min_;
  const Milliseconds max_;
  Milliseconds ceiling_;
  std::mt19937_64 random_;
};

}  // namespace nezuban::sinks
