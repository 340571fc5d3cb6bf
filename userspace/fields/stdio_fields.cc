// SPDX-License-Identifier: Apache-2.0
// What a process's standard streams were at its last execve.
#include <sys/socket.h>
#include <sys/stat.h>

#include "fields/convert.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using OfStream = Value (*)(const FieldContext&, const state::Stdio&);

template <int stream, OfStream of>
Value Get(const FieldContext& c, const Argument&) {
  if (!c.process().stdio_known) return Unknown{};
  return of(c, c.process().stdio[stream]);
}

Value StreamType(const FieldContext&, const state::Stdio& s) {
  switch (s.kind) {
    case STDIO_CLOSED:
      return Absent{};
    case STDIO_FILE:
      return S_ISDIR(s.file.mode) ? "directory" : "file";
    case STDIO_PIPE:
      return "pipe";
    case STDIO_SOCKET:
      return SocketType(s.ends);
    default:
      return "<NA>";
  }
}

Value StreamName(const FieldContext& c, const state::Stdio& s) {
  if (s.kind == STDIO_CLOSED) return Absent{};
  if (s.kind == STDIO_SOCKET && IsInet(s.ends)) return SocketName(s.ends, false, c.arena);
  return FromText(s.name);
}

// The socket's value by `of`; Absent for what is not a socket.
template <Value (*of)(const endpoints&)>
Value OfSocket(const FieldContext&, const state::Stdio& s) {
  return s.kind == STDIO_SOCKET ? of(s.ends) : Value(Absent{});
}

constexpr FieldDef Stream(std::string_view name, Type type, std::string_view doc,
                          decltype(FieldDef::get) get) {
  return {.name = name, .type = type, .doc = doc, .get = get};
}

constexpr std::string_view kType =
    "Kind of the stream at the last execve: file, directory, pipe, ipv4, ipv6, unix, <NA>.";
constexpr std::string_view kName =
    "Name of the stream at the last execve: a path, or both ends of a socket.";
constexpr std::string_view kFamily = "ip or unix if the stream is a socket. (Ours.)";
constexpr std::string_view kRip = "Remote address if the stream is an IP socket. (Ours.)";
constexpr std::string_view kRport = "Remote port if the stream is an IP socket. (Ours.)";
constexpr std::string_view kLip = "Local address if the stream is an IP socket. (Ours.)";
constexpr std::string_view kLport = "Local port if the stream is an IP socket. (Ours.)";

constexpr FieldDef kFields[] = {
    Stream("proc.stdin.type", Type::kText, kType, Get<0, StreamType>),
    Stream("proc.stdout.type", Type::kText, kType, Get<1, StreamType>),
    Stream("proc.stderr.type", Type::kText, kType, Get<2, StreamType>),
    Stream("proc.stdin.name", Type::kText, kName, Get<0, StreamName>),
    Stream("proc.stdout.name", Type::kText, kName, Get<1, StreamName>),
    Stream("proc.stderr.name", Type::kText, kName, Get<2, StreamName>),
    Stream("proc.stdin.sockfamily", Type::kText, kFamily, Get<0, OfSocket<SocketFamily>>),
    Stream("proc.stdout.sockfamily", Type::kText, kFamily, Get<1, OfSocket<SocketFamily>>),
    Stream("proc.stderr.sockfamily", Type::kText, kFamily, Get<2, OfSocket<SocketFamily>>),
    Stream("proc.stdin.rip", Type::kIp, kRip, Get<0, OfSocket<RemoteIp>>),
    Stream("proc.stdout.rip", Type::kIp, kRip, Get<1, OfSocket<RemoteIp>>),
    Stream("proc.stderr.rip", Type::kIp, kRip, Get<2, OfSocket<RemoteIp>>),
    Stream("proc.stdin.rport", Type::kPort, kRport, Get<0, OfSocket<RemotePort>>),
    Stream("proc.stdout.rport", Type::kPort, kRport, Get<1, OfSocket<RemotePort>>),
    Stream("proc.stderr.rport", Type::kPort, kRport, Get<2, OfSocket<RemotePort>>),
    Stream("proc.stdin.lip", Type::kIp, kLip, Get<0, OfSocket<LocalIp>>),
    Stream("proc.stdout.lip", Type::kIp, kLip, Get<1, OfSocket<LocalIp>>),
    Stream("proc.stderr.lip", Type::kIp, kLip, Get<2, OfSocket<LocalIp>>),
    Stream("proc.stdin.lport", Type::kPort, kLport, Get<0, OfSocket<LocalPort>>),
    Stream("proc.stdout.lport", Type::kPort, kLport, Get<1, OfSocket<LocalPort>>),
    Stream("proc.stderr.lport", Type::kPort, kLport, Get<2, OfSocket<LocalPort>>),
};

}  // namespace

std::span<const FieldDef> StdioFields() { return kFields; }

}  // namespace nezuban::fields
