// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include "fields/convert.h"
#include "fields/event_facts.h"
#include "fields/fd.h"
#include "fields/tables.h"

namespace nezuban::fields {

namespace {

SocketRole RoleOf(const FieldContext& c) {
  const auto role = FactsOf(c).role;
  return role == nullptr ? SocketRole::kUnknown : role(c);
}

Value UnixName(const FieldContext& c) {
  const auto name = FactsOf(c).socket_name;
  return name == nullptr ? Value(Absent{}) : name(c);
}

}  // namespace

const endpoints* EventSocket(const FieldContext& context) {
  const auto socket = FactsOf(context).socket;
  return socket == nullptr ? nullptr : socket(context);
}

Value EventFd(const FieldContext& context) {
  const auto fd = FactsOf(context).fd;
  return fd == nullptr ? Value(Absent{}) : fd(context);
}

Value FdName(const FieldContext& context) {
  const endpoints* ends = EventSocket(context);
  if (ends == nullptr) return Absent{};
  if (ends->family == AF_UNIX) return UnixName(context);
  return SocketName(*ends, RoleOf(context) == SocketRole::kServer, context.arena);
}

Value LocalName(const FieldContext& context) {
  const endpoints* ends = EventSocket(context);
  if (ends == nullptr) return Absent{};
  if (ends->family == AF_UNIX) return UnixName(context);
  return EndName(*ends, ends->local_addr, ends->local_port, context.arena);
}

Value RemoteName(const FieldContext& context) {
  const endpoints* ends = EventSocket(context);
  if (ends == nullptr) return Absent{};
  if (ends->family == AF_UNIX) return UnixName(context);
  return EndName(*ends, ends->remote_addr, ends->remote_port, context.arena);
}

namespace {

// The socket's value by `of`, Absent on events without one.
template <typename Of>
Value OfSocket(const FieldContext& c, Of of) {
  const endpoints* ends = EventSocket(c);
  return ends == nullptr ? Value(Absent{}) : of(*ends);
}

// One end of the socket, by the role of who holds it.
template <typename OfClient, typename OfServer>
Value OfRole(const FieldContext& c, OfClient of_client, OfServer of_server) {
  const endpoints* ends = EventSocket(c);
  if (ends == nullptr || !IsInet(*ends)) return Absent{};
  switch (RoleOf(c)) {
    case SocketRole::kClient:
      return of_client(*ends);
    case SocketRole::kServer:
      return of_server(*ends);
    case SocketRole::kNone:
      return Absent{};
    case SocketRole::kUnknown:
      break;
  }
  return Unknown{};
}

template <typename Of1, typename Of2>
Value Both(const FieldContext& c, Of1 local, Of2 remote) {
  const endpoints* ends = EventSocket(c);
  if (ends == nullptr || !IsInet(*ends)) return Absent{};
  const std::span<Value> both = c.arena.Values(2);
  both[0] = local(*ends);
  both[1] = remote(*ends);
  return ValueList{both.data(), both.size()};
}

Value TypeChar(const endpoints& ends) {
  const std::string_view type = SocketType(ends);
  return type == "ipv4" ? "4" : type == "ipv6" ? "6" : type == "unix" ? "u" : "o";
}

// Whether the event gave the descriptor the name it has now.
Value NameChanged(const FieldContext& c) {
  if ((kEventsWithFd >> c.header().type & 1) == 0) return Absent{};
  const auto changed = FactsOf(c).name_changed;
  return changed == nullptr ? Value(false) : changed(c);
}

Value Connected(const FieldContext& c) {
  if (c.event.event.As<connect_record>() != nullptr) {
    const Value result = EventResult(c);
    const auto* n = std::get_if<std::int64_t>(&result);
    return n == nullptr ? result : Value(*n == 0);
  }
  constexpr std::uint8_t kEstablished = 1;
  return OfSocket(c, [](const endpoints& e) -> Value { return e.state == kEstablished; });
}

constexpr FieldDef kFields[] = {
    {.name = "fd.num",
     .type = Type::kInt,
     .events = kEventsWithFd,
     .doc = "Number of the descriptor the event is about; for dup the old one.",
     .get = [](const FieldContext& c, const Argument&) { return EventFd(c); }},
    {.name = "fd.name",
     .events = kEventsWithFd,
     .doc = "For an IP socket `client:port->server:port`, for a unix socket its name.",
     .get = [](const FieldContext& c, const Argument&) { return FdName(c); }},
    {.name = "fd.type",
     .events = kEventsWithFd,
     .doc = "Kind of descriptor: ipv4, ipv6, unix, or <NA>.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfSocket(c, [](const endpoints& e) -> Value { return SocketType(e); });
         }},
    {.name = "fd.typechar",
     .events = kEventsWithFd,
     .doc = "Kind of descriptor in one character: 4, 6, u, or o for others.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, TypeChar); }},
    {.name = "fd.sockfamily",
     .events = kEventsWithFd,
     .doc = "ip or unix; absent for other sockets.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, SocketFamily); }},
    {.name = "fd.l4proto",
     .events = kEventsWithFd,
     .doc = "tcp, udp, icmp, raw, or the text <NA> for anything that is not an IP socket.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfSocket(c, [](const endpoints& e) -> Value { return L4Proto(e); });
         }},
    {.name = "fd.connected",
     .type = Type::kBool,
     .events = kEventsWithFd,
     .doc = "The socket is connected; false while a connect is still in progress.",
     .get = [](const FieldContext& c, const Argument&) { return Connected(c); }},
    {.name = "fd.name_changed",
     .type = Type::kBool,
     .events = kEventsWithFd,
     .doc = "The event gave the descriptor its name or a new one: it made it, bound it, gave it "
            "another peer.",
     .get = [](const FieldContext& c, const Argument&) { return NameChanged(c); }},
    {.name = "fd.is_server",
     .type = Type::kBool,
     .events = kEventsWithFd,
     .doc = "The process holds the server's end; false for the caller of connect.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfRole(
               c, [](const endpoints&) -> Value { return false; },
               [](const endpoints&) -> Value { return true; });
         }},
    {.name = "fd.ino",
     .type = Type::kInt,
     .events = kEventsWithFd,
     .doc = "Inode number of the socket.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfSocket(
               c, [](const endpoints& e) -> Value { return static_cast<std::int64_t>(e.ino); });
         }},
    {.name = "fd.lip",
     .type = Type::kIp,
     .events = kEventsWithFd,
     .doc = "Local address.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, LocalIp); }},
    {.name = "fd.rip",
     .type = Type::kIp,
     .events = kEventsWithFd,
     .doc = "Remote address.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, RemoteIp); }},
    {.name = "fd.cip",
     .type = Type::kIp,
     .events = kEventsWithFd,
     .doc = "Address of the client; not known for dup.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, LocalIp, RemoteIp); }},
    {.name = "fd.sip",
     .type = Type::kIp,
     .events = kEventsWithFd,
     .doc = "Address of the server; not known for dup.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, RemoteIp, LocalIp); }},
    {.name = "fd.ip",
     .type = Type::kIp,
     .several = Several::kEitherEnd,
     .events = kEventsWithFd,
     .doc = "Address of either end; != is true if both differ.",
     .get = [](const FieldContext& c, const Argument&) { return Both(c, LocalIp, RemoteIp); }},
    {.name = "fd.lnet",
     .type = Type::kNet,
     .events = kEventsWithFd,
     .doc = "Local address, compared with networks (10.0.0.0/8).",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, LocalIp); }},
    {.name = "fd.rnet",
     .type = Type::kNet,
     .events = kEventsWithFd,
     .doc = "Remote address, compared with networks.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, RemoteIp); }},
    {.name = "fd.cnet",
     .type = Type::kNet,
     .events = kEventsWithFd,
     .doc = "Address of the client, compared with networks.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, LocalIp, RemoteIp); }},
    {.name = "fd.snet",
     .type = Type::kNet,
     .events = kEventsWithFd,
     .doc = "Address of the server, compared with networks.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, RemoteIp, LocalIp); }},
    {.name = "fd.net",
     .type = Type::kNet,
     .several = Several::kEitherEnd,
     .events = kEventsWithFd,
     .doc = "Address of either end, compared with networks; != is true if both lie outside.",
     .get = [](const FieldContext& c, const Argument&) { return Both(c, LocalIp, RemoteIp); }},
    {.name = "fd.lport",
     .type = Type::kPort,
     .events = kEventsWithFd,
     .doc = "Local port.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, LocalPort); }},
    {.name = "fd.rport",
     .type = Type::kPort,
     .events = kEventsWithFd,
     .doc = "Remote port.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, RemotePort); }},
    {.name = "fd.cport",
     .type = Type::kPort,
     .events = kEventsWithFd,
     .doc = "Port of the client; not known for dup.",
     .get = [](const FieldContext& c,
               const Argument&) { return OfRole(c, LocalPort, RemotePort); }},
    {.name = "fd.sport",
     .type = Type::kPort,
     .events = kEventsWithFd,
     .doc = "Port of the server; not known for dup.",
     .get = [](const FieldContext& c,
               const Argument&) { return OfRole(c, RemotePort, LocalPort); }},
    {.name = "fd.port",
     .type = Type::kPort,
     .several = Several::kEitherEnd,
     .events = kEventsWithFd,
     .doc = "Port of either end; != is true if both differ.",
     .get = [](const FieldContext& c, const Argument&) { return Both(c, LocalPort, RemotePort); }},
};

}  // namespace

std::span<const FieldDef> FdFields() { return kFields; }

}  // namespace nezuban::fields
