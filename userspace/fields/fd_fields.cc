// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/stat.h>

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

const file_ref* EventFile(const FieldContext& context) {
  const auto file = FactsOf(context).file;
  return file == nullptr ? nullptr : file(context);
}

Value EventFd(const FieldContext& context) {
  const auto fd = FactsOf(context).fd;
  return fd == nullptr ? Value(Absent{}) : fd(context);
}

Value FdName(const FieldContext& context) {
  const endpoints* ends = EventSocket(context);
  if (ends == nullptr) {
    const auto file_name = FactsOf(context).file_name;
    return file_name == nullptr ? Value(Absent{}) : file_name(context);
  }
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

// A file that could not be opened may have been of any kind.
Value FdType(const FieldContext& c) {
  if (const endpoints* ends = EventSocket(c)) return SocketType(*ends);
  const file_ref* file = EventFile(c);
  if (file == nullptr || file->ino == 0) return Absent{};
  return S_ISDIR(file->mode) ? "directory" : S_ISFIFO(file->mode) ? "pipe" : "file";
}

Value FdTypeChar(const FieldContext& c) {
  if (const endpoints* ends = EventSocket(c)) return TypeChar(*ends);
  const file_ref* file = EventFile(c);
  if (file == nullptr) return Absent{};
  return S_ISDIR(file->mode) ? "d" : S_ISFIFO(file->mode) ? "p" : "f";
}

Value FdInode(const FieldContext& c) {
  const endpoints* ends = EventSocket(c);
  const file_ref* file = EventFile(c);
  const std::uint64_t ino = ends != nullptr ? ends->ino : file != nullptr ? file->ino : 0;
  return ino == 0 ? Value(Absent{}) : Value(static_cast<std::int64_t>(ino));
}

Value Connected(const FieldContext& c) {
  if (c.event.event.As<connect_record>() != nullptr) {
    const Value result = EventResult(c);
    const auto* n = std::get_if<std::int64_t>(&result);
    return n == nullptr ? result : Value(*n == 0);
  }
  if (EventFile(c) != nullptr) return false;
  constexpr std::uint8_t kEstablished = 1;
  return OfSocket(c, [](const endpoints& e) -> Value { return e.state == kEstablished; });
}

Value AsText(const FieldContext& c, const Value& port) {
  const auto* n = std::get_if<std::int64_t>(&port);
  return n == nullptr ? port : Value(c.arena.Number(*n));
}

Value EitherPortAsText(const FieldContext& c) {
  const endpoints* ends = EventSocket(c);
  if (ends == nullptr || !IsInet(*ends)) return Absent{};
  const std::span<Value> both = c.arena.Values(2);
  both[0] = AsText(c, LocalPort(*ends));
  both[1] = AsText(c, RemotePort(*ends));
  return ValueList{both.data(), both.size()};
}

// The thread and the number of its descriptor, one after the other.
Value Uid(const FieldContext& c) {
  const Value fd = EventFd(c);
  const auto* n = std::get_if<std::int64_t>(&fd);
  if (n == nullptr) return fd;
  return c.arena.Concat({c.arena.Number(c.header().tid), c.arena.Number(*n)});
}

constexpr FieldDef kFields[] = {
    {.name = "fd.uid",
     .events = kEventsWithFd,
     .doc = "thread.tid and fd.num, one after the other.",
     .get = [](const FieldContext& c, const Argument&) { return Uid(c); }},
    {.name = "fd.containername",
     .events = kEventsWithFd,
     .doc = "container.id and fd.name, with a colon between them.",
     .get = [](const FieldContext& c, const Argument&) { return InContainer(c, FdName(c)); }},
    {.name = "fd.lproto",
     .events = kEventsWithFd,
     .doc = "Local port as text.",
     .get = [](const FieldContext& c,
               const Argument&) { return AsText(c, OfSocket(c, LocalPort)); }},
    {.name = "fd.rproto",
     .events = kEventsWithFd,
     .doc = "Remote port as text.",
     .get = [](const FieldContext& c,
               const Argument&) { return AsText(c, OfSocket(c, RemotePort)); }},
    {.name = "fd.cproto",
     .events = kEventsWithFd,
     .doc = "Port of the client as text.",
     .get = [](const FieldContext& c,
               const Argument&) { return AsText(c, OfRole(c, LocalPort, RemotePort)); }},
    {.name = "fd.sproto",
     .events = kEventsWithFd,
     .doc = "Port of the server as text.",
     .get = [](const FieldContext& c,
               const Argument&) { return AsText(c, OfRole(c, RemotePort, LocalPort)); }},
    {.name = "fd.proto",
     .several = Several::kEitherEnd,
     .events = kEventsWithFd,
     .doc = "Port of either end as text; != is true if both differ.",
     .get = [](const FieldContext& c, const Argument&) { return EitherPortAsText(c); }},
    {.name = "fd.num",
     .type = Type::kInt,
     .events = kEventsWithFd,
     .doc = "Number of the descriptor the event is about; for dup the old one.",
     .get = [](const FieldContext& c, const Argument&) { return EventFd(c); }},
    {.name = "fd.name",
     .events = kEventsWithFd,
     .doc = "Of an IP socket `client:port->server:port`, of a unix socket its name, of a file its "
            "path.",
     .get = [](const FieldContext& c, const Argument&) { return FdName(c); }},
    {.name = "fd.type",
     .events = kEventsWithFd,
     .doc = "Kind of descriptor: file, directory, pipe, ipv4, ipv6, unix, or <NA>.",
     .get = [](const FieldContext& c, const Argument&) { return FdType(c); }},
    {.name = "fd.typechar",
     .events = kEventsWithFd,
     .doc = "Kind of descriptor in one character: f, d, p, 4, 6, u, or o for others.",
     .get = [](const FieldContext& c, const Argument&) { return FdTypeChar(c); }},
    {.name = "fd.sockfamily",
     .events = kEventsWithSocket,
     .doc = "ip or unix; absent for other sockets.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, SocketFamily); }},
    {.name = "fd.l4proto",
     .events = kEventsWithFd,
     .doc = "tcp, udp, icmp, raw, or the text <NA> for anything that is not an IP socket.",
     .get =
         [](const FieldContext& c, const Argument&) {
           if (EventFile(c) != nullptr) return Value("<NA>");
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
     .events = kEventsWithSocket,
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
     .doc = "Inode number of the socket or file.",
     .get = [](const FieldContext& c, const Argument&) { return FdInode(c); }},
    {.name = "fd.lip",
     .type = Type::kIp,
     .events = kEventsWithSocket,
     .doc = "Local address.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, LocalIp); }},
    {.name = "fd.rip",
     .type = Type::kIp,
     .events = kEventsWithSocket,
     .doc = "Remote address.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, RemoteIp); }},
    {.name = "fd.cip",
     .type = Type::kIp,
     .events = kEventsWithSocket,
     .doc = "Address of the client; not known for dup.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, LocalIp, RemoteIp); }},
    {.name = "fd.sip",
     .type = Type::kIp,
     .events = kEventsWithSocket,
     .doc = "Address of the server; not known for dup.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, RemoteIp, LocalIp); }},
    {.name = "fd.ip",
     .type = Type::kIp,
     .several = Several::kEitherEnd,
     .events = kEventsWithSocket,
     .doc = "Address of either end; != is true if both differ.",
     .get = [](const FieldContext& c, const Argument&) { return Both(c, LocalIp, RemoteIp); }},
    {.name = "fd.lnet",
     .type = Type::kNet,
     .events = kEventsWithSocket,
     .doc = "Local address, compared with networks (10.0.0.0/8).",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, LocalIp); }},
    {.name = "fd.rnet",
     .type = Type::kNet,
     .events = kEventsWithSocket,
     .doc = "Remote address, compared with networks.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, RemoteIp); }},
    {.name = "fd.cnet",
     .type = Type::kNet,
     .events = kEventsWithSocket,
     .doc = "Address of the client, compared with networks.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, LocalIp, RemoteIp); }},
    {.name = "fd.snet",
     .type = Type::kNet,
     .events = kEventsWithSocket,
     .doc = "Address of the server, compared with networks.",
     .get = [](const FieldContext& c, const Argument&) { return OfRole(c, RemoteIp, LocalIp); }},
    {.name = "fd.net",
     .type = Type::kNet,
     .several = Several::kEitherEnd,
     .events = kEventsWithSocket,
     .doc = "Address of either end, compared with networks; != is true if both lie outside.",
     .get = [](const FieldContext& c, const Argument&) { return Both(c, LocalIp, RemoteIp); }},
    {.name = "fd.lport",
     .type = Type::kPort,
     .events = kEventsWithSocket,
     .doc = "Local port.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, LocalPort); }},
    {.name = "fd.rport",
     .type = Type::kPort,
     .events = kEventsWithSocket,
     .doc = "Remote port.",
     .get = [](const FieldContext& c, const Argument&) { return OfSocket(c, RemotePort); }},
    {.name = "fd.cport",
     .type = Type::kPort,
     .events = kEventsWithSocket,
     .doc = "Port of the client; not known for dup.",
     .get = [](const FieldContext& c,
               const Argument&) { return OfRole(c, LocalPort, RemotePort); }},
    {.name = "fd.sport",
     .type = Type::kPort,
     .events = kEventsWithSocket,
     .doc = "Port of the server; not known for dup.",
     .get = [](const FieldContext& c,
               const Argument&) { return OfRole(c, RemotePort, LocalPort); }},
    {.name = "fd.port",
     .type = Type::kPort,
     .several = Several::kEitherEnd,
     .events = kEventsWithSocket,
     .doc = "Port of either end; != is true if both differ.",
     .get = [](const FieldContext& c, const Argument&) { return Both(c, LocalPort, RemotePort); }},
};

}  // namespace

Value InContainer(const FieldContext& context, const Value& name) {
  const auto* text = std::get_if<Text>(&name);
  if (text == nullptr) return name;
  if (context.event.container == nullptr) return Unknown{};
  const std::string_view both =
      context.arena.Concat({context.event.container->id, ":", text->bytes});
  if (!text->truncated()) return both;
  return Text(both, Text::kTotalUnknown);
}

Value FileFd(const FieldContext& context) {
  const Value fd = EventFd(context);
  const auto* n = std::get_if<std::int64_t>(&fd);
  if (n == nullptr) return fd;
  if (*n < 0) return EventResultText(context);
  return context.arena.Concat({"<", ToString(FdTypeChar(context)), ">", ToString(FdName(context))});
}

std::span<const FieldDef> FdFields() { return kFields; }

}  // namespace nezuban::fields
