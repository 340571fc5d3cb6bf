// SPDX-License-Identifier: Apache-2.0
#include "fields/event_families.h"
#include "fields/fd.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event
constexpr std::uint8_t kDup = 1 << 0;
constexpr std::uint8_t kDup23 = 1 << 1 | 1 << 2;
constexpr std::uint8_t kFcntl = 1 << 3;

Value Number(std::int64_t n) { return n; }

template <typename Record>
const endpoints* Ends(const FieldContext& c) {
  return &As<Record>(c).ends;
}

SocketRole Client(const FieldContext&) { return SocketRole::kClient; }

constexpr EventFacts kFacts[] = {
    {.event = EVENT_DUP,
     .category = "ipc",
     .result = [](const FieldContext& c) { return Number(As<dup_record>(c).new_fd); },
     .fd = [](const FieldContext& c) { return FdNumber(As<dup_record>(c).old_fd); },
     .socket = Ends<dup_record>,
     .socket_name = [](const FieldContext&) -> Value { return Unknown{}; }},
    {.event = EVENT_CONNECT,
     .category = "net",
     .result = RecordResult<connect_record>,
     .fd = [](const FieldContext& c) { return FdNumber(As<connect_record>(c).fd); },
     .socket = Ends<connect_record>,
     .role = Client,
     .socket_name = [](const FieldContext& c) { return RecordText(c, &connect_record::path); }},
};

constexpr EventArg kArgs[] = {
    {EVENT_DUP, kAll, "res", EventResultText},
    {EVENT_DUP, kDup | kFcntl, "fd", EventFd},
    {EVENT_DUP, kDup23, "oldfd", EventFd},
    {EVENT_DUP, kDup23, "newfd",
     [](const FieldContext& c) { return Number(As<dup_record>(c).new_fd); }},
    {EVENT_CONNECT, kAll, "res", EventResultText},
    {EVENT_CONNECT, kAll, "tuple", FdName},
    {EVENT_CONNECT, kAll, "fd", EventFd},
    {EVENT_CONNECT, kAll, "addr", RemoteName},
};

}  // namespace

EventFamily SocketEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
