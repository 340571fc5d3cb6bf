// SPDX-License-Identifier: Apache-2.0
// The new mount API: what fsmount or open_tree made appears with move_mount.
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>

#include "bpf/mount_fixture.h"

namespace nezuban::bpf_test {
namespace {

class MoveMountTest : public MountTest {
 protected:
  // What came, without the fsmount calls that led there.
  std::vector<Mount> RunMoves(const std::function<void()>& act) {
    std::vector<Mount> moves;
    for (const Mount& mount : Run(act))
      if (mount.event().name() != "fsmount") moves.push_back(mount);
    return moves;
  }
};

int SysFsopen(const char* type) { return static_cast<int>(::syscall(SYS_fsopen, type, 0)); }
// fsconfig(…, FSCONFIG_CMD_CREATE) and fsmount.
int SysFsmount(const char* type) {
  const int context = SysFsopen(type);
  REQUIRE_OK(context >= 0);
  REQUIRE_OK(::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0);
  const int mount = static_cast<int>(::syscall(SYS_fsmount, context, 0, MOUNT_ATTR_NOSUID));
  REQUIRE_OK(mount >= 0 && ::close(context) == 0);
  return mount;
}
int SysMoveMount(int from, const char* from_path, const char* to, unsigned flags) {
  return static_cast<int>(::syscall(SYS_move_mount, from, from_path, AT_FDCWD, to, flags));
}

TEST_F(MoveMountTest, MadeByFsmount) {
  const std::string at = MakeDir("at");
  const auto mounts = RunMoves([&] {
    for (int i = 0; i < 5; ++i) {
      const int fd = SysFsmount(i % 2 == 0 ? "proc" : "tmpfs");
      REQUIRE_OK(SysMoveMount(fd, "", at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0);
    }
  });
  ASSERT_EQ(mounts.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    const bool proc = i % 2 == 0;
    Expect(mounts[i], {.name = "move_mount",
                       .source = "none",
                       .type = proc ? "proc" : "tmpfs",
                       .target = at,
                       .flags = MS_NOSUID | MS_RELATIME});
    EXPECT_EQ(mounts[i]->fs_pid_ns, proc ? NamespaceInode(::getpid(), "pid") : 0u);
    EXPECT_NE(mounts[i]->source_dev, 0u);
    EXPECT_EQ(mounts[i]->block_device, 0);
  }
  EXPECT_EQ(mounts[0]->target_file.ino, InodeOf(at));
}

TEST_F(MoveMountTest, FsmountAloneIsAMountWithoutTarget) {
  const auto mounts = Run([&] {
    for (int i = 0; i < 5; ++i) REQUIRE_OK(SysFsmount(i % 2 == 0 ? "proc" : "tmpfs") >= 0);
  });
  ASSERT_EQ(mounts.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    const bool proc = i % 2 == 0;
    Expect(mounts[i], {.name = "fsmount",
                       .source = "none",
                       .type = proc ? "proc" : "tmpfs",
                       .target = "",
                       .flags = MS_NOSUID | MS_RELATIME});
    EXPECT_EQ(mounts[i]->fs_pid_ns, proc ? NamespaceInode(::getpid(), "pid") : 0u);
    EXPECT_NE(mounts[i]->source_dev, 0u);
  }
}

TEST_F(MoveMountTest, FsmountRefused) {
  const auto mounts = Run([&] {
    for (int i = 0; i < 3; ++i) REQUIRE_OK(::syscall(SYS_fsmount, -1, 0, 0) < 0);
  });
  ASSERT_EQ(mounts.size(), 3u);
  for (const Mount& mount : mounts)
    Expect(mount, {.name = "fsmount", .result = -EBADF, .resolved = false});
}

TEST_F(MoveMountTest, MadeByOpenTree) {
  const std::string at = MakeDir("at");
  const auto mounts = RunMoves([&] {
    REQUIRE_OK(::mount("s", at.c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mkdir((at + "/inner").c_str(), 0755) == 0);
    for (int i = 0; i < 3; ++i) {
      const int fd = static_cast<int>(
          ::syscall(SYS_open_tree, AT_FDCWD, (at + "/inner").c_str(), OPEN_TREE_CLONE));
      REQUIRE_OK(fd >= 0);
      REQUIRE_OK(SysMoveMount(fd, "", (at + "/inner").c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0);
    }
  });
  ASSERT_EQ(mounts.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) {
    Expect(mounts[i], {.name = "move_mount",
                       .source = "/inner",
                       .type = "tmpfs",
                       .target = at + "/inner",
                       .flags = MS_BIND | MS_RELATIME});
    EXPECT_EQ(mounts[i]->source_dev, mounts[0]->source_dev);
  }
}

// An attached mount is moved by its path: only the object sensor knows which.
TEST_F(MoveMountTest, MovedByPath) {
  const std::string at = MakeDir("at");
  const std::string to = MakeDir("to");
  const auto mounts = RunMoves([&] {
    REQUIRE_OK(::mount("s", at.c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(SysMoveMount(AT_FDCWD, at.c_str(), to.c_str(), 0) == 0);
  });
  ASSERT_EQ(mounts.size(), 2u);
  if (object()) {
    Expect(
        mounts[1],
        {.name = "move_mount", .source = "s", .type = "tmpfs", .target = to, .flags = MS_RELATIME});
  } else {
    Expect(mounts[1], {.name = "move_mount", .source = at, .target = to, .resolved = false});
    EXPECT_EQ(mounts[1].header().flags, RECORD_FROM_USER_MEMORY);
  }
}

TEST_F(MoveMountTest, MoveRefused) {
  const std::string missing = dir_.path() + "/missing";
  const std::string at = MakeDir("at");
  const std::string file = MakeProgram(dir_.path() + "/file");
  Shared<int> error;  // which one depends on the kernel
  const auto mounts = RunMoves([&] {
    const int fd = SysFsmount("tmpfs");
    REQUIRE_OK(SysMoveMount(fd, "", missing.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0);
    REQUIRE_OK(SysMoveMount(-1, "", at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0);
    REQUIRE_OK(SysMoveMount(fd, "", file.c_str(), MOVE_MOUNT_F_EMPTY_PATH) < 0);
    *error = errno;
  });
  ASSERT_EQ(mounts.size(), 3u);
  Expect(mounts[0], {.name = "move_mount",
                     .source = "none",
                     .type = "tmpfs",
                     .target = missing,
                     .flags = MS_NOSUID | MS_RELATIME,
                     .result = -ENOENT,
                     .resolved = false});
  EXPECT_EQ(mounts[0].header().flags, RECORD_FROM_USER_MEMORY);
  Expect(mounts[1], {.name = "move_mount", .target = at, .result = -EBADF, .resolved = false});
  Expect(mounts[2], {.name = "move_mount",
                     .source = "none",
                     .type = "tmpfs",
                     .target = file,
                     .flags = MS_NOSUID | MS_RELATIME,
                     .result = -*error,
                     .resolved = false});
  EXPECT_EQ(mounts[2].header().flags, object() ? 0u : RECORD_FROM_USER_MEMORY);
}

#if defined(__x86_64__)
TEST_F(MoveMountTest, CallsOf32Bits) {
  const std::string at = MakeDir("at");
  const auto mounts = RunMoves([&] {
    LowMemory memory;
    const std::uint32_t target = memory.Put(at.c_str());
    const std::uint32_t empty = memory.Put("");
    for (int i = 0; i < 3; ++i) {
      const auto fd = static_cast<std::uint32_t>(SysFsmount("tmpfs"));
      REQUIRE_OK(Int80(SYS_move_mount, fd, empty, static_cast<std::uint32_t>(AT_FDCWD), target,
                       MOVE_MOUNT_F_EMPTY_PATH) == 0);
    }
  });
  ASSERT_EQ(mounts.size(), 3u);
  for (const Mount& mount : mounts)
    Expect(mount, {.name = "move_mount",
                   .source = "none",
                   .type = "tmpfs",
                   .target = at,
                   .flags = MS_NOSUID | MS_RELATIME});
}

TEST_F(MoveMountTest, FsmountOf32Bits) {
  const auto mounts = Run([&] {
    constexpr int kFsmount = 432;
    const int context = SysFsopen("tmpfs");
    REQUIRE_OK(::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0);
    REQUIRE_OK(Int80(kFsmount, static_cast<std::uint32_t>(context), 0, MOUNT_ATTR_NOSUID) >= 0);
    REQUIRE_OK(Int80(kFsmount, ~0u, 0, 0) == -EBADF);
  });
  ASSERT_EQ(mounts.size(), 2u);
  Expect(mounts[0], {.name = "fsmount",
                     .source = "none",
                     .type = "tmpfs",
                     .target = "",
                     .flags = MS_NOSUID | MS_RELATIME});
  Expect(mounts[1], {.name = "fsmount", .result = -EBADF, .resolved = false});
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
