// SPDX-License-Identifier: Apache-2.0
// Sockets on the loopback, what a child did with them, and what every record of it must say.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "bpf/harness.h"
#include "bpf/shared.h"

namespace nezuban::bpf_test {

using Connect = Found<connect_record>;

// TCP_* states of the records.
constexpr int kEstablished = 1;
constexpr int kSynSent = 2;
constexpr int kClosed = 7;

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

inline Address Make(const char* text, std::uint16_t port) {
  Address address{};
  if (::inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
  } else {
    CHECK(::inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1);
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
  }
  return address;
}

inline socklen_t SizeOf(const Address& address) {
  return address.any.sa_family == AF_INET6 ? sizeof address.v6 : sizeof address.v4;
}

inline std::uint16_t LocalPort(int fd) {
  Address address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, &address.any, &size) != 0) return 0;
  return ntohs(address.v4.sin_port);  // the same place in both families
}

inline std::uint16_t PeerPort(int fd) {
  Address address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, &address.any, &size) != 0) return 0;
  return ntohs(address.v4.sin_port);
}

// Listens on a free port of the loopback.
class Listener {
 public:
  explicit Listener(const char* text = "127.0.0.1", int backlog = 64) {
    const Address address = Make(text, 0);
    fd_ = ::socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd_ >= 0);
    CHECK(::bind(fd_, &address.any, SizeOf(address)) == 0);
    CHECK(::listen(fd_, backlog) == 0);
  }
  ~Listener() {
    ::close(fd_);
    for (int fd : fillers_) ::close(fd);
  }
  std::uint16_t port() const { return LocalPort(fd_); }

  // From then on nobody gets an answer to a SYN.
  void Fill() {
    const Address address = Make("127.0.0.1", port());
    for (int i = 0; i < 4; ++i) {
      fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(fillers_.back(), &address.any, sizeof address.v4);
    }
  }

 private:
  int fd_;
  std::vector<int> fillers_;
};

// A port of the loopback on which nobody listens.
inline std::uint16_t ClosedPort() { return Listener().port(); }

// What the child did.
struct Acts {
  static constexpr int kMax = 16;
  int fd[kMax];
  int error[kMax];  // 0 or errno
  std::uint16_t local_port[kMax];
  std::uint64_t ino[kMax];
  std::atomic<int> count;

  // Connects `socket` and notes how.
  void Do(int socket, const sockaddr* address, socklen_t size) {
    const int result = ::connect(socket, address, size);
    Note(socket, result == 0 ? 0 : errno);
  }
  void Do(int socket, const Address& address) { Do(socket, &address.any, SizeOf(address)); }
  void Note(int socket, int error_number) {
    const int i = count++;
    struct stat st {};
    REQUIRE_OK(i < kMax && ::fstat(socket, &st) == 0);
    fd[i] = socket;
    error[i] = error_number;
    local_port[i] = LocalPort(socket);
    ino[i] = st.st_ino;
  }
};

inline int Socket(int family, int type) {
  const int fd = ::socket(family, type, 0);
  REQUIRE_OK(fd >= 0);
  return fd;
}

inline std::string Text(const std::uint8_t (&address)[16], int family) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(family, address, text, sizeof text);
  return text;
}

class ConnectTest : public ::testing::Test {
 protected:
  bool object() { return KindOf(harness_.source(), EVENT_CONNECT) == probe::SensorKind::kObject; }

  std::vector<Connect> Run(const std::function<void()>& act) {
    recorded_.emplace(harness_.Run(act));
    return recorded_->Of<connect_record>();
  }

  // What holds of every record of act number `i`.
  void ExpectCommon(const Connect& connect, int i, bool from_user = false) {
    const record_header& header = connect.header();
    EXPECT_EQ(connect.event().name(), "connect");
    EXPECT_EQ(header.lane, LANE_BULK);
    EXPECT_EQ(header.sensor, object() ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(header.flags, from_user && !object() ? RECORD_FROM_USER_MEMORY : 0u);
    EXPECT_EQ(header.mnt_ns, NamespaceInode(::getpid(), "mnt"));
    EXPECT_EQ(header.pid_ns, NamespaceInode(::getpid(), "pid"));
    EXPECT_EQ(header.cgroup_id, RootCgroupId());
    EXPECT_NE(header.start_ns, 0u);
    EXPECT_EQ(connect->fd, acts_->fd[i]);
    EXPECT_EQ(connect->result, -acts_->error[i]);
    EXPECT_EQ(connect->ends.ino, acts_->ino[i]);
  }

  void ExpectInet(const Connect& connect, int i, int family, int type, const char* remote,
                  std::uint16_t port) {
    EXPECT_EQ(connect->ends.family, family);
    EXPECT_EQ(connect->ends.type, type);
    EXPECT_EQ(connect->ends.protocol, type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
    EXPECT_EQ(Text(connect->ends.remote_addr, family), remote);
    EXPECT_EQ(connect->ends.remote_port, port);
    if (acts_->local_port[i] != 0) {
      EXPECT_EQ(connect->ends.local_port, acts_->local_port[i]);
    }
    EXPECT_EQ(connect->path.len, 0u);
    EXPECT_EQ(connect->path.total, 0u);
  }

  Harness harness_;
  Shared<Acts> acts_;
  std::optional<Recorded> recorded_;
};

}  // namespace nezuban::bpf_test
