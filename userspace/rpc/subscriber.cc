// SPDX-License-Identifier: Apache-2.0
#include "rpc/subscriber.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace nezuban::rpc {

Subscriber::Subscriber(AlertStream& stream, Subscription subscription)
    : stream_(stream),
      subscription_(std::move(subscription)),
      queue_(stream.options().queue_alerts, stream.options().queue_bytes) {}

void Subscriber::Offer(std::span<const Item> items) {
  std::uint64_t dropped = 0;
  Next next = Next::kNothing;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || draining_) return;
    const std::uint64_t dropped_before = totals_.dropped;
    for (const Item& item : items) {
      if (const auto* loss = std::get_if<Loss>(&item)) {
        totals_.seen += loss->count;
        totals_.dropped += loss->count;
        queue_.AddLoss(*loss);
      } else {
        OfferLocked(std::get<EncodedAlertPtr>(item));
      }
    }
    dropped = totals_.dropped - dropped_before;
    next = TakeTurnLocked();
  }
  if (dropped > 0) stream_.CountSubscriberDrops(dropped);
  Act(next);
}

void Subscriber::OfferLocked(const EncodedAlertPtr& alert) {
  ++totals_.seen;
  if (!subscription_.Wants(alert->priority, alert->rule)) {
    ++totals_.filtered;
  } else if (queue_.Push(alert, alert->bytes.size(), alert->time_ns, LossReason::kSubscriberSlow)) {
    ++totals_.delivered;
  } else {
    ++totals_.dropped;
  }
}

void Subscriber::Beat(Heartbeat heartbeat) {
  Next next = Next::kNothing;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || draining_) return;
    // What is queued is before the heartbeat in the stream, so it counts as delivered there.
    heartbeat.stream = totals_;
    queue_.PushMarker(heartbeat);
    next = TakeTurnLocked();
  }
  Act(next);
}

void Subscriber::Shed() {
  std::lock_guard lock(mutex_);
  const std::uint64_t shed = queue_.Shed(LossReason::kMemoryLimit);
  totals_.delivered -= shed;
  totals_.dropped += shed;
  stream_.CountSubscriberDrops(shed);
}

void Subscriber::Drain() {
  Next next = Next::kNothing;
  {
    std::lock_guard lock(mutex_);
    draining_ = true;
    next = TakeTurnLocked();
  }
  Act(next);
}

std::size_t Subscriber::queued_bytes() const {
  std::lock_guard lock(mutex_);
  return queue_.bytes();
}

void Subscriber::OnWriteDone(bool ok) {
  Next next = Next::kNothing;
  {
    std::lock_guard lock(mutex_);
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
    std::lock_guard lock(mutex_);
    closed_ = true;
    next = TakeTurnLocked();
  }
  Act(next);
}

void Subscriber::OnDone() { stream_.Remove(this); }

// Decides what is to be started next, if it is free to; the caller must Act on it.
Subscriber::Next Subscriber::TakeTurnLocked() {
  if (closed_) queue_.Clear();  // at once: the stream may take a while to end
  if (busy_) return Next::kNothing;
  if (closed_ || (draining_ && queue_.empty())) {
    busy_ = true;
    return Next::kFinish;
  }
  if (queue_.empty()) return Next::kNothing;
  busy_ = true;
  outgoing_ = NextMessageLocked();
  return Next::kWrite;
}

// What waits goes out together, so a burst costs few messages and a lone alert never waits.
grpc::ByteBuffer Subscriber::NextMessageLocked() {
  if (const auto* loss = std::get_if<Loss>(queue_.front())) {
    const Loss told = *loss;
    queue_.Pop();
    return GapMessage(told);
  }
  if (const auto* heartbeat = std::get_if<Heartbeat>(queue_.front())) {
    const Heartbeat told = *heartbeat;
    queue_.Pop();
    return HeartbeatMessage(told);
  }
  const StreamOptions& options = stream_.options();
  std::vector<EncodedAlertPtr> batch;
  std::size_t bytes = 0;
  while (batch.size() < options.batch_alerts && bytes < options.batch_bytes &&
         queue_.front() != nullptr && std::holds_alternative<EncodedAlertPtr>(*queue_.front())) {
    batch.push_back(std::get<EncodedAlertPtr>(*queue_.Pop()));
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
