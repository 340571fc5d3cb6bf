// SPDX-License-Identifier: Apache-2.0
#include "rpc/to_proto.h"

#include "nezuban/v1/alert_service.pb.h"

namespace nezuban::rpc {
namespace {

static_assert(static_cast<int>(LossReason::kSubscriberSlow) == v1::GAP_REASON_SUBSCRIBER_SLOW);
static_assert(static_cast<int>(LossReason::kMemoryLimit) == v1::GAP_REASON_MEMORY_LIMIT);
static_assert(static_cast<int>(LossReason::kNodeBusy) == v1::GAP_REASON_NODE_BUSY);
static_assert(static_cast<int>(LossReason::kAlertTooLarge) == v1::GAP_REASON_ALERT_TOO_LARGE);

}  // namespace

void ToProto(const Loss& loss, v1::Gap& out) {
  out.set_count(loss.count);
  ToProto(loss.first_ns, *out.mutable_first_time());
  ToProto(loss.last_ns, *out.mutable_last_time());
  out.set_reason(static_cast<v1::GapReason>(loss.reason));
}

Loss FromProto(const v1::Gap& gap) {
  Loss loss{gap.count(), FromProto(gap.first_time()), FromProto(gap.last_time()), {}};
  if (gap.reason() > 0 && gap.reason() <= v1::GAP_REASON_ALERT_TOO_LARGE) {
    loss.reason = static_cast<LossReason>(gap.reason());
  }
  return loss;
}

}  // namespace nezuban::rpc
