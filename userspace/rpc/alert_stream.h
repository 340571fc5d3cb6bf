// SPDX-License-Identifier: Apache-2.0
// AlertStream: takes alerts from the ingest thread and hands each to every subscriber that wants
// it.
//
//   Publish ─▶ inbox ─▶ worker: encodes once ─▶ a queue per subscriber ─▶ gRPC
//
// Both kinds of queue are bounded, and what does not fit becomes a gap at its place in the stream.
// The worker never waits for a subscriber; gRPC's own threads take from a queue when the message
// before has been written. When the queues together hold too much, the longest is given up.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "alert/sink.h"
#include "rpc/gap_queue.h"
#include "rpc/node_status.h"
#include "rpc/subscription.h"

namespace nezuban::rpc {

class EncodedAlert;
class Subscriber;

struct StreamOptions {
  std::size_t max_subscribers = 1000;
  std::size_t inbox_alerts = 10'000;
  std::size_t inbox_bytes = std::size_t{64} << 20;
  std::size_t queue_alerts = 10'000;  // of one subscriber
  std::size_t queue_bytes = std::size_t{16} << 20;
  std::size_t total_bytes = std::size_t{256} << 20;    // encoded alerts, shared by all queues
  std::size_t batch_alerts = 256;                      // in one message
  std::size_t batch_bytes = std::size_t{64} << 10;     // then no more is added
  std::size_t max_alert_bytes = std::size_t{1} << 20;  // gRPC clients refuse messages above 4 MiB
  SubscriptionLimits limits;
};

// Since the start, but for `subscribers`: now.
struct StreamCounters {
  std::uint32_t subscribers = 0;
  std::uint64_t published = 0;         // lost ones included
  std::uint64_t dropped = 0;           // lost to everyone
  std::uint64_t subscriber_drops = 0;  // lost to one, summed
};

enum class AddResult : std::uint8_t { kAdded, kTooMany, kStopping };

// Thread-safe.
class AlertStream final : public alert::Sink {
 public:
  // `totals` is called by the stream's thread, once for all heartbeats that are due together.
  AlertStream(const StreamOptions& options, std::function<NodeTotals()> totals);
  // REQUIRES: every subscriber was removed.
  ~AlertStream() override;

  void Publish(std::shared_ptr<const alert::Alert> alert) noexcept override;
  std::uint64_t dropped() const override;

  // Keeps `subscriber` until Remove. Its first message will be a heartbeat.
  AddResult Add(std::shared_ptr<Subscriber> subscriber);
  // May destroy it.
  void Remove(const Subscriber* subscriber);
  // Called by subscribers: `count` more alerts were lost to one.
  void CountSubscriberDrops(std::uint64_t count) { subscriber_drops_ += count; }

  // Takes no more alerts or subscribers, hands over what waits in the inbox, and lets each stream
  // end once its queue has been read. Returns when the worker is done; streams may go on.
  void Drain();
  // Waits until every subscriber was removed.
  void WaitUntilEmpty();

  StreamCounters counters() const;
  const StreamOptions& options() const { return options_; }

 private:
  using Inbox = GapQueue<std::shared_ptr<const alert::Alert>>;
  using Item = std::variant<std::shared_ptr<const EncodedAlert>, Loss>;
  using Subscribers = std::vector<std::shared_ptr<Subscriber>>;
  using Clock = std::chrono::steady_clock;
  struct Round;  // what the worker does between two waits

  void Run();
  bool NextRound(Round& round);
  void Encode(Round& round);
  void SendHeartbeats(Round& round);
  void KeepWithinMemory(const Subscribers& subscribers);

  const StreamOptions options_;
  const std::function<NodeTotals()> totals_;
  std::atomic<std::size_t> live_bytes_{0};  // of encoded alerts that some queue still holds
  std::atomic<std::uint64_t> subscriber_drops_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;   // the worker: something to do
  std::condition_variable empty_;  // WaitUntilEmpty
  Inbox inbox_;
  Subscribers subscribers_;
  std::uint64_t version_ = 0;  // of subscribers_
  std::uint64_t published_ = 0;
  std::uint64_t dropped_ = 0;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace nezuban::rpc
