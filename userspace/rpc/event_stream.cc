// SPDX-License-Identifier: Apache-2.0
#include "rpc/event_stream.h"

#include <grpc/support/time.h>

#include <cstdint>
#include <utility>

#include "rpc/admin_to_proto.h"
#include "rpc/refusal.h"

namespace nezuban::rpc {
namespace {

constexpr std::int64_t kPauseMs = 50;
constexpr std::chrono::seconds kCountsEvery{1};

}  // namespace

void EventStream::Begin(std::shared_ptr<EventWatch> watch) {
  watch_ = std::move(watch);
  Next();
}

void EventStream::OnWriteDone(bool ok) {
  if (!ok) cancelled_ = true;
  WaitAndWrite();
}

void EventStream::WaitAndWrite() {
  // By the monotonic clock: the node's time may be set back meanwhile.
  const gpr_timespec at =
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(kPauseMs, GPR_TIMESPAN));
  alarm_.emplace().Set(at, [this](bool) { Next(); });
}

// Nothing may follow what starts an operation: its end may come, and this be gone, at once.
void EventStream::Next() {
  if (cancelled_) {
    watch_->Close();
    return Finish({grpc::StatusCode::CANCELLED, "cancelled"});
  }
  if (watch_->closed()) return Finish(TryLater("the monitor is stopping"));
  const std::vector<WatchedEvent> events = watch_->Take();
  const Clock::time_point now = Clock::now();
  if (events.empty() && now < next_counts_) return WaitAndWrite();
  next_counts_ = now + kCountsEvery;
  message_.Clear();
  ToProto(events, watch_->counts(), message_);
  StartWrite(&message_);
}

}  // namespace nezuban::rpc
