// SPDX-License-Identifier: Apache-2.0
// AlertStream: hands each alert of the store to every subscriber that wants it.
//
//   store ─▶ worker: each new alert once ─▶ a queue per subscriber ─▶ gRPC
//     └────▶ feeder: pages for those that are behind ─┘
//
// The queues are bounded; what does not fit stays in the store until its subscriber is fed again.
// Neither thread ever waits for a subscriber; gRPC's own threads take from a queue when the message
// before has been written. When the queues together hold too much, the longest is given up.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "rpc/node_status.h"
#include "rpc/subscription.h"
#include "store/store.h"

namespace nezuban::rpc {

class EncodedAlert;
class Subscriber;

struct StreamOptions {
  std::size_t max_subscribers = 1000;
  std::size_t queue_alerts = 10'000;  // of one subscriber
  std::size_t queue_bytes = std::size_t{16} << 20;
  std::size_t total_bytes = std::size_t{256} << 20;  // encoded alerts, shared by all queues
  std::size_t page_bytes = std::size_t{256} << 10;   // read at once for one that is behind
  // All conditions together, by AlertCondition::cost: each alert is asked by all of them.
  std::size_t condition_bytes = std::size_t{256} << 10;
  std::size_t batch_alerts = 256;                   // in one message
  std::size_t batch_bytes = std::size_t{64} << 10;  // then no more is added
  SubscriptionLimits limits;
};

// Since the start, but for `subscribers`: now.
struct StreamCounters {
  std::uint32_t subscribers = 0;
  std::uint64_t published = 0;         // lost ones included
  std::uint64_t dropped = 0;           // lost to everyone
  std::uint64_t subscriber_drops = 0;  // told in gaps, summed over subscribers
  store::StoreCounters store;
  std::string store_id;
};

// Puts them in their places of a node's status.
void Fill(const StreamCounters& counters, NodeStatus& status);

enum class AddResult : std::uint8_t { kAdded, kTooMany, kTooDear, kStopping };

// Thread-safe.
class AlertStream {
 public:
  // `totals` is called by the stream's thread, once for all heartbeats that are due together.
  // REQUIRES: the store outlives it.
  AlertStream(store::Store& store, const StreamOptions& options,
              std::function<NodeTotals()> totals);
  // REQUIRES: every subscriber was removed.
  ~AlertStream();

  // Keeps `subscriber` until Remove. Its first message will be a heartbeat.
  AddResult Add(std::shared_ptr<Subscriber> subscriber);
  // May destroy it.
  void Remove(const Subscriber* subscriber);
  // Called by subscribers: `count` more alerts were lost to one.
  void CountSubscriberDrops(std::uint64_t count) { subscriber_drops_ += count; }
  // Called by subscribers: feeds it what comes behind its position, when its turn comes.
  void AskForPage(std::shared_ptr<Subscriber> subscriber);

  // Takes no more subscribers, hands over what the store has, and lets each stream end once its
  // queue has been read. Returns when the worker is done; streams may go on.
  void Drain();
  // Waits until every subscriber was removed.
  void WaitUntilEmpty();

  StreamCounters counters() const;
  const StreamOptions& options() const { return options_; }
  store::Store& store() { return store_; }

 private:
  using Item = std::variant<std::shared_ptr<const EncodedAlert>, store::StoredGap>;
  using Subscribers = std::vector<std::shared_ptr<Subscriber>>;
  using Clock = std::chrono::steady_clock;
  struct Round;  // what the worker does between two waits

  void Run();
  bool NextRound(Round& round);
  bool CanAffordLocked(const Subscriber& subscriber) const;
  void SendHeartbeats(Round& round);
  void KeepWithinMemory(const Subscribers& subscribers);
  void FeedThoseBehind();
  std::vector<Item> Encode(std::vector<store::Entry> entries);

  store::Store& store_;
  const StreamOptions options_;
  const std::function<NodeTotals()> totals_;
  const std::unique_ptr<store::Reader> reader_;       // of the worker
  const std::unique_ptr<store::Reader> page_reader_;  // of the feeder
  std::atomic<std::size_t> live_bytes_{0};  // of encoded alerts that some queue still holds
  std::atomic<std::uint64_t> subscriber_drops_{0};

  mutable std::mutex mutex_;
  std::condition_variable empty_;  // WaitUntilEmpty
  Subscribers subscribers_;
  std::uint64_t version_ = 0;  // of subscribers_
  store::Cursor offered_ = 0;  // to those the worker knows, or about to be
  bool stopping_ = false;

  std::mutex behind_mutex_;
  std::condition_variable behind_wake_;
  std::deque<std::shared_ptr<Subscriber>> behind_;  // they want a page
  bool feeder_stopping_ = false;

  std::thread feeder_;
  std::thread worker_;
};

}  // namespace nezuban::rpc
