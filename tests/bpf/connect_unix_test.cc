// SPDX-License-Identifier: Apache-2.0
// Connections to unix sockets are named after what they really reach.
#include <sys/un.h>

#include <filesystem>

#include "bpf/connect_fixture.h"

namespace nezuban::bpf_test {
namespace {

// A name as sun_path holds it, leading NUL and all; its length says how much of it counts.
struct UnixAddress {
  explicit UnixAddress(const std::string& name) {
    address.sun_family = AF_UNIX;
    CHECK(name.size() <= sizeof address.sun_path);
    std::memcpy(address.sun_path, name.data(), name.size());
    const bool is_path = !name.empty() && name[0] != '\0' && name.size() < sizeof address.sun_path;
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + is_path);
  }
  const sockaddr* any() const { return reinterpret_cast<const sockaddr*>(&address); }
  sockaddr_un address{};
  socklen_t size;
};

// A socket bound to a name, listening if it can.
class Bound {
 public:
  Bound(int type, const std::string& name) : fd_(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)) {
    const UnixAddress address(name);
    CHECK(fd_ >= 0 && ::bind(fd_, address.any(), address.size) == 0);
    if (type != SOCK_DGRAM) CHECK(::listen(fd_, 32) == 0);
  }
  ~Bound() { ::close(fd_); }

 private:
  int fd_;
};

class ConnectUnix : public ConnectTest {
 protected:
  // Connects five times to `to` and expects five records with that name.
  void Expect(int type, const std::string& to, const std::string& name, int error = 0) {
    const UnixAddress address(to);
    const auto connects = Run([&] {
      REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
      for (int i = 0; i < 5; ++i)
        acts_->Do(Socket(AF_UNIX, type | SOCK_NONBLOCK), address.any(), address.size);
    });
    ASSERT_EQ(connects.size(), 5u);
    for (int i = 0; i < 5; ++i) {
      const Connect& connect = connects[static_cast<std::size_t>(i)];
      EXPECT_EQ(acts_->error[i], error);
      ExpectCommon(connect, i, error != 0);
      EXPECT_EQ(connect.Text(connect->path), name);
      EXPECT_EQ(connect->path.total, name.size());
      EXPECT_EQ(connect->ends.family, AF_UNIX);
      EXPECT_EQ(connect->ends.type, type);
      EXPECT_EQ(connect->ends.protocol, 0u);
      EXPECT_EQ(connect->ends.local_port, 0u);
      EXPECT_EQ(connect->ends.remote_port, 0u);
    }
  }
  std::string InDir(const char* name) const { return dir_.path() + "/" + name; }

  TempDir dir_;
};

TEST_F(ConnectUnix, StreamByPath) {
  Bound bound(SOCK_STREAM, InDir("socket"));
  Expect(SOCK_STREAM, InDir("socket"), InDir("socket"));
}

TEST_F(ConnectUnix, SeqpacketByPath) {
  Bound bound(SOCK_SEQPACKET, InDir("socket"));
  Expect(SOCK_SEQPACKET, InDir("socket"), InDir("socket"));
}

TEST_F(ConnectUnix, DatagramByPath) {
  Bound bound(SOCK_DGRAM, InDir("socket"));
  Expect(SOCK_DGRAM, InDir("socket"), InDir("socket"));
}

TEST_F(ConnectUnix, Abstract) {
  const std::string name("\0nezuban\0test", 13);
  Bound bound(SOCK_STREAM, name);
  Expect(SOCK_STREAM, name, "@" + name.substr(1));
}

TEST_F(ConnectUnix, AbstractDatagram) {
  const std::string name("\0nezuban test", 13);
  Bound bound(SOCK_DGRAM, name);
  Expect(SOCK_DGRAM, name, "@nezuban test");
}

TEST_F(ConnectUnix, LongestNames) {
  const std::string abstract = '\0' + std::string(107, 'x');
  Bound longest(SOCK_STREAM, abstract);
  Expect(SOCK_STREAM, abstract, "@" + std::string(107, 'x'));
}

TEST_F(ConnectUnix, LongestPath) {
  const std::string path = InDir("") + std::string(108 - InDir("").size(), 'y');
  Bound bound(SOCK_STREAM, path);  // no NUL in sun_path
  Expect(SOCK_STREAM, path, path);
}

TEST_F(ConnectUnix, SymbolicLinkDoesNotHideTheName) {
  Bound bound(SOCK_STREAM, InDir("real"));
  std::filesystem::create_symlink(InDir("real"), InDir("alias"));
  Expect(SOCK_STREAM, InDir("alias"), InDir("real"));
}

TEST_F(ConnectUnix, RelativeNameIsResolved) {
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  Bound bound(SOCK_STREAM, "relative");
  std::filesystem::current_path(here);
  Expect(SOCK_STREAM, "relative", InDir("relative"));
}

TEST_F(ConnectUnix, NobodyThere) {
  Expect(SOCK_STREAM, InDir("missing"), InDir("missing"), ENOENT);
}

TEST_F(ConnectUnix, NobodyThereAbstract) {
  Expect(SOCK_DGRAM, std::string("\0nobody", 7), "@nobody", ECONNREFUSED);
}

TEST_F(ConnectUnix, DatagramDisconnects) {
  Bound bound(SOCK_DGRAM, InDir("socket"));
  const UnixAddress address(InDir("socket"));
  const auto connects = Run([&] {
    const int fd = Socket(AF_UNIX, SOCK_DGRAM);
    const sockaddr nothing{};
    acts_->Do(fd, address.any(), address.size);
    acts_->Do(fd, &nothing, sizeof nothing);
  });
  ASSERT_EQ(connects.size(), 2u);
  EXPECT_EQ(connects[0]->ends.family, AF_UNIX);
  EXPECT_EQ(connects[1]->ends.family, AF_UNSPEC);
  EXPECT_EQ(connects[1].Text(connects[1]->path), "");
  EXPECT_EQ(connects[1]->result, 0);
}

}  // namespace
}  // namespace nezuban::bpf_test
