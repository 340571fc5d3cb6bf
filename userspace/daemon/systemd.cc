// SPDX-License-Identifier: Apache-2.0
#include "daemon/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/unique_fd.h"

namespace nezuban::daemon {

bool NotifySystemd(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string_view name = path == nullptr ? "" : path;
  if ((!name.starts_with('/') && !name.starts_with('@')) ||
      name.size() > sizeof(address.sun_path)) {
    return false;
  }
  std::copy(name.begin(), name.end(), address.sun_path);
  if (name[0] == '@') address.sun_path[0] = '\0';  // an abstract one
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  return fd.valid() && ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address),
                                size) == static_cast<ssize_t>(state.size());
}

std::optional<std::chrono::microseconds> WatchdogInterval() {
  const char* text = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (text == nullptr) return std::nullopt;
  if (pid != nullptr && std::to_string(::getpid()) != pid) return std::nullopt;
  const std::string_view number = text;
  std::uint64_t microseconds = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), microseconds);
  constexpr std::uint64_t kDay = 86'400'000'000;
  const bool whole = error == std::errc() && end == number.data() + number.size();
  if (!whole || microseconds == 0 || microseconds > kDay) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace nezuban::daemon
