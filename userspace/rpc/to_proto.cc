// SPDX-License-Identifier: Apache-2.0
#include "rpc/to_proto.h"

#include "nezuban/v1/alert_service.pb.h"

namespace nezuban::rpc {
namespace {

using store::GapReason;
static_assert(static_cast<int>(GapReason::kSubscriberSlow) == v1::GAP_REASON_SUBSCRIBER_SLOW);
static_assert(static_cast<int>(GapReason::kMemoryLimit) == v1::GAP_REASON_MEMORY_LIMIT);
static_assert(static_cast<int>(GapReason::kNodeBusy) == v1::GAP_REASON_NODE_BUSY);
static_assert(static_cast<int>(GapReason::kAlertTooLarge) == v1::GAP_REASON_ALERT_TOO_LARGE);
static_assert(static_cast<int>(GapReason::kRetention) == v1::GAP_REASON_RETENTION);
static_assert(static_cast<int>(GapReason::kStoreFault) == v1::GAP_REASON_STORE_FAULT);
static_assert(static_cast<int>(GapReason::kStoreDamaged) == v1::GAP_REASON_STORE_DAMAGED);
static_assert(static_cast<int>(GapReason::kRestart) == v1::GAP_REASON_RESTART);

}  // namespace

void ToProto(const store::StoredGap& gap, v1::Gap& out) {
  out.set_count(gap.count);
  ToProto(gap.first_ns, *out.mutable_first_time());
  ToProto(gap.last_ns, *out.mutable_last_time());
  out.set_reason(static_cast<v1::GapReason>(gap.reason));
  out.set_first_cursor(gap.first);
  out.set_last_cursor(gap.last);
}

store::StoredGap FromProto(const v1::Gap& gap) {
  store::StoredGap out{gap.first_cursor(),          gap.last_cursor(),          gap.count(),
                       FromProto(gap.first_time()), FromProto(gap.last_time()), {}};
  if (gap.reason() > 0 && gap.reason() <= v1::GAP_REASON_RESTART) {
    out.reason = static_cast<GapReason>(gap.reason());
  }
  return out;
}

}  // namespace nezuban::rpc
