// SPDX-License-Identifier: Apache-2.0
#include "probe/acts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace nezuban::probe {
namespace {

constexpr std::uint16_t kDiscardPort = 9;

int UnixSocket(int type) { return ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0); }

}  // namespace

bool ActConnect(const ProofContext&) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kDiscardPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(fd);
  return true;
}

bool ActSocket(const ProofContext&) { return UniqueFd(UnixSocket(SOCK_STREAM)).valid(); }

bool ActBind(const ProofContext&) {
  const UniqueFd fd(UnixSocket(SOCK_STREAM));
  const sa_family_t family = AF_UNIX;  // and no more: the kernel chooses
  sockaddr_un address{};
  address.sun_family = family;
  (void)::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof family);
  return fd.valid();
}

bool ActListen(const ProofContext&) {
  const UniqueFd fd(UnixSocket(SOCK_DGRAM));
  (void)::listen(fd.get(), 1);
  return fd.valid();
}

bool ActAccept(const ProofContext&) {
  const UniqueFd fd(UnixSocket(SOCK_DGRAM));
  (void)::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
  return fd.valid();
}

bool ActMount(const ProofContext&) {
  // Two kinds of propagation at once are refused after the target is resolved, whoever asks.
  ::mount(nullptr, "/", nullptr, MS_SHARED | MS_PRIVATE, nullptr);
  ::syscall(SYS_move_mount, -1, "", -1, "", 0);
  return true;
}

bool ActDup(const ProofContext&) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool done = ::dup2(fd, STDIN_FILENO) == STDIN_FILENO;
  ::close(fd);
  return done;
}

bool ActNamespace(const ProofContext&) {
  ::setns(-1, 0);
  ::unshare(0);
  return true;
}

}  // namespace nezuban::probe
