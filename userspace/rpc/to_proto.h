// SPDX-License-Identifier: Apache-2.0
// Our structs to messages of nezuban.v1 and back. What a peer sent is never trusted to be in range.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "alert/alert.h"
#include "rpc/loss.h"
#include "rpc/node_status.h"

namespace google::protobuf {
class Timestamp;
}
namespace nezuban::v1 {
class Alert;
class Gap;
class GetStatusResponse;
class Heartbeat;
}  // namespace nezuban::v1

namespace nezuban::rpc {

// Nanoseconds since the epoch. Out of range either way becomes the nearest that fits.
void ToProto(std::int64_t time_ns, google::protobuf::Timestamp& out);
std::int64_t FromProto(const google::protobuf::Timestamp& time);

// False if `priority` is none of nezuban.v1.Priority's (0, unspecified, included).
bool FromProto(int priority, alert::Priority& out);
int ToProto(alert::Priority priority);

// `out` is empty or cleared. Text is made valid UTF-8: other languages' clients refuse a message
// with any that is not, and a hostile file name must not end a stream.
void ToProto(const alert::Alert& alert, v1::Alert& out);
alert::Alert FromProto(const v1::Alert& alert);

void ToProto(const Loss& loss, v1::Gap& out);
Loss FromProto(const v1::Gap& gap);
void ToProto(const Heartbeat& heartbeat, v1::Heartbeat& out);
Heartbeat FromProto(const v1::Heartbeat& heartbeat);
void ToProto(const NodeStatus& status, v1::GetStatusResponse& out);
NodeStatus FromProto(const v1::GetStatusResponse& status);

// `text` with U+FFFD for each byte that is not part of a valid sequence (RFC 3629).
std::string ValidUtf8(std::string_view text);

}  // namespace nezuban::rpc
