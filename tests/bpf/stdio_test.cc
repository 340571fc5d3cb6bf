// SPDX-License-Identifier: Apache-2.0
// What an exec record says of the standard streams and the terminal.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

// Executes a program with these streams (-1: closed) and gives its record.
class Streams : public ::testing::Test {
 protected:
  Streams() : program_(MakeProgram(dir_.path() + "/p")) {}

  template <typename Prepare>
  void Run(Prepare prepare) {
    recorded_.push_back(std::make_unique<Recorded>(harness_.Run([&] {
      const std::array<int, 3> fds = prepare();
      std::array<int, 3> kept{};
      for (std::size_t i = 0; i < 3; ++i)
        kept[i] = fds[i] < 0 ? -1 : ::fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
      for (int i = 0; i < 3; ++i) {
        const int fd = kept[static_cast<std::size_t>(i)];
        if (fd < 0)
          ::close(i);
        else
          REQUIRE_OK(::dup2(fd, i) == i);
      }
      Exec(program_, {"p"});
    })));
    const auto execs = recorded_.back()->Of<exec_record>();
    ASSERT_EQ(execs.size(), 1u);
    exec_ = std::make_unique<Found<exec_record>>(execs[0]);
  }

  const stdio_ref& stream(int i) const { return (*exec_)->stdio[i]; }
  std::string name(int i) const { return exec_->Text((*exec_)->stdio_names[i]); }

  TempDir dir_;
  std::string program_;
  Harness harness_;
  std::vector<std::unique_ptr<Recorded>> recorded_;
  std::unique_ptr<Found<exec_record>> exec_;
};

TEST_F(Streams, FilePipeAndClosed) {
  const std::string file = dir_.path() + "/file";
  Run([&] {
    int ends[2];
    REQUIRE_OK(::pipe(ends) == 0);
    return std::array<int, 3>{::open(file.c_str(), O_RDWR | O_CREAT, 0640), ends[1], -1};
  });
  struct stat st {};
  ASSERT_EQ(::stat(file.c_str(), &st), 0);
  EXPECT_EQ(stream(0).kind, STDIO_FILE);
  EXPECT_EQ(name(0), file);
  EXPECT_EQ(stream(0).file.ino, st.st_ino);
  EXPECT_EQ(stream(0).file.dev, KernelDev(st.st_dev));
  EXPECT_EQ(stream(0).file.mode, S_IFREG | 0640);
  EXPECT_EQ(stream(0).file.mnt_ns, NamespaceInode(::getpid(), "mnt"));
  EXPECT_EQ(stream(1).kind, STDIO_PIPE);
  EXPECT_NE(stream(1).file.ino, 0u);
  EXPECT_EQ(stream(1).file.mode & S_IFMT, static_cast<unsigned>(S_IFIFO));
  EXPECT_EQ(stream(1).file.mnt_ns, 0u);
  EXPECT_EQ(name(1), "");
  EXPECT_FALSE(exec_->Truncated((*exec_)->stdio_names[1]));
  EXPECT_EQ(stream(2).kind, STDIO_CLOSED);
  EXPECT_EQ(stream(2).file.ino, 0u);
  EXPECT_EQ(name(2), "");
}

TEST_F(Streams, NamedPipeDeviceAndOther) {
  const std::string fifo = dir_.path() + "/fifo";
  Run([&] {
    REQUIRE_OK(::mkfifo(fifo.c_str(), 0600) == 0);
    return std::array<int, 3>{::open(fifo.c_str(), O_RDWR), ::open("/dev/null", O_RDWR),
                              ::eventfd(0, 0)};
  });
  EXPECT_EQ(stream(0).kind, STDIO_PIPE);
  EXPECT_EQ(name(0), fifo);
  EXPECT_EQ(stream(1).kind, STDIO_FILE);
  EXPECT_EQ(name(1), "/dev/null");
  EXPECT_EQ(stream(1).file.mode & S_IFMT, static_cast<unsigned>(S_IFCHR));
  EXPECT_EQ(stream(2).kind, STDIO_OTHER);
}

TEST_F(Streams, CloseOnExecIsClosed) {
  Run([&] {
    // dup2 clears the flag, so it is set on the stream itself.
    ::fcntl(2, F_SETFD, FD_CLOEXEC);
    const int file = ::open("/dev/null", O_RDWR);
    return std::array<int, 3>{file, file, -1};
  });
  EXPECT_EQ(stream(0).kind, STDIO_FILE);
  EXPECT_EQ(stream(2).kind, STDIO_CLOSED);
}

template <typename Address>
Address Bound(int fd, Address address) {
  socklen_t size = sizeof address;
  REQUIRE_OK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE_OK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return address;
}

template <typename Address>
int Connected(const Address& address, int family) {
  const int fd = ::socket(family, SOCK_STREAM, 0);
  REQUIRE_OK(fd >= 0);
  REQUIRE_OK(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

TEST_F(Streams, TcpSocketWithBothEnds) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in want{};
  want.sin_family = AF_INET;
  want.sin_addr.s_addr = htonl(0x7f000005);
  const sockaddr_in remote = Bound(listener, want);
  ASSERT_EQ(::listen(listener, 8), 0);
  Run([&] {
    const int fd = Connected(remote, AF_INET);
    return std::array<int, 3>{fd, listener, fd};
  });
  for (int i : {0, 2}) {
    const endpoints& ends = stream(i).ends;
    EXPECT_EQ(stream(i).kind, STDIO_SOCKET);
    EXPECT_EQ(ends.family, AF_INET);
    EXPECT_EQ(ends.type, SOCK_STREAM);
    EXPECT_EQ(ends.protocol, IPPROTO_TCP);
    EXPECT_EQ(ends.state, 1);
    EXPECT_EQ(std::memcmp(ends.remote_addr, "\x7f\0\0\5", 4), 0);
    EXPECT_EQ(std::memcmp(ends.local_addr, "\x7f\0\0\1", 4), 0);
    EXPECT_EQ(ends.remote_port, ntohs(remote.sin_port));
    EXPECT_NE(ends.local_port, 0);
    EXPECT_NE(ends.ino, 0u);
    EXPECT_EQ(ends.ino, stream(i).file.ino);
  }
  EXPECT_EQ(stream(1).ends.state, 10);  // listening
  EXPECT_EQ(stream(1).ends.local_port, ntohs(remote.sin_port));
  EXPECT_EQ(stream(1).ends.remote_port, 0);
  ::close(listener);
}

TEST_F(Streams, Tcp6Socket) {
  const int listener = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 want{};
  want.sin6_family = AF_INET6;
  want.sin6_addr = in6addr_loopback;
  const sockaddr_in6 remote = Bound(listener, want);
  ASSERT_EQ(::listen(listener, 8), 0);
  Run([&] {
    const int fd = Connected(remote, AF_INET6);
    return std::array<int, 3>{fd, fd, fd};
  });
  const endpoints& ends = stream(0).ends;
  EXPECT_EQ(ends.family, AF_INET6);
  EXPECT_EQ(std::memcmp(ends.remote_addr, &in6addr_loopback, 16), 0);
  EXPECT_EQ(std::memcmp(ends.local_addr, &in6addr_loopback, 16), 0);
  EXPECT_EQ(ends.remote_port, ntohs(remote.sin6_port));
  EXPECT_NE(ends.local_port, 0);
  ::close(listener);
}

TEST_F(Streams, UnixSocketsByTheirNames) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s/s", dir_.path().c_str());
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  Run([&] {
    const int client = Connected(address, AF_UNIX);
    const int abstract = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un hidden{};
    hidden.sun_family = AF_UNIX;
    std::memcpy(hidden.sun_path, "\0nezuban\0test", 13);
    REQUIRE_OK(::bind(abstract, reinterpret_cast<sockaddr*>(&hidden),
                      offsetof(sockaddr_un, sun_path) + 13) == 0);
    return std::array<int, 3>{client, listener, abstract};
  });
  EXPECT_EQ(stream(0).kind, STDIO_SOCKET);
  EXPECT_EQ(stream(0).ends.family, AF_UNIX);
  EXPECT_EQ(name(0), address.sun_path);  // its peer's
  EXPECT_EQ(name(1), address.sun_path);  // its own
  EXPECT_EQ(name(2), std::string("@nezuban\0test", 13));
  ::close(listener);
}

TEST_F(Streams, SocketpairHasNoName) {
  Run([&] {
    int pair[2];
    REQUIRE_OK(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    return std::array<int, 3>{pair[0], pair[0], pair[0]};
  });
  EXPECT_EQ(stream(0).kind, STDIO_SOCKET);
  EXPECT_EQ(name(0), "");
  EXPECT_FALSE(exec_->Truncated((*exec_)->stdio_names[0]));
}

TEST_F(Streams, ControllingTerminal) {
  int minor_number = -1;
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  ASSERT_EQ(::ioctl(master, TIOCGPTN, &minor_number), 0);
  const std::string slave = "/dev/pts/" + std::to_string(minor_number);
  Run([&] {
    REQUIRE_OK(::setsid() > 0);
    const int fd = ::open(slave.c_str(), O_RDWR);
    REQUIRE_OK(fd >= 0);
    return std::array<int, 3>{fd, fd, fd};
  });
  EXPECT_EQ((*exec_)->tty, 136u << 8 | static_cast<unsigned>(minor_number));
  EXPECT_EQ((*exec_)->sid, exec_->header().tgid);
  EXPECT_EQ((*exec_)->pgid, exec_->header().tgid);
  EXPECT_EQ(stream(0).kind, STDIO_FILE);
  EXPECT_EQ(name(0), slave);
  EXPECT_EQ(stream(0).file.mode & S_IFMT, static_cast<unsigned>(S_IFCHR));

  Run([&] {
    REQUIRE_OK(::setsid() > 0);
    const int null = ::open("/dev/null", O_RDWR);
    return std::array<int, 3>{null, null, null};
  });
  EXPECT_EQ((*exec_)->tty, 0u);
  ::close(master);
}

TEST_F(Streams, LongPathIsCutAtItsStart) {
  std::string path;
  Run([&] {
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    for (int i = 0; i < 10; ++i) {
      const std::string part(250, static_cast<char>('a' + i));
      REQUIRE_OK(::mkdir(part.c_str(), 0755) == 0 && ::chdir(part.c_str()) == 0);
    }
    const int fd = ::open("leaf", O_RDWR | O_CREAT, 0600);
    return std::array<int, 3>{fd, fd, fd};
  });
  EXPECT_EQ(name(2).size(), 2048u);
  EXPECT_TRUE(name(2).ends_with(std::string(250, 'j') + "/leaf"));
  EXPECT_TRUE(exec_->Truncated((*exec_)->stdio_names[2]));
}

}  // namespace
}  // namespace nezuban::bpf_test
