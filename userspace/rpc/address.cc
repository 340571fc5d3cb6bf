// SPDX-License-Identifier: Apache-2.0
#include "rpc/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "rpc/bad_input.h"

namespace nezuban::rpc {
namespace {

bool IsLoopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return host == "[::1]";
}

bool IsNumeric(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return true;
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) == 1;
}

bool IsHostName(std::string_view host) {
  constexpr std::size_t kLongest = 253;
  return !host.empty() && host.size() <= kLongest && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

bool IsPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

std::string PercentEncoded(std::string_view path) {
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto u = static_cast<std::uint8_t>(c);
      out += '%';
      out += kHex[u >> 4];
      out += kHex[u & 15];
    }
  }
  return out;
}

}  // namespace

Result<std::string> UnixTarget(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return Fail("socket path: expected a path", kBadInput);
  }
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  if (error) return Fail("socket path '" + path + "': " + error.message());
  constexpr std::size_t kMax = sizeof(sockaddr_un::sun_path) - 1;
  if (absolute.size() > kMax) {
    return Fail("socket path '" + absolute + "': expected at most " + std::to_string(kMax) +
                    " bytes, got " + std::to_string(absolute.size()),
                kBadInput);
  }
  return "unix:" + PercentEncoded(absolute);
}

Result<std::string> LoopbackTarget(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon != std::string::npos && IsLoopback(address.substr(0, colon)) &&
      IsPort(std::string_view(address).substr(colon + 1))) {
    return address;
  }
  return Fail("address '" + address +
                  "': expected 127.0.0.1:PORT or [::1]:PORT (without TLS only "
                  "this machine may connect)",
              kBadInput);
}

Result<std::string> TlsTarget(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon != std::string::npos && IsNumeric(address.substr(0, colon)) &&
      IsPort(std::string_view(address).substr(colon + 1))) {
    return address;
  }
  return Fail("address '" + address + "': expected ADDRESS:PORT or [ADDRESS]:PORT, with numbers",
              kBadInput);
}

Result<std::string> RemoteTarget(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  if ((IsNumeric(host) || IsHostName(host)) &&
      IsPort(std::string_view(address).substr(colon + 1))) {
    // "dns:": a host that is called like a scheme of gRPC's is a host all the same.
    return "dns:///" + address;
  }
  return Fail("address '" + address + "': expected HOST:PORT", kBadInput);
}

Result<std::string> ClientTarget(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (!address.starts_with(kUnix)) {
    auto target = LoopbackTarget(address);
    if (target) return target;
    return Fail("address '" + address +
                    "': expected unix:PATH, 127.0.0.1:PORT or [::1]:PORT; "
                    "other machines only with TLS",
                kBadInput);
  }
  std::string path = address.substr(kUnix.size());
  if (path.starts_with("//")) path.erase(0, 2);
  return UnixTarget(path);
}

}  // namespace nezuban::rpc
