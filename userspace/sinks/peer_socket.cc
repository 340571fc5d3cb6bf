// SPDX-License-Identifier: Apache-2.0
#include "sinks/peer_socket.h"

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

namespace nezuban::sinks {
namespace {

using std::chrono::milliseconds;

tl::unexpected<Error> FailErrno(const std::string& what, int error) {
  return Fail(what + ": " + std::strerror(error));
}

milliseconds Left(Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(0), milliseconds(3'600'000));
}

int SocketError(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Status ConnectTo(int fd, const sockaddr* address, socklen_t size, Deadline deadline) {
  if (::connect(fd, address, size) == 0) return {};
  if (errno != EINPROGRESS) return FailErrno("connect", errno);
  RETURN_IF_ERROR(WaitFor(fd, POLLOUT, deadline));
  if (const int error = SocketError(fd); error != 0) return FailErrno("connect", error);
  return {};
}

}  // namespace

HostPort SplitHostPort(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {host, address.substr(colon + 1)};
}

Status WaitFor(int fd, short events, Deadline deadline) {
  pollfd ready{fd, events, 0};
  while (true) {
    const milliseconds left = Left(deadline);
    const int n = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (n > 0) return {};
    if (n < 0 && errno != EINTR) return FailErrno("poll", errno);
    if (n == 0 && left.count() == 0) return Fail("no answer in time");
  }
}

Result<UniqueFd> ConnectUnix(const std::string& path, int kind) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Fail(path + ": too long for a socket");
  std::copy(path.begin(), path.end(), address.sun_path);
  UniqueFd fd(::socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return FailErrno("socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return FailErrno("connect to " + path, errno);
  }
  return fd;
}

Result<UniqueFd> ConnectHost(const std::string& address, int kind, Deadline deadline) {
  const HostPort peer = SplitHostPort(address);
  addrinfo hints{};
  hints.ai_socktype = kind;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(peer.host.c_str(), peer.port.c_str(), &hints, &found);
  if (error != 0) return Fail(address + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  auto fd = ConnectAny(all.get(), kind, deadline);
  if (!fd) return Fail(address, fd.error());
  return fd;
}

Result<UniqueFd> ConnectAny(const addrinfo* addresses, int kind, Deadline deadline) {
  std::string problem = "no address";
  int remaining = 0;
  for (const addrinfo* one = addresses; one != nullptr; one = one->ai_next) ++remaining;
  for (const addrinfo* one = addresses; one != nullptr; one = one->ai_next, --remaining) {
    const auto now = std::chrono::steady_clock::now();
    const Deadline until = now + (deadline - now) / remaining;
    UniqueFd fd(::socket(one->ai_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) continue;
    const Status connected = ConnectTo(fd.get(), one->ai_addr, one->ai_addrlen, until);
    if (!connected) {
      problem = connected.error().message;
      continue;
    }
    const int on = 1;
    if (kind == SOCK_STREAM) {
      ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    return fd;
  }
  return Fail(problem);
}

// The kernel tells of bytes without an acknowledgement only to who asks.
Status WaitUntilAcknowledged(int fd, Deadline deadline) {
  milliseconds pause(1);
  while (true) {
    int waiting = 0;
    if (::ioctl(fd, SIOCOUTQ, &waiting) != 0) return FailErrno("SIOCOUTQ", errno);
    if (const int error = SocketError(fd); error != 0) return FailErrno("send", error);
    if (waiting == 0) return {};
    if (Left(deadline).count() == 0) return Fail("the peer takes nothing more");
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, milliseconds(50));
  }
}

Status PlainConnection::Write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(WaitFor(fd_.get(), POLLOUT, deadline));
    } else if (errno != EINTR) {
      return FailErrno("send", errno);
    }
  }
  return {};
}

Status PlainConnection::Flush(Deadline deadline) {
  RETURN_IF_ERROR(WaitUntilAcknowledged(fd_.get(), deadline));
  return Check();
}

// A peer that only listens has nothing to say: what can be read is its end, or rubbish.
Status PlainConnection::Check() {
  std::array<char, 4096> rubbish{};
  for (int i = 0; i < 16; ++i) {
    const ssize_t n = ::recv(fd_.get(), rubbish.data(), rubbish.size(), MSG_DONTWAIT);
    if (n == 0) return Fail("the peer closed the connection");
    if (n < 0 && errno == EAGAIN) return {};
    if (n < 0 && errno != EINTR) return FailErrno("receive", errno);
  }
  return {};
}

}  // namespace nezuban::sinks
