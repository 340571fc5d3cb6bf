// SPDX-License-Identifier: Apache-2.0
// What a sink's worker hands to whoever speaks the peer's protocol, and what that answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "alert/alert.h"

namespace nezuban::sinks {

// Alerts that this peer will never be given; a message of its own in every format.
struct Gap {
  std::uint64_t count = 0;    // 0: nobody knows, there may be none
  std::int64_t first_ns = 0;  // event times, since the epoch
  std::int64_t last_ns = 0;
  std::string reason;  // in words: "the store was full"
};

struct Outgoing {
  std::uint64_t cursor = 0;  // of the alert; of the last one lost
  std::variant<alert::Alert, Gap> what;
};

// How far a batch came. What is neither taken nor refused is sent again.
struct SendResult {
  enum class Outcome : std::uint8_t {
    kTaken,    // all of it: the peer has it
    kRetry,    // the first `taken` are there, the others may be later
    kRefused,  // the first `taken` are there; the others never will be as they are
  };
  Outcome outcome = Outcome::kTaken;
  std::size_t taken = 0;
  std::string problem;  // in words, for status and log; empty if all was taken
  // What the peer asked for; empty: the worker's own backoff.
  std::optional<std::chrono::milliseconds> retry_after;
  // Of those taken, how many the peer threw away; it does not say which, and wants none again.
  std::size_t rejected = 0;

  static SendResult Taken(std::size_t count) { return {Outcome::kTaken, count, {}, {}, 0}; }
  static SendResult Retry(std::string problem, std::size_t taken = 0) {
    return {Outcome::kRetry, taken, std::move(problem), {}, 0};
  }
  static SendResult Refused(std::string problem, std::size_t taken = 0) {
    return {Outcome::kRefused, taken, std::move(problem), {}, 0};
  }
};

// How much of a batch the peer is given at once.
struct BatchLimits {
  std::size_t alerts = 256;
  std::size_t bytes = std::size_t{1} << 20;  // of alerts as the store has them
};

// One peer. Used by one thread.
class Destination {
 public:
  virtual ~Destination() = default;

  // Returns within the destination's own timeouts. REQUIRES: `batch` is not empty.
  virtual SendResult Send(std::span<const Outgoing> batch) = 0;
  // Called before Send when the user asked for it (SIGHUP): files are opened again.
  virtual void Reopen() {}
  virtual BatchLimits limits() const { return {}; }
};

}  // namespace nezuban::sinks
