// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "fields/event_families.h"
#include "fields/fd.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event
constexpr std::uint8_t kDup = 1 << 0;
constexpr std::uint8_t kDup23 = 1 << 1 | 1 << 2;
constexpr std::uint8_t kFcntl = 1 << 3;
constexpr std::uint8_t kFirst = 1 << 0;
constexpr std::uint8_t kSecond = 1 << 1;

Value Number(std::int64_t n) { return n; }

template <typename Record>
const endpoints* Ends(const FieldContext& c) {
  return &As<Record>(c).ends;
}

template <typename Record>
Value Fd(const FieldContext& c) {
  return FdNumber(As<Record>(c).fd);
}

// Of the call that makes the descriptor: -1 where it failed.
template <typename Record>
Value NewFd(const FieldContext& c) {
  return As<Record>(c).result < 0 ? Value(std::int64_t{-1}) : Fd<Record>(c);
}

template <typename Record>
Value Path(const FieldContext& c) {
  return RecordText(c, &Record::path);
}

SocketRole Client(const FieldContext&) { return SocketRole::kClient; }
SocketRole Server(const FieldContext&) { return SocketRole::kServer; }
SocketRole NoRole(const FieldContext&) { return SocketRole::kNone; }

// The act succeeded.
Value Succeeded(const FieldContext& c) {
  const Value result = EventResult(c);
  const auto* n = std::get_if<std::int64_t>(&result);
  return n == nullptr ? result : Value(*n >= 0);
}

// The socket has a remote end now, or will have.
Value HasPeer(const FieldContext& c) {
  const Value result = EventResult(c);
  const auto* n = std::get_if<std::int64_t>(&result);
  return n == nullptr ? result : Value(*n >= 0 || *n == -EINPROGRESS);
}

Value PeerChanged(const FieldContext& c) { return As<message_record>(c).name_changed != 0; }

Value MessageSize(const FieldContext& c) {
  const std::uint32_t size = As<message_record>(c).size;
  return size == 0xffffffffU ? Value(Unknown{}) : Value(std::int64_t{size});
}

// A descriptor that was received: a socket, or else a file.
const endpoints* ReceivedSocket(const FieldContext& c) {
  const recvfd_record& received = As<recvfd_record>(c);
  return received.ends.family != 0 ? &received.ends : nullptr;
}
const file_ref* ReceivedFile(const FieldContext& c) {
  const recvfd_record& received = As<recvfd_record>(c);
  return received.ends.family == 0 && received.file.ino != 0 ? &received.file : nullptr;
}

constexpr std::uint32_t kTypeMask = 0xf;  // of SOCK_*; the rest are flags

Value QueuePercent(const FieldContext& c) {
  const accept_record& accept = As<accept_record>(c);
  if (accept.queue_max == 0) return std::int64_t{0};
  return std::int64_t{accept.queue_len} * 100 / accept.queue_max;
}

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
     .fd = Fd<connect_record>,
     .socket = Ends<connect_record>,
     .role = Client,
     .socket_name = Path<connect_record>,
     .name_changed = HasPeer},
    {.event = EVENT_SOCKET,
     .category = "net",
     .result = RecordResult<socket_record>,
     .fd = NewFd<socket_record>,
     .socket = Ends<socket_record>,
     .role = NoRole,
     .socket_name = [](const FieldContext&) -> Value { return ""; },
     .name_changed = Succeeded},
    {.event = EVENT_BIND,
     .category = "net",
     .result = RecordResult<bind_record>,
     .fd = Fd<bind_record>,
     .socket = Ends<bind_record>,
     .role = Server,
     .socket_name = Path<bind_record>,
     .name_changed = Succeeded},
    {.event = EVENT_LISTEN,
     .category = "net",
     .result = RecordResult<bind_record>,
     .fd = Fd<bind_record>,
     .socket = Ends<bind_record>,
     .role = Server,
     .socket_name = Path<bind_record>},
    {.event = EVENT_ACCEPT,
     .category = "net",
     .result = RecordResult<accept_record>,
     .fd = NewFd<accept_record>,
     .socket = Ends<accept_record>,
     .role = Server,
     .socket_name = Path<accept_record>,
     .name_changed = Succeeded},
    {.event = EVENT_SEND,
     .category = "net",
     .result = RecordResult<message_record>,
     .fd = Fd<message_record>,
     .socket = Ends<message_record>,
     .role = Client,
     .socket_name = Path<message_record>,
     .name_changed = PeerChanged},
    {.event = EVENT_RECV,
     .category = "net",
     .result = RecordResult<message_record>,
     .fd = Fd<message_record>,
     .socket = Ends<message_record>,
     .role = Server,
     .socket_name = Path<message_record>,
     .name_changed = PeerChanged},
    {.event = EVENT_RECVFD,
     .category = "ipc",
     .fd = Fd<recvfd_record>,
     .socket = ReceivedSocket,
     .socket_name = Path<recvfd_record>,
     .name_changed = [](const FieldContext&) -> Value { return true; },
     .file = ReceivedFile,
     .file_name = Path<recvfd_record>},
};

constexpr EventArg kArgs[] = {
    {EVENT_DUP, kAll, "res", EventResultText, EventResult},
    {EVENT_DUP, kDup | kFcntl, "fd", EventFd},
    {EVENT_DUP, kDup23, "oldfd", EventFd},
    {EVENT_DUP, kDup23, "newfd",
     [](const FieldContext& c) { return Number(As<dup_record>(c).new_fd); }},
    {EVENT_CONNECT, kAll, "res", EventResultText, EventResult},
    {EVENT_CONNECT, kAll, "tuple", FdName},
    {EVENT_CONNECT, kAll, "fd", EventFd},
    {EVENT_CONNECT, kAll, "addr", RemoteName},
    {EVENT_SOCKET, kSecond, "res", EventResultText, EventResult},
    {EVENT_SOCKET, kFirst, "fd", EventFd},
    {EVENT_SOCKET, kSecond, "fd1", EventFd},
    {EVENT_SOCKET, kSecond, "fd2",
     [](const FieldContext& c) { return FdNumber(As<socket_record>(c).peer_fd); }},
    {EVENT_SOCKET, kAll, "domain",
     [](const FieldContext& c) -> Value {
       return SocketDomain(As<socket_record>(c).domain, c.arena);
     },
     [](const FieldContext& c) { return Number(As<socket_record>(c).domain); }},
    {EVENT_SOCKET, kAll, "type",
     [](const FieldContext& c) { return Number(As<socket_record>(c).type & kTypeMask); }},
    {EVENT_SOCKET, kAll, "proto",
     [](const FieldContext& c) { return Number(As<socket_record>(c).protocol); }},
    {EVENT_SOCKET, kFirst, "flags",
     [](const FieldContext& c) -> Value { return SocketFlags(As<socket_record>(c).type, c.arena); },
     [](const FieldContext& c) { return Number(As<socket_record>(c).type & ~kTypeMask); }},
    {EVENT_BIND, kAll, "res", EventResultText, EventResult},
    {EVENT_BIND, kAll, "addr", LocalName},
    {EVENT_BIND, kAll, "fd", EventFd},
    {EVENT_LISTEN, kAll, "res", EventResultText, EventResult},
    {EVENT_LISTEN, kAll, "fd", EventFd},
    {EVENT_LISTEN, kAll, "backlog",
     [](const FieldContext& c) { return Number(As<bind_record>(c).backlog); }},
    {EVENT_ACCEPT, kAll, "fd", EventFd},
    {EVENT_ACCEPT, kAll, "tuple", FdName},
    {EVENT_ACCEPT, kAll, "queuepct", QueuePercent},
    {EVENT_ACCEPT, kAll, "queuelen",
     [](const FieldContext& c) { return Number(As<accept_record>(c).queue_len); }},
    {EVENT_ACCEPT, kAll, "queuemax",
     [](const FieldContext& c) { return Number(As<accept_record>(c).queue_max); }},
    {EVENT_ACCEPT, kSecond, "flags",
     [](const FieldContext& c) { return Number(As<accept_record>(c).flags); }},
    {EVENT_SEND, kAll, "res", EventResultText, EventResult},
    {EVENT_SEND, kAll, "fd", EventFd},
    {EVENT_SEND, kAll, "size", MessageSize},
    {EVENT_SEND, kAll, "tuple", FdName},
    {EVENT_RECV, kAll, "res", EventResultText, EventResult},
    {EVENT_RECV, kAll, "fd", EventFd},
    {EVENT_RECV, kAll, "size", MessageSize},
    {EVENT_RECV, kAll, "tuple", FdName},
    {EVENT_RECVFD, kAll, "fd", EventFd},
};

}  // namespace

EventFamily SocketEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
