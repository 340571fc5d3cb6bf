// SPDX-License-Identifier: Apache-2.0
#include "filter/constant.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/check.h"
#include "event/event.h"
#include "fields/convert.h"
#include "filter/syscall_names.h"

namespace nezuban::filter {
namespace {

using fields::Type;
using Converted = tl::expected<Constant, std::string>;

tl::unexpected<std::string> IsNot(std::string_view literal, std::string_view what) {
  return tl::unexpected("'" + std::string(literal) + "' is not " + std::string(what));
}

// Decimal with an optional sign; blanks before it are left over from quoting.
std::optional<std::int64_t> ParseInt(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with("+") || text.starts_with("+-")) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> ServicePort(std::string_view name) {
  servent entry{};
  servent* found = nullptr;
  std::array<char, 4096> buffer{};
  const std::string text(name);
  if (getservbyname_r(text.c_str(), nullptr, &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return std::nullopt;
  }
  return ntohs(static_cast<std::uint16_t>(found->s_port));
}

Converted ToPort(std::string_view literal) {
  if (literal.empty()) return std::int64_t{0};
  if (literal[0] >= '0' && literal[0] <= '9') {
    const auto number = ParseInt(literal);
    if (!number || *number > 65535) return IsNot(literal, "a port (0 to 65535)");
    return *number;
  }
  if (const auto port = ServicePort(literal)) return *port;
  return IsNot(literal, "a port or the name of a service");
}

std::optional<fields::IpAddress> ParseIp(std::string_view literal) {
  const std::string text(literal);
  if (text.find('\0') != std::string::npos) return std::nullopt;
  fields::IpAddress ip;
  ip.v4 = text.find('.') != std::string::npos;
  if (inet_pton(ip.v4 ? AF_INET : AF_INET6, text.c_str(), ip.bytes.data()) != 1) {
    return std::nullopt;
  }
  return ip;
}

Converted ToNetwork(std::string_view literal) {
  constexpr std::string_view kWhat = "a network like 10.0.0.0/8";
  const std::size_t slash = literal.find('/');
  if (slash == std::string_view::npos) return IsNot(literal, kWhat);
  const auto ip = ParseIp(literal.substr(0, slash));
  const auto bits = ParseInt(literal.substr(slash + 1));
  if (!ip || !bits || *bits < 0 || *bits > (ip->v4 ? 32 : 128)) return IsNot(literal, kWhat);
  Network network{*ip, static_cast<int>(*bits)};
  network.MaskHostBits();
  return network;
}

}  // namespace

void Network::MaskHostBits() {
  auto byte = static_cast<std::size_t>(bits / 8);
  if (bits % 8 != 0) address.bytes[byte++] &= static_cast<std::uint8_t>(0xff00 >> (bits % 8));
  std::fill(address.bytes.begin() + byte, address.bytes.end(), std::uint8_t{0});
}

bool Network::Contains(const fields::IpAddress& ip) const {
  if (ip.v4 != address.v4) return false;
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(ip.bytes.begin(), ip.bytes.begin() + whole, address.bytes.begin())) return false;
  if (bits % 8 == 0) return true;
  const int mask = 0xff00 >> (bits % 8) & 0xff;
  return (ip.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

std::string ToString(const Constant& constant) {
  if (const auto* text = std::get_if<std::string>(&constant)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&constant)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&constant)) return *flag ? "true" : "false";
  if (const auto* ip = std::get_if<fields::IpAddress>(&constant)) return fields::ToString(*ip);
  const auto& network = std::get<Network>(constant);
  return fields::ToString(network.address) + "/" + std::to_string(network.bits);
}

tl::expected<Constant, std::string> ToConstant(Type type, std::string_view literal) {
  switch (type) {
    case Type::kText:
    case Type::kBytes:
    case Type::kEventName:
    case Type::kHostName:
    case Type::kOfArgument:
      if (literal.find('\0') != std::string_view::npos) return IsNot(literal, "text without NUL");
      return std::string(literal);
    case Type::kInt:
      if (const auto number = ParseInt(literal)) return *number;
      return IsNot(literal, "a decimal number");
    case Type::kBool:
      if (literal == "true" || literal == "false") return literal == "true";
      return IsNot(literal, "true or false");
    case Type::kPort:
      return ToPort(literal);
    case Type::kIp:
      if (const auto ip = ParseIp(literal)) return *ip;
      return IsNot(literal, "an IP address");
    case Type::kNet:
      return ToNetwork(literal);
    case Type::kNear:
      if (const auto number = ParseInt(literal); number && *number >= 0) return Within{*number};
      return IsNot(literal, "a number of milliseconds");
  }
  CHECK(false);
}

bool IsEventName(std::string_view name) {
  return event::FindEvent(name).has_value() || std::ranges::binary_search(kSyscallNames, name) ||
         std::ranges::find(kOtherEventNames, name) != kOtherEventNames.end();
}

}  // namespace nezuban::filter
