// SPDX-License-Identifier: Apache-2.0
// One open Subscribe stream: its queue, its counters and its turn to write. For rpc/'s own .cc
// files only: it includes gRPC.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <variant>

#include "rpc/alert_stream.h"
#include "rpc/envelope.h"
#include "rpc/gap_queue.h"
#include "rpc/subscription.h"

namespace nezuban::rpc {

// gRPC allows one operation at a time. Whoever sets busy_ (under the lock) owns the right to start
// the next one, and starts it after unlocking: gRPC is never called with the lock held. Finish
// keeps busy_ set for ever, so nothing can follow it. Thread-safe.
class Subscriber final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  using Item = std::variant<EncodedAlertPtr, Loss>;

  // `stream` must outlive it, and owns it from AlertStream::Add to OnDone.
  Subscriber(AlertStream& stream, Subscription subscription);

  // Queues what the subscription wants of `items`.
  void Offer(std::span<const Item> items);
  // Puts a heartbeat behind what is queued, unless one still waits there.
  void Beat(Heartbeat heartbeat);
  // Gives up the queue; the subscriber is told a gap instead.
  void Shed();
  // Ends the stream, with UNAVAILABLE, once the queue has been written.
  void Drain();

  // Bytes of queued alerts.
  std::size_t queued_bytes() const;
  std::chrono::milliseconds heartbeat_interval() const { return subscription_.heartbeat; }
  // When the next heartbeat is due; for the stream's worker alone.
  std::chrono::steady_clock::time_point next_beat{};

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  using Queue = GapQueue<EncodedAlertPtr, Heartbeat>;
  enum class Next : std::uint8_t { kNothing, kWrite, kFinish };

  void OfferLocked(const EncodedAlertPtr& alert);
  Next TakeTurnLocked();
  grpc::ByteBuffer NextMessageLocked();
  void Act(Next next);

  AlertStream& stream_;
  const Subscription subscription_;

  mutable std::mutex mutex_;
  Queue queue_;
  StreamTotals totals_;  // delivered: queued or sent
  bool busy_ = false;
  bool closed_ = false;  // the peer is gone
  bool draining_ = false;
  grpc::ByteBuffer outgoing_;  // gRPC reads it until OnWriteDone
};

}  // namespace nezuban::rpc
