// SPDX-License-Identifier: Apache-2.0
// One open Subscribe stream: its place in the store, its queue, its counters and its turn to write.
// For rpc/'s own .cc files only: it includes gRPC.
//
// A live subscriber is offered each alert once, by the stream's worker. One that is behind (it
// started in the past, or reads more slowly than alerts come) ignores those and is fed from the
// store, a page at a time, until it has all that was offered meanwhile; then it is live again.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <variant>

#include "rpc/alert_stream.h"
#include "rpc/envelope.h"
#include "rpc/subscription.h"

namespace nezuban::rpc {

// gRPC allows one operation at a time. Whoever sets busy_ (under the lock) owns the right to start
// the next one, and starts it after unlocking: gRPC is never called with the lock held. Finish
// keeps busy_ set for ever, so nothing can follow it. Thread-safe.
class Subscriber final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                         public std::enable_shared_from_this<Subscriber> {
 public:
  using Item = std::variant<EncodedAlertPtr, store::StoredGap>;

  // `stream` must outlive it, and owns it from AlertStream::Add to OnDone. It starts behind
  // `position`.
  Subscriber(AlertStream& stream, Subscription subscription, store::Cursor position);

  // The worker has offered everything up to `cursor` before it knew of this one. Once, by Add.
  void BeginAfter(store::Cursor cursor);
  // Queues what the subscription wants of `items`, which every live subscriber gets. The arena is
  // the calling thread's.
  void Offer(std::span<const Item> items, fields::Arena& arena);
  // The same for a page that was read for this one, behind position().
  void Feed(std::span<const Item> items, fields::Arena& arena);
  // Puts a heartbeat behind what is queued, unless one still waits there.
  void Beat(Heartbeat heartbeat);
  // Gives up the queue, to read it from the store again.
  void Shed();
  // Ends the stream, with UNAVAILABLE, once the queue has been written.
  void Drain();

  // Of what was queued or left out so far.
  store::Cursor position() const;
  // Bytes of queued alerts.
  std::size_t queued_bytes() const;
  // Of its condition; 0: it has none.
  std::size_t condition_cost() const {
    return subscription_.condition ? subscription_.condition->cost() : 0;
  }
  std::chrono::milliseconds heartbeat_interval() const { return subscription_.heartbeat; }
  // When the next heartbeat is due; for the stream's worker alone.
  std::chrono::steady_clock::time_point next_beat{};

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  enum class Next : std::uint8_t { kNothing, kWrite, kFinish };
  struct Slot {
    std::variant<EncodedAlertPtr, store::StoredGap, Heartbeat> entry;
    std::size_t bytes = 0;
    // To go back to if the queue is given up.
    store::Cursor before = 0;
    StreamTotals totals_before;
  };

  void TakeLocked(const Item& item, fields::Arena& arena);
  bool IsFullLocked(const Item& item) const;
  void AskForPageLocked();
  Next TakeTurnLocked();
  grpc::ByteBuffer NextMessageLocked();
  Slot PopLocked();
  void Act(Next next);

  AlertStream& stream_;
  const Subscription subscription_;

  mutable std::mutex mutex_;
  std::deque<Slot> queue_;
  std::size_t queued_bytes_ = 0;
  StreamTotals totals_;  // delivered: queued or sent
  store::Cursor position_;
  store::Cursor offered_ = 0;  // by the worker, while this one was behind
  bool live_ = false;
  bool page_asked_ = false;
  bool begun_ = false;         // the first heartbeat is queued
  bool beat_waiting_ = false;  // a heartbeat is queued
  bool busy_ = false;
  bool closed_ = false;  // the peer is gone
  bool draining_ = false;
  grpc::ByteBuffer outgoing_;  // gRPC reads it until OnWriteDone
};

}  // namespace nezuban::rpc
