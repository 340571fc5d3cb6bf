// SPDX-License-Identifier: Apache-2.0
#include "kube/endpoint.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace nezuban::kube {

std::string InClusterUrl() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody here changes the environment
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");  // NOLINT(concurrency-mt-unsafe)
  if (host == nullptr || *host == '\0' || port == nullptr || *port == '\0') return {};
  const std::string name(host);
  const bool ipv6 = name.find(':') != std::string::npos;
  return "https://" + (ipv6 ? "[" + name + "]" : name) + ":" + port;
}

std::string CheckUrl(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return "expected https://HOST:PORT";
  const std::string_view rest = std::string_view(url).substr(kScheme.size());
  const bool plain = std::ranges::all_of(rest, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  });
  if (rest.empty() || !plain) return "expected https://HOST:PORT";
  return {};
}

std::string Escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

}  // namespace nezuban::kube
