// SPDX-License-Identifier: Apache-2.0
#include "probe/acts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
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

bool ActSend(const ProofContext&) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kDiscardPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)::sendto(fd.get(), "", 0, MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address),
                 sizeof address);
  return fd.valid();
}

// From another socket: what a socket hears from the peer it last spoke to gives no record.
bool ActReceive(const ProofContext&) {
  const UniqueFd sender(UnixSocket(SOCK_DGRAM));
  const UniqueFd fd(UnixSocket(SOCK_DGRAM));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  char byte = 0;
  return ::bind(sender.get(), any, sizeof address.sun_family) == 0 &&
         ::bind(fd.get(), any, sizeof address.sun_family) == 0 &&
         ::getsockname(fd.get(), any, &size) == 0 &&
         ::sendto(sender.get(), "", 1, MSG_DONTWAIT, any, size) == 1 &&
         ::recvfrom(fd.get(), &byte, 1, MSG_DONTWAIT, any, &size) == 1;
}

bool ActReceiveFd(const ProofContext&) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  *reinterpret_cast<int*>(CMSG_DATA(header)) = ends[0];
  const bool done = ::sendmsg(ends[0], &message, MSG_DONTWAIT) == 1 &&
                    ::recvmsg(ends[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) == 1;
  ::close(ends[0]);
  ::close(ends[1]);
  return done;
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

bool ActOpen(const ProofContext&) {
  const int fd = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

bool ActMemfd(const ProofContext&) {
  (void)::memfd_create("", ~0U);
  return true;
}

bool ActMmap(const ProofContext&) {
  const UniqueFd fd(::memfd_create("nezuban", MFD_CLOEXEC));
  return ::mmap(nullptr, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd.get(), 0) != MAP_FAILED;
}

}  // namespace nezuban::probe
