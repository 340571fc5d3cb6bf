// SPDX-License-Identifier: Apache-2.0
#include "rpc/socket_lock.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "mode_of.h"
#include "testlib/temp_dir.h"

namespace nezuban::rpc {
namespace {

namespace fs = std::filesystem;

// A socket file that nobody listens on.
void LeaveSocket(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
}

TEST(SocketLock, MakesTheDirectoryPrivate) {
  testlib::TempDir dir;
  const mode_t before = ::umask(0);
  const auto lock = SocketLock::Acquire(dir / "run/nezuban/x.sock");
  ::umask(before);
  ASSERT_TRUE(lock) << lock.error().message;
  EXPECT_EQ(ModeOf(dir / "run/nezuban"), 0700u);
  EXPECT_EQ(ModeOf(dir / "run/nezuban/x.sock.lock"), 0600u);
}

TEST(SocketLock, NamesTheLiveHolder) {
  testlib::TempDir dir;
  const std::string path = dir / "x.sock";
  auto first = SocketLock::Acquire(path);
  ASSERT_TRUE(first);
  const auto second = SocketLock::Acquire(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().exit_code, 2);
  EXPECT_EQ(second.error().message, path + ": in use by pid " + std::to_string(::getpid()));
}

TEST(SocketLock, DoesNotPrintWhatElseTheLockFileSays) {
  testlib::TempDir dir;
  const std::string path = dir / "x.sock";
  auto first = SocketLock::Acquire(path);
  ASSERT_TRUE(first);
  std::ofstream(path + ".lock") << "\x1b[2J evil";
  const auto second = SocketLock::Acquire(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, path + ": in use by another process");
}

TEST(SocketLock, ReplacesWhatADeadHolderLeft) {
  testlib::TempDir dir;
  const std::string path = dir / "x.sock";
  LeaveSocket(path);
  const pid_t child = ::fork();
  if (child == 0) {  // dies with the lock and its file
    auto held = SocketLock::Acquire(path);
    LeaveSocket(path);
    ::_exit(held ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(path) && fs::exists(path + ".lock"));
  const auto lock = SocketLock::Acquire(path);
  ASSERT_TRUE(lock) << lock.error().message;
  EXPECT_FALSE(fs::exists(path));
  std::string pid;
  std::ifstream(path + ".lock") >> pid;
  EXPECT_EQ(pid, std::to_string(::getpid()));
}

TEST(SocketLock, LeavesNothing) {
  testlib::TempDir dir;
  const std::string path = dir / "x.sock";
  {
    const auto lock = SocketLock::Acquire(path);
    LeaveSocket(path);
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::exists(path + ".lock"));
}

TEST(SocketLock, KeepsAwayFromWhatIsNotASocket) {
  testlib::TempDir dir;
  const std::string path = dir / "precious";
  std::ofstream(path) << "data";
  const auto lock = SocketLock::Acquire(path);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().message, path + ": is there and is not a socket");
  EXPECT_TRUE(fs::exists(path));
}

TEST(SocketLock, DoesNotFollowALinkedLockFile) {
  testlib::TempDir dir;
  std::ofstream(dir / "precious") << "data";
  fs::create_symlink(dir / "precious", dir / "x.sock.lock");
  EXPECT_FALSE(SocketLock::Acquire(dir / "x.sock"));
  EXPECT_EQ(fs::file_size(dir / "precious"), 4u);
}

TEST(SocketLock, RefusesADirectoryOthersMayWrite) {
  testlib::TempDir dir;
  fs::create_directory(dir / "open");
  ASSERT_EQ(::chmod((dir / "open").c_str(), 0777), 0);
  const auto lock = SocketLock::Acquire(dir / "open/x.sock");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().exit_code, 2);
  ASSERT_EQ(::chmod((dir / "open").c_str(), 01777), 0);  // sticky, as /tmp: fine
  EXPECT_TRUE(SocketLock::Acquire(dir / "open/x.sock"));
}

TEST(SocketLock, RefusesADirectoryOfSomeoneElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  testlib::TempDir dir;
  fs::create_directory(dir / "theirs");
  ASSERT_EQ(::chown((dir / "theirs").c_str(), 12345, 12345), 0);
  const auto lock = SocketLock::Acquire(dir / "theirs/x.sock");
  ASSERT_FALSE(lock);
  EXPECT_NE(lock.error().message.find("belongs to uid 12345"), std::string::npos);
}

}  // namespace
}  // namespace nezuban::rpc
