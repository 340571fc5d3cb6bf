// SPDX-License-Identifier: Apache-2.0
// Our structs to messages of nezuban.v1 and back. What a peer sent is never trusted to be in range.
#pragma once

#include "alert/proto.h"
#include "rpc/node_status.h"
#include "store/entry.h"

namespace nezuban::v1 {
class Gap;
class GetStatusResponse;
class Heartbeat;
}  // namespace nezuban::v1

namespace nezuban::rpc {

// Of alerts, priorities and times.
using alert::FromProto;
using alert::ToProto;

void ToProto(const store::StoredGap& gap, v1::Gap& out);
store::StoredGap FromProto(const v1::Gap& gap);
void ToProto(const Heartbeat& heartbeat, v1::Heartbeat& out);
Heartbeat FromProto(const v1::Heartbeat& heartbeat);
void ToProto(const NodeStatus& status, v1::GetStatusResponse& out);
NodeStatus FromProto(const v1::GetStatusResponse& status);

}  // namespace nezuban::rpc
