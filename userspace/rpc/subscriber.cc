// SPDX-License-Identifier: Apache-2.0
#include "rpc/subscriber.h"

#include <utility>
#include <vector>

namespace nezuban::rpc {
namespace {

store::Cursor LastCursor(const Subscriber::Item& item) {
  const auto* gap = std::get_if<store::StoredGap>(&item);
  return gap != nullptr ? gap->last : std::get<EncodedAlertPtr>(item)->stored.cursor;
}

}  // namespace

Subscriber::Subscriber(AlertStream& stream, Subscription subscription, store::Cursor position)
    : stream_(stream), subscription_(std::move(subscription)), position_(position) {}

void Subscriber::BeginAfter(store::Cursor cursor) {
  const std::lock_guard lock(mutex_);
  offered_ = cursor;
  live_ = position_ >= offered_;
}

void Subscriber::Offer(std::span<const Item> items, fields::Arena& arena) {
  std::uint64_t dropped = 0;
  Next next = Next::kNothing;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || draining_ || items.empty()) return;
    dropped = totals_.dropped;
    for (const Item& item : items) {
      if (live_ && IsFullLocked(item)) live_ = false;
      if (live_ && LastCursor(item) > position_) TakeLocked(item, arena);
    }
    offered_ = LastCursor(items.back());
    dropped = totals_.dropped - dropped;
    next = TakeTurnLocked();
  }
  if (dropped > 0) stream_.CountSubscriberDrops(dropped);
  Act(next);
}

void Subscriber::Feed(std::span<const Item> items, fields::Arena& arena) {
  std::uint64_t dropped = 0;
  Next next = Next::kNothing;
  {
    const std::lock_guard lock(mutex_);
    page_asked_ = false;
    if (closed_ || draining_) return;
    dropped = totals_.dropped;
    for (const Item& item : items) TakeLocked(item, arena);
    live_ = position_ >= offered_;
    dropped = totals_.dropped - dropped;
    next = TakeTurnLocked();
  }
  if (dropped > 0) stream_.CountSubscriberDrops(dropped);
  Act(next);
}

bool Subscriber::IsFullLocked(const Item& item) const {
  const auto* alert = std::get_if<EncodedAlertPtr>(&item);
  const std::size_t bytes = alert == nullptr ? 0 : (*alert)->bytes.size();
  return queue_.size() >= stream_.options().queue_alerts ||
         queued_bytes_ + bytes > stream_.options().queue_bytes;
}

void Subscriber::TakeLocked(const Item& item, fields::Arena& arena) {
  Slot slot{{}, 0, position_, totals_};
  position_ = LastCursor(item);
  if (const auto* gap = std::get_if<store::StoredGap>(&item)) {
    totals_.seen += gap->count;
    totals_.dropped += gap->count;
    slot.entry = *gap;
    queue_.push_back(std::move(slot));
    return;
  }
  const auto& alert = std::get<EncodedAlertPtr>(item);
  ++totals_.seen;
  if (!subscription_.Wants(
          alert->stored.priority, alert->stored.rule,
          [&]() -> const alert::Alert& { return alert->alert(); }, arena)) {
    ++totals_.filtered;
    return;
  }
  ++totals_.delivered;
  slot.entry = alert;
  slot.bytes = alert->bytes.size();
  queued_bytes_ += slot.bytes;
  queue_.push_back(std::move(slot));
}

void Subscriber::Beat(Heartbeat heartbeat) {
  Next next = Next::kNothing;
  {
    const std::lock_guard lock(mutex_);
    begun_ = true;
    if (closed_ || draining_ || beat_waiting_) return;
    // What is queued is before the heartbeat in the stream, so it counts as delivered there.
    heartbeat.stream = totals_;
    heartbeat.cursor = position_;
    queue_.push_back({std::move(heartbeat), 0, position_, totals_});
    beat_waiting_ = true;
    next = TakeTurnLocked();
  }
  Act(next);
}

void Subscriber::Shed() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return;
  position_ = queue_.front().before;
  totals_ = queue_.front().totals_before;
  queue_.clear();
  queued_bytes_ = 0;
  beat_waiting_ = false;
  live_ = false;
  // Who is writing asks for a page when that is done.
  if (!busy_) AskForPageLocked();
}

void Subscriber::Drain() {
  Next next = Next::kNothing;
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    next = TakeTurnLocked();
  }
  Act(next);
}

store::Cursor Subscriber::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

std::size_t Subscriber::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return queued_bytes_;
}

void Subscriber::OnWriteDone(bool ok) {
  Next next = Next::kNothing;
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    outgoing_.Clear();
    if (!ok) closed_ = true;
    next = TakeTurnLocked();
  }
  Act(next);
}

void Subscriber::OnCancel() {
  Next next = Next::kNothing;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    next = TakeTurnLocked();
  }
  Act(next);
}

void Subscriber::OnDone() { stream_.Remove(this); }

// Pages follow each other as they are read, so the queue of one that is behind holds one page.
void Subscriber::AskForPageLocked() {
  if (live_ || page_asked_ || !begun_ || closed_ || draining_ || !queue_.empty()) return;
  page_asked_ = true;
  stream_.AskForPage(shared_from_this());
}

// Decides what is to be started next, if it is free to; the caller must Act on it.
Subscriber::Next Subscriber::TakeTurnLocked() {
  if (closed_) {  // at once: the stream may take a while to end
    queue_.clear();
    queued_bytes_ = 0;
  }
  if (busy_) return Next::kNothing;
  if (closed_ || (draining_ && queue_.empty())) {
    busy_ = true;
    return Next::kFinish;
  }
  if (queue_.empty()) {
    AskForPageLocked();
    return Next::kNothing;
  }
  busy_ = true;
  outgoing_ = NextMessageLocked();
  return Next::kWrite;
}

Subscriber::Slot Subscriber::PopLocked() {
  Slot slot = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= slot.bytes;
  return slot;
}

// What waits goes out together, so a burst costs few messages and a lone alert never waits.
grpc::ByteBuffer Subscriber::NextMessageLocked() {
  if (std::holds_alternative<store::StoredGap>(queue_.front().entry)) {
    return GapMessage(std::get<store::StoredGap>(PopLocked().entry));
  }
  if (std::holds_alternative<Heartbeat>(queue_.front().entry)) {
    beat_waiting_ = false;
    return HeartbeatMessage(std::get<Heartbeat>(PopLocked().entry));
  }
  const StreamOptions& options = stream_.options();
  std::vector<EncodedAlertPtr> batch;
  std::size_t bytes = 0;
  while (batch.size() < options.batch_alerts && bytes < options.batch_bytes && !queue_.empty() &&
         std::holds_alternative<EncodedAlertPtr>(queue_.front().entry)) {
    batch.push_back(std::get<EncodedAlertPtr>(PopLocked().entry));
    bytes += batch.back()->bytes.size();
  }
  return BatchMessage(batch);
}

void Subscriber::Act(Next next) {
  if (next == Next::kWrite) {
    StartWrite(&outgoing_);
  } else if (next == Next::kFinish) {
    // A peer that is gone does not see which status it is.
    Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the monitor is stopping"));
  }
}

}  // namespace nezuban::rpc
