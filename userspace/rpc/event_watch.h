// SPDX-License-Identifier: Apache-2.0
// EventWatch: events that satisfy a client's condition, on their way from the ingest thread to a
// stream. The ingest thread never waits for it, and gives it a bounded share of its time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/alert.h"
#include "base/redact.h"
#include "base/result.h"
#include "fields/arena.h"
#include "fields/field.h"
#include "filter/program.h"
#include "state/enricher.h"

namespace nezuban::v1 {
class WatchEventsRequest;
}

namespace nezuban::rpc {

// An event as it is told: values are those of the fields asked for, in their order.
struct WatchedEvent {
  std::int64_t time_ns = 0;  // since the epoch
  std::string type;
  std::vector<std::pair<std::string, alert::FieldValue>> fields;
};

// Events since the watch began; offered = not_asked + other + matched, and
// matched = told + sampled_out + over_rate + dropped.
struct WatchCounts {
  std::uint64_t not_asked = 0;    // the condition was not run: it had taken too much time
  std::uint64_t matched = 0;      // satisfied it, or might have
  std::uint64_t sampled_out = 0;  // all but one in so many
  std::uint64_t over_rate = 0;    // more than were asked for a second
  std::uint64_t dropped = 0;      // not read fast enough
};

// A bucket of tokens, refilled as the time goes on that it is given. One thread.
class TokenBucket {
 public:
  explicit TokenBucket(std::uint64_t per_second)
      : per_second_(static_cast<double>(per_second)), tokens_(per_second_) {}
  // Whether at least one is there.
  bool Refill(std::uint64_t now_ns);
  // There may be less than none afterwards.
  void Spend(std::uint64_t tokens) { tokens_ -= static_cast<double>(tokens); }

 private:
  double per_second_;
  double tokens_;
  std::uint64_t refilled_ns_ = 0;
};

class EventWatch {
 public:
  static constexpr std::size_t kMaxConditionBytes = std::size_t{4} << 10;
  static constexpr std::size_t kMaxRegexes = 2;
  static constexpr int kMaxFields = 32;
  static constexpr std::uint32_t kMaxPerSecond = 1000;
  // Of the ingest thread's time, a second: two hundredths, however dear the condition is, and
  // however much faster than they happened events are read.
  static constexpr std::uint64_t kWorkNsPerSecond = 20'000'000;
  static constexpr std::size_t kQueueEvents = 1000;
  static constexpr std::size_t kQueueBytes = std::size_t{1} << 20;

  // `clock_ns` measures what the watch takes of the ingest thread's time. Error (exit 1): the
  // request's member, and what was expected.
  using ClockNs = std::uint64_t (*)();
  static Result<std::shared_ptr<EventWatch>> Make(const v1::WatchEventsRequest& request,
                                                  ClockNs clock_ns = SteadyNs);
  static std::uint64_t SteadyNs();

  // Ingest thread only. Waits for nobody; drops and counts what there is no room for.
  void Offer(const state::EnrichedEvent& event, std::string_view hostname,
             const Redactor* redactor) noexcept;

  // What came since the last call. Any other thread.
  std::vector<WatchedEvent> Take();
  WatchCounts counts() const;

  // The events the condition can be true of.
  fields::EventTypes types() const { return types_; }

  // Nobody takes from it any more. Thread-safe.
  void Close() { closed_ = true; }
  bool closed() const { return closed_; }

 private:
  EventWatch(filter::Program program, std::vector<fields::FieldRef> fields, std::uint32_t one_in,
             std::uint32_t per_second, ClockNs clock_ns);
  void Ask(const state::EnrichedEvent& event, std::string_view hostname, const Redactor* redactor);
  void Keep(const fields::FieldContext& context);
  WatchedEvent Tell(const fields::FieldContext& context) const;

  const filter::Program program_;
  const fields::EventTypes types_;
  const std::vector<fields::FieldRef> fields_;
  const std::uint32_t one_in_;
  const ClockNs clock_ns_;
  fields::Arena arena_;                 // this and the buckets: of the ingest thread
  TokenBucket work_{kWorkNsPerSecond};  // by the clock
  TokenBucket rate_;                    // by event time

  std::atomic<std::uint64_t> not_asked_{0};
  std::atomic<std::uint64_t> matched_{0};
  std::atomic<std::uint64_t> sampled_out_{0};
  std::atomic<std::uint64_t> over_rate_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<bool> closed_{false};

  // A ring: the ingest thread pushes, whoever has the mutex takes.
  std::vector<WatchedEvent> ring_;
  std::atomic<std::size_t> pushed_{0};  // both only grow
  std::atomic<std::size_t> taken_{0};
  std::atomic<std::size_t> queued_bytes_{0};
  std::mutex takers_;
};

}  // namespace nezuban::rpc
