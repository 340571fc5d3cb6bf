// SPDX-License-Identifier: Apache-2.0
#include "fields/convert.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace nezuban::fields {
namespace {

static_assert(Text::kTotalUnknown == STR_TOTAL_UNKNOWN);

constexpr std::string_view kNoText = "<NA>";

bool IsZero(const std::uint8_t (&address)[16]) {
  return std::all_of(std::begin(address), std::end(address), [](auto b) { return b == 0; });
}

bool IsMapped(const std::uint8_t (&address)[16]) {
  static constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(address, kPrefix, sizeof(kPrefix)) == 0;
}

Value EndIp(const endpoints& ends, const std::uint8_t (&address)[16], std::uint16_t port) {
  if (!IsInet(ends) || (port == 0 && IsZero(address))) return Absent{};
  return ToIp(ends.family, address);
}

Value EndPort(const endpoints& ends, const std::uint8_t (&address)[16], std::uint16_t port) {
  if (!IsInet(ends) || (port == 0 && IsZero(address))) return Absent{};
  return std::int64_t{port};
}

bool HasPorts(const endpoints& ends) {
  const std::string_view protocol = L4Proto(ends);
  return protocol != "raw" && protocol != "icmp";
}

std::string_view EndText(const endpoints& ends, const std::uint8_t (&address)[16],
                         std::uint16_t port, Arena& arena) {
  const std::string ip = ToString(ToIp(ends.family, address));
  return HasPorts(ends) ? arena.Concat({ip, ":", arena.Number(port)}) : arena.Copy(ip);
}

}  // namespace

Value FromText(const event::Text& text) {
  if (text.bytes.empty() && text.total == STR_TOTAL_UNKNOWN) return Unknown{};
  return Text(text.bytes, text.total);
}

Value FromText(const state::StoredText& text) {
  return FromText(event::Text{text.bytes, text.total});
}

IpAddress ToIp(std::uint16_t family, const std::uint8_t (&address)[16]) {
  IpAddress ip;
  if (family == AF_INET) {
    std::memcpy(ip.bytes.data(), address, 4);
  } else if (IsMapped(address)) {
    std::memcpy(ip.bytes.data(), address + 12, 4);
  } else {
    ip.v4 = false;
    std::memcpy(ip.bytes.data(), address, 16);
  }
  return ip;
}

std::string ToString(const IpAddress& ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(ip.v4 ? AF_INET : AF_INET6, ip.bytes.data(), text.data(), text.size());
  return text.data();
}

bool IsInet(const endpoints& ends) { return ends.family == AF_INET || ends.family == AF_INET6; }

std::string_view SocketType(const endpoints& ends) {
  if (ends.family == AF_UNIX) return "unix";
  if (ends.family == AF_INET) return "ipv4";
  if (ends.family != AF_INET6) return kNoText;
  return IsMapped(ends.remote_addr) ? "ipv4" : "ipv6";
}

Value SocketFamily(const endpoints& ends) {
  if (ends.family == AF_UNIX) return "unix";
  if (IsInet(ends)) return "ip";
  return Absent{};
}

std::string_view L4Proto(const endpoints& ends) {
  if (!IsInet(ends)) return kNoText;
  if (ends.type == SOCK_RAW) return "raw";
  switch (ends.protocol) {
    case IPPROTO_TCP:
    case IPPROTO_MPTCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return "icmp";
    default:
      return kNoText;
  }
}

Value LocalIp(const endpoints& ends) { return EndIp(ends, ends.local_addr, ends.local_port); }
Value RemoteIp(const endpoints& ends) { return EndIp(ends, ends.remote_addr, ends.remote_port); }
Value LocalPort(const endpoints& ends) { return EndPort(ends, ends.local_addr, ends.local_port); }
Value RemotePort(const endpoints& ends) {
  return EndPort(ends, ends.remote_addr, ends.remote_port);
}

Value EndName(const endpoints& ends, const std::uint8_t (&address)[16], std::uint16_t port,
              Arena& arena) {
  if (std::holds_alternative<Absent>(EndIp(ends, address, port))) return Absent{};
  return EndText(ends, address, port, arena);
}

std::string_view SocketName(const endpoints& ends, bool is_server, Arena& arena) {
  if (!IsInet(ends)) return {};
  const std::string_view local = EndText(ends, ends.local_addr, ends.local_port, arena);
  if (std::holds_alternative<Absent>(RemoteIp(ends)))
    return std::holds_alternative<Absent>(LocalIp(ends)) ? std::string_view() : local;
  const std::string_view remote = EndText(ends, ends.remote_addr, ends.remote_port, arena);
  return is_server ? arena.Concat({remote, "->", local}) : arena.Concat({local, "->", remote});
}

std::int64_t EncodedDev(std::uint32_t dev) {
  const std::uint32_t major = dev >> 20;
  const std::uint32_t minor = dev & 0xfffff;
  return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

std::string ToString(const Value& value) {
  struct Printer {
    std::string operator()(Absent) const { return std::string(kNoText); }
    std::string operator()(Unknown) const { return std::string(kNoText); }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(const Text& text) const { return std::string(text.bytes); }
    std::string operator()(const IpAddress& ip) const { return fields::ToString(ip); }
    std::string operator()(const ValueList& list) const {
      std::string out = "(";
      for (std::size_t i = 0; i < list.size; ++i) {
        if (i > 0) out += ',';
        out += fields::ToString(list.data[i]);
      }
      return out + ')';
    }
  };
  return std::visit(Printer(), static_cast<const Value::variant&>(value));
}

}  // namespace nezuban::fields
