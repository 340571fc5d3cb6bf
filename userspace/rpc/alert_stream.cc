// SPDX-License-Identifier: Apache-2.0
#include "rpc/alert_stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "nezuban/v1/alert.pb.h"
#include "rpc/envelope.h"
#include "rpc/subscriber.h"

namespace nezuban::rpc {
namespace {

// A round is bounded so that subscribers see the first alerts of a burst before its end.
constexpr std::size_t kRoundAlerts = 256;

// What an alert takes in the inbox, near enough to bound it.
std::size_t ApproximateBytes(const alert::Alert& alert) {
  std::size_t bytes = sizeof(alert) + alert.message.size() + alert.rule.size() + alert.id.size() +
                      alert.container_id.size() + alert.origin.size();
  for (const auto& [name, value] : alert.fields) {
    bytes += sizeof(std::string) + sizeof(alert::FieldValue) + name.size();
    if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
      for (const std::string& text : *list) bytes += sizeof(std::string) + text.size();
    }
  }
  for (const alert::Ancestor& ancestor : alert.ancestors) {
    bytes += sizeof(ancestor) + ancestor.name.size() + ancestor.exe_path.size();
  }
  return bytes;
}

std::int64_t WallClockNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct AlertStream::Round {
  std::vector<Inbox::Entry> taken;
  std::vector<Item> items;
  Subscribers subscribers;  // a copy, so that no lock is held while alerts are handed out
  std::uint64_t version = 0;
  std::uint64_t published = 0;
  Clock::time_point next_beat = Clock::time_point::max();  // the earliest of all subscribers'
  v1::Alert scratch;
};

AlertStream::AlertStream(const StreamOptions& options, std::function<NodeTotals()> totals)
    : options_(options),
      totals_(std::move(totals)),
      inbox_(options.inbox_alerts, options.inbox_bytes),
      worker_([this] { Run(); }) {}

AlertStream::~AlertStream() {
  Drain();
  CHECK(subscribers_.empty());
}

void AlertStream::Publish(std::shared_ptr<const alert::Alert> alert) noexcept {
  const std::size_t bytes = ApproximateBytes(*alert);
  const std::int64_t time_ns = alert->time_ns;
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    ++published_;
    was_empty = inbox_.empty();
    if (stopping_ || !inbox_.Push(std::move(alert), bytes, time_ns, LossReason::kNodeBusy)) {
      ++dropped_;
    }
  }
  if (was_empty) wake_.notify_one();
}

std::uint64_t AlertStream::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

AddResult AlertStream::Add(std::shared_ptr<Subscriber> subscriber) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return AddResult::kStopping;
    if (subscribers_.size() >= options_.max_subscribers) return AddResult::kTooMany;
    subscribers_.push_back(std::move(subscriber));
    ++version_;
  }
  wake_.notify_one();
  return AddResult::kAdded;
}

void AlertStream::Remove(const Subscriber* subscriber) {
  std::shared_ptr<Subscriber> removed;  // outlives the lock: its destructor is not cheap
  {
    std::lock_guard lock(mutex_);
    const auto at = std::find_if(subscribers_.begin(), subscribers_.end(),
                                 [&](const auto& each) { return each.get() == subscriber; });
    CHECK(at != subscribers_.end());
    removed = std::move(*at);
    *at = std::move(subscribers_.back());
    subscribers_.pop_back();
    ++version_;
    // Under the lock: WaitUntilEmpty's caller may destroy the stream as soon as it gets it.
    if (subscribers_.empty()) empty_.notify_all();
    wake_.notify_one();
  }
}

void AlertStream::Drain() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (worker_.joinable()) worker_.join();
}

void AlertStream::WaitUntilEmpty() {
  std::unique_lock lock(mutex_);
  empty_.wait(lock, [&] { return subscribers_.empty(); });
}

StreamCounters AlertStream::counters() const {
  std::lock_guard lock(mutex_);
  return {static_cast<std::uint32_t>(subscribers_.size()), published_, dropped_,
          subscriber_drops_.load()};
}

void AlertStream::Run() {
  Round round;
  while (NextRound(round)) {
    SendHeartbeats(round);  // first: a new subscriber is told where its stream begins
    Encode(round);
    for (const auto& subscriber : round.subscribers) subscriber->Offer(round.items);
    round.items.clear();
    round.taken.clear();
    KeepWithinMemory(round.subscribers);
  }
  for (const auto& subscriber : round.subscribers) subscriber->Drain();
}

// Waits for something to do and takes it. False once the stream is stopping and the inbox is empty;
// `round.subscribers` is up to date then too.
bool AlertStream::NextRound(Round& round) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return stopping_ || !inbox_.empty() || version_ != round.version; };
  if (round.next_beat == Clock::time_point::max()) {
    wake_.wait(lock, ready);
  } else {
    wake_.wait_until(lock, round.next_beat, ready);
  }
  if (version_ != round.version) {
    round.subscribers = subscribers_;
    round.version = version_;
  }
  round.published = published_;
  while (!inbox_.empty() && round.taken.size() < kRoundAlerts) {
    round.taken.push_back(std::move(*inbox_.Pop()));
  }
  return !stopping_ || !round.taken.empty();
}

void AlertStream::Encode(Round& round) {
  if (round.subscribers.empty()) return;
  for (const Inbox::Entry& entry : round.taken) {
    if (const auto* loss = std::get_if<Loss>(&entry)) {
      round.items.emplace_back(*loss);
      continue;
    }
    const alert::Alert& alert = *std::get<std::shared_ptr<const alert::Alert>>(entry);
    auto encoded = std::make_shared<const EncodedAlert>(alert, live_bytes_, round.scratch);
    if (encoded->bytes.size() <= options_.max_alert_bytes) {
      round.items.emplace_back(std::move(encoded));
    } else {
      round.items.emplace_back(Loss{1, alert.time_ns, alert.time_ns, LossReason::kAlertTooLarge});
    }
  }
}

void AlertStream::SendHeartbeats(Round& round) {
  const Clock::time_point now = Clock::now();
  std::optional<Heartbeat> heartbeat;
  round.next_beat = Clock::time_point::max();
  for (const auto& subscriber : round.subscribers) {
    if (subscriber->next_beat <= now) {
      if (!heartbeat) heartbeat = Heartbeat{WallClockNs(), {}, totals_(), round.published};
      subscriber->Beat(*heartbeat);
      subscriber->next_beat = now + subscriber->heartbeat_interval();
    }
    round.next_beat = std::min(round.next_beat, subscriber->next_beat);
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
