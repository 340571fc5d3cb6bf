// SPDX-License-Identifier: Apache-2.0
// Values from what records and the state hold: texts, addresses, sockets. Shared by the tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.h"
#include "fields/field.h"

namespace nezuban::fields {

// The inode number of the first pid namespace, the same on every kernel (include/linux/proc_ns.h).
inline constexpr std::uint32_t kHostPidNs = 0xeffffffcU;

// An id that 0 stands for "not told" in.
inline Value Id(std::uint64_t id) {
  return id == 0 ? Value(Unknown{}) : Value(static_cast<std::int64_t>(id));
}

// Unknown if it could not be read.
Value FromText(const event::Text& text);
Value FromText(const state::StoredText& text);

// `address` as the record holds it; IPv4-mapped addresses become IPv4.
IpAddress ToIp(std::uint16_t family, const std::uint8_t (&address)[16]);

// "10.0.0.1", "2001:db8::1".
std::string ToString(const IpAddress& ip);

bool IsInet(const endpoints& ends);

// ipv4, ipv6, unix; <NA> for other families. IPv4-mapped IPv6 counts as IPv4.
std::string_view SocketType(const endpoints& ends);

// "ip" or "unix", else Absent.
Value SocketFamily(const endpoints& ends);

// tcp, udp, icmp, raw; the text <NA> for anything else.
std::string_view L4Proto(const endpoints& ends);

// Absent if that end is not bound or connected (address and port zero), or the socket not IP.
Value LocalIp(const endpoints& ends);
Value RemoteIp(const endpoints& ends);
Value LocalPort(const endpoints& ends);
Value RemotePort(const endpoints& ends);

// "10.0.0.1:80", the address alone for sockets that have no ports; Absent as LocalIp is.
Value EndName(const endpoints& ends, const std::uint8_t (&address)[16], std::uint16_t port,
              Arena& arena);

// "client->server", each as EndName; the local end alone where there is no other. Empty for sockets
// that are not IP, and without ends.
std::string_view SocketName(const endpoints& ends, bool is_server, Arena& arena);

// A record's device number as user space has it in 32 bits.
std::int64_t EncodedDev(std::uint32_t dev);

// Text form of any value for outputs and joined texts: numbers decimal, <NA> for none.
std::string ToString(const Value& value);

}  // namespace nezuban::fields
