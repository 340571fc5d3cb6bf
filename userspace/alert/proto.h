// SPDX-License-Identifier: Apache-2.0
// Alerts to messages of nezuban.v1 and back. What a peer or a disk gave is never trusted to be in
// range.
#pragma once

#include <cstdint>
#include <string_view>

#include "alert/alert.h"
#include "base/result.h"

namespace google::protobuf {
class Timestamp;
}
namespace nezuban::v1 {
class Alert;
class Field;
}  // namespace nezuban::v1

namespace nezuban::alert {

// Nanoseconds since the epoch. Out of range either way becomes the nearest that fits.
void ToProto(std::int64_t time_ns, google::protobuf::Timestamp& out);
std::int64_t FromProto(const google::protobuf::Timestamp& time);

// False if `priority` is none of nezuban.v1.Priority's (0, unspecified, included).
bool FromProto(int priority, Priority& out);
int ToProto(Priority priority);

// The value of a field; its name is left alone.
void ToProto(const FieldValue& value, v1::Field& out);
FieldValue FromProto(const v1::Field& field);

// `out` is empty or cleared. Text is made valid UTF-8: other languages' clients refuse a message
// with any that is not, and a hostile file name must not end a stream.
void ToProto(const Alert& alert, v1::Alert& out);
// An unknown priority becomes Debug: what a later version made is still told.
Alert FromProto(const v1::Alert& alert);

// The same from a serialised nezuban.v1.Alert. Error: it is none.
Result<Alert> ParseAlert(std::string_view bytes);

}  // namespace nezuban::alert
