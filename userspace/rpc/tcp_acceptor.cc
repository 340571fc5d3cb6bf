// SPDX-License-Identifier: Apache-2.0
#include "rpc/tcp_acceptor.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

namespace nezuban::rpc {
namespace {

constexpr int kBacklog = 128;
constexpr int kLookAgainMs = 100;  // while as many are open as may be
// One place of eight is for addresses that have few: some that take what they get cannot keep the
// others out.
constexpr std::size_t kKeptShare = 8;
// Of 64 that are kept, four for each: as many as an honest host needs.
constexpr std::size_t kFewShare = 16;

UniqueFd BindAndListen(const addrinfo& address) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  const int off = 0;
  if (!fd.valid() || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      // "[::]" is for both families.
      (address.ai_family == AF_INET6 &&
       ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) ||
      ::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return UniqueFd();
  }
  return fd;
}

// The bytes of a peer's address, without its port.
std::string AddressOf(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    const in_addr& v4 = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
    return {reinterpret_cast<const char*>(&v4), sizeof(v4)};
  }
  // A host has a /64 to choose from.
  constexpr std::size_t kPrefix = 8;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
  return {reinterpret_cast<const char*>(&v6), mapped ? sizeof(v6) : kPrefix};
}

}  // namespace

Result<std::unique_ptr<TcpAcceptor>> TcpAcceptor::Listen(const std::string& target,
                                                         TcpLimits limits) {
  const std::size_t colon = target.rfind(':');
  std::string host = target.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), target.c_str() + colon + 1, &hints, &found) != 0) {
    return Fail("listen on " + target + ": no address");
  }
  UniqueFd listener = BindAndListen(*found);
  ::freeaddrinfo(found);
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC));
  if (!listener.valid() || !wake.valid()) {
    return Fail("listen on " + target + ": the port is in use or not allowed");
  }
  return std::unique_ptr<TcpAcceptor>(
      new TcpAcceptor(std::move(listener), std::move(wake), limits));
}

TcpAcceptor::TcpAcceptor(UniqueFd listener, UniqueFd wake, TcpLimits limits)
    : listener_(std::move(listener)), wake_(std::move(wake)), limits_(limits) {}

void TcpAcceptor::Start(std::unique_ptr<Taker> taker) {
  taker_ = std::move(taker);
  thread_ = std::thread([this] { Run(); });
}

void TcpAcceptor::Stop() {
  if (thread_.joinable()) {
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
  }
  listener_.reset();
}

std::uint16_t TcpAcceptor::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET
                   ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                   : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

void TcpAcceptor::Run() {
  while (true) {
    if (connections_.size() >= limits_.connections) ForgetClosed();
    const bool full = connections_.size() >= limits_.connections;
    std::array<pollfd, 2> fds = {pollfd{wake_.get(), POLLIN, 0},
                                 pollfd{listener_.get(), POLLIN, 0}};
    ::poll(fds.data(), full ? 1 : 2, full ? kLookAgainMs : -1);
    if ((fds[0].revents & POLLIN) != 0) return;
    if (!full && fds[1].revents != 0) AcceptOne();
  }
}

void TcpAcceptor::AcceptOne() {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  UniqueFd fd(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
  struct stat status {};
  if (!fd.valid()) {
    // It went away; or no descriptor is left, and trying again at once would only burn time.
    ::poll(nullptr, 0, kLookAgainMs);
    return;
  }
  ForgetClosed();
  std::string address = AddressOf(peer);
  const auto same = std::ranges::count(connections_, address, &Connection::address);
  if (static_cast<std::size_t>(same) >= PlacesOfOne()) return;
  if (::fstat(fd.get(), &status) != 0) return;
  const int on = 1;
  static_cast<void>(::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
  connections_.push_back({fd.get(), status.st_ino, std::move(address)});
  Taker::NewConnectionParameters connection;
  connection.listener_fd = listener_.get();
  connection.fd = fd.release();
  taker_->HandleNewConnection(&connection);
}

// How many an address may have for it to get another.
std::size_t TcpAcceptor::PlacesOfOne() const {
  const std::size_t left = limits_.connections - connections_.size();
  const std::size_t kept = limits_.connections / kKeptShare;
  const std::size_t few =
      std::min(std::max<std::size_t>(kept / kFewShare, 1), limits_.of_one_address);
  return left > kept ? std::max(std::min(limits_.of_one_address, left - kept), few) : few;
}

void TcpAcceptor::ForgetClosed() {
  std::erase_if(connections_, [](const Connection& connection) {
    struct stat status {};
    return ::fstat(connection.fd, &status) != 0 || status.st_ino != connection.inode;
  });
}

}  // namespace nezuban::rpc
