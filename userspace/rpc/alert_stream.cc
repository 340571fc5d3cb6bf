// SPDX-License-Identifier: Apache-2.0
#include "rpc/alert_stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "rpc/envelope.h"
#include "rpc/subscriber.h"

namespace nezuban::rpc {
namespace {

// A round is bounded so that subscribers see the first alerts of a burst before its end.
constexpr std::size_t kRoundAlerts = 256;
constexpr std::size_t kRoundBytes = std::size_t{4} << 20;
constexpr std::chrono::milliseconds kLongestWait{60'000};
// The store may be about to repair what the page is in.
constexpr std::chrono::milliseconds kPageWait{20};

// Cannot fail: it has no name, and starts where every store has a place.
std::unique_ptr<store::Reader> NewestReader(store::Store& store) {
  auto reader = store.OpenReader("", {store::Start::At::kNewest});
  CHECK(reader);
  return *std::move(reader);
}

}  // namespace

struct AlertStream::Round {
  std::vector<store::Entry> taken;
  Subscribers subscribers;  // a copy, so that no lock is held while alerts are handed out
  std::uint64_t version = 0;
  Clock::time_point next_beat = Clock::time_point::max();  // the earliest of all subscribers'
};

AlertStream::AlertStream(store::Store& store, const StreamOptions& options,
                         std::function<NodeTotals()> totals)
    : store_(store),
      options_(options),
      totals_(std::move(totals)),
      reader_(NewestReader(store)),
      page_reader_(NewestReader(store)),
      offered_(reader_->position()),
      feeder_([this] { FeedThoseBehind(); }),
      worker_([this] { Run(); }) {}

AlertStream::~AlertStream() {
  Drain();
  {
    const std::lock_guard lock(behind_mutex_);
    feeder_stopping_ = true;
  }
  behind_wake_.notify_one();
  feeder_.join();
  CHECK(subscribers_.empty());
}

AddResult AlertStream::Add(std::shared_ptr<Subscriber> subscriber) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return AddResult::kStopping;
    if (subscribers_.size() >= options_.max_subscribers) return AddResult::kTooMany;
    if (!CanAffordLocked(*subscriber)) return AddResult::kTooDear;
    subscriber->BeginAfter(offered_);
    subscribers_.push_back(std::move(subscriber));
    ++version_;
  }
  reader_->Wake();
  return AddResult::kAdded;
}

bool AlertStream::CanAffordLocked(const Subscriber& subscriber) const {
  std::size_t cost = subscriber.condition_cost();
  if (cost == 0) return true;
  for (const auto& each : subscribers_) cost += each->condition_cost();
  return cost <= options_.condition_bytes;
}

void AlertStream::Remove(const Subscriber* subscriber) {
  std::shared_ptr<Subscriber> removed;  // outlives the lock: its destructor is not cheap
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::find_if(subscribers_.begin(), subscribers_.end(),
                                 [&](const auto& each) { return each.get() == subscriber; });
    CHECK(at != subscribers_.end());
    removed = std::move(*at);
    *at = std::move(subscribers_.back());
    subscribers_.pop_back();
    ++version_;
    // Under the lock: WaitUntilEmpty's caller may destroy the stream as soon as it gets it.
    reader_->Wake();
    if (subscribers_.empty()) empty_.notify_all();
  }
}

void AlertStream::AskForPage(std::shared_ptr<Subscriber> subscriber) {
  {
    const std::lock_guard lock(behind_mutex_);
    behind_.push_back(std::move(subscriber));
  }
  behind_wake_.notify_one();
}

void AlertStream::Drain() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  reader_->Wake();
  if (worker_.joinable()) worker_.join();
}

void AlertStream::WaitUntilEmpty() {
  std::unique_lock lock(mutex_);
  empty_.wait(lock, [&] { return subscribers_.empty(); });
}

void Fill(const StreamCounters& counters, NodeStatus& status) {
  status.alerts = counters.published;
  status.alerts_dropped = counters.dropped;
  status.subscribers = counters.subscribers;
  status.subscriber_drops = counters.subscriber_drops;
  status.store = counters.store;
  status.store_id = counters.store_id;
}

StreamCounters AlertStream::counters() const {
  StreamCounters counters;
  counters.store = store_.counters();
  counters.store_id = store_.id();
  counters.published = counters.store.published;
  counters.dropped = counters.store.dropped;
  counters.subscriber_drops = subscriber_drops_;
  const std::lock_guard lock(mutex_);
  counters.subscribers = static_cast<std::uint32_t>(subscribers_.size());
  return counters;
}

void AlertStream::Run() {
  Round round;
  fields::Arena arena;
  while (NextRound(round)) {
    SendHeartbeats(round);  // first: a new subscriber is told where its stream begins
    const std::vector<Item> items =
        round.subscribers.empty() ? std::vector<Item>() : Encode(std::move(round.taken));
    for (const auto& subscriber : round.subscribers) subscriber->Offer(items, arena);
    KeepWithinMemory(round.subscribers);
  }
  for (const auto& subscriber : round.subscribers) subscriber->Drain();
}

// Waits for something to do and takes it. False once the stream is stopping and the store has no
// more; `round.subscribers` is up to date then too.
bool AlertStream::NextRound(Round& round) {
  auto timeout = kLongestWait;
  if (round.next_beat != Clock::time_point::max()) {
    timeout =
        std::clamp(std::chrono::ceil<std::chrono::milliseconds>(round.next_beat - Clock::now()),
                   std::chrono::milliseconds(0), kLongestWait);
  }
  round.taken = reader_->Next(kRoundAlerts, kRoundBytes, timeout);
  const std::lock_guard lock(mutex_);
  if (version_ != round.version) {
    round.subscribers = subscribers_;
    round.version = version_;
  }
  offered_ = reader_->position();
  return !stopping_ || !round.taken.empty();
}

std::vector<AlertStream::Item> AlertStream::Encode(std::vector<store::Entry> entries) {
  std::vector<Item> items;
  items.reserve(entries.size());
  for (store::Entry& entry : entries) {
    if (const auto* gap = std::get_if<store::StoredGap>(&entry)) {
      items.emplace_back(*gap);
    } else {
      items.emplace_back(std::make_shared<const EncodedAlert>(
          std::get<store::StoredAlert>(std::move(entry)), live_bytes_));
    }
  }
  return items;
}

void AlertStream::SendHeartbeats(Round& round) {
  const Clock::time_point now = Clock::now();
  std::optional<Heartbeat> heartbeat;
  round.next_beat = Clock::time_point::max();
  for (const auto& subscriber : round.subscribers) {
    if (subscriber->next_beat <= now) {
      if (!heartbeat) {
        heartbeat =
            Heartbeat{WallClockNs(), {}, totals_(), store_.counters().published, 0, store_.id()};
      }
      subscriber->Beat(*heartbeat);
      subscriber->next_beat = now + subscriber->heartbeat_interval();
    }
    round.next_beat = std::min(round.next_beat, subscriber->next_beat);
  }
}

// One page after the other, in turn: who wants the whole store does not keep others waiting.
void AlertStream::FeedThoseBehind() {
  fields::Arena arena;
  while (true) {
    std::shared_ptr<Subscriber> subscriber;
    {
      std::unique_lock lock(behind_mutex_);
      behind_wake_.wait(lock, [&] { return feeder_stopping_ || !behind_.empty(); });
      if (feeder_stopping_) return;
      subscriber = std::move(behind_.front());
      behind_.pop_front();
    }
    page_reader_->Seek(subscriber->position());
    subscriber->Feed(Encode(page_reader_->Next(kRoundAlerts, options_.page_bytes, kPageWait)),
                     arena);
  }
}

// Stalled subscribers hold alerts of different times, so bounds per queue are not enough.
void AlertStream::KeepWithinMemory(const Subscribers& subscribers) {
  while (live_bytes_ > options_.total_bytes) {
    Subscriber* longest = nullptr;
    std::size_t most = 0;
    for (const auto& subscriber : subscribers) {
      const std::size_t bytes = subscriber->queued_bytes();
      if (bytes > most) {
        most = bytes;
        longest = subscriber.get();
      }
    }
    if (longest == nullptr) return;
    longest->Shed();
  }
}

}  // namespace nezuban::rpc
