// SPDX-License-Identifier: Apache-2.0
// Worker: brings the alerts from a sink's source to its destination, on a thread of its own.
//
//   source ─▶ wanted? ─▶ destination: send, again after a pause, until taken ─▶ acknowledge
//
// An alert is acknowledged once the peer has it, so each comes at least once. What the peer will
// never take is counted and told to it as a gap.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "sinks/backoff.h"
#include "sinks/destination.h"
#include "sinks/options.h"
#include "sinks/source.h"

namespace nezuban::sinks {

// Since the start, but for `position` and `problem`: now.
struct SinkCounters {
  std::uint64_t sent = 0;      // alerts that the peer has
  std::uint64_t filtered = 0;  // not asked for by the sink's options
  std::uint64_t retried = 0;   // attempts that failed and were, or will be, made again
  std::uint64_t refused = 0;   // alerts that the peer will never take
  std::uint64_t lost = 0;      // alerts that became gaps before they reached the sink
  std::uint64_t position = 0;  // cursor of the last that is done with
  std::string problem;         // why the last attempt failed; empty: it did not
};

// Told when deliveries begin to fail and when they work again.
using LogHandler = std::function<void(bool good, const std::string& line)>;

// Thread-safe.
class Worker {
 public:
  // `log` is called by the worker's thread.
  Worker(SinkOptions options, std::unique_ptr<AlertSource> source,
         std::unique_ptr<Destination> destination, LogHandler log);
  // Stops at once.
  ~Worker() { Stop(std::chrono::milliseconds(0)); }

  // Before the next message, files are opened again.
  void Reopen() { reopen_ = true; }
  // Delivers what the source has already, for at most `grace`, and ends the thread. An attempt that
  // is under way may take the destination's timeout longer.
  void Stop(std::chrono::milliseconds grace);
  // The same without waiting for the end, so that several workers can use the same time.
  void RequestStop(std::chrono::milliseconds grace);

  const SinkOptions& options() const { return options_; }
  SinkCounters counters() const;

 private:
  using Clock = std::chrono::steady_clock;

  void Run(const std::stop_token& stop) noexcept;
  bool Wants(const Outgoing& outgoing) const;
  std::vector<Outgoing> Select(AlertSource::Batch batch);
  bool Deliver(std::vector<Outgoing> pending, const std::stop_token& stop);
  void Took(std::span<const Outgoing> taken, const SendResult& result);
  // `count` alerts of this range are lost.
  void Refuse(std::span<const Outgoing> range, std::size_t count, const std::string& problem);
  void Report(const SendResult& result);
  // False: no time is left for another attempt.
  bool Pause(const SendResult& result, const std::stop_token& stop);
  bool OutOfTime(const std::stop_token& stop) const;
  void Acknowledge(std::uint64_t cursor);

  const SinkOptions options_;
  const std::unique_ptr<AlertSource> source_;
  const std::unique_ptr<Destination> destination_;
  const LogHandler log_;
  Backoff backoff_;
  std::optional<Outgoing> owed_;  // a gap of what was refused, not told yet
  std::atomic<bool> reopen_{false};

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  Clock::time_point deadline_ = Clock::time_point::max();
  SinkCounters counters_;
  std::jthread thread_;
};

}  // namespace nezuban::sinks
