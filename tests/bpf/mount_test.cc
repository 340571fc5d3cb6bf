// SPDX-License-Identifier: Apache-2.0
// mount(2) as the kernel knows it: made, bound, changed, moved and refused.
#include <fstream>
#include <sstream>

#include "bpf/mount_fixture.h"

namespace nezuban::bpf_test {
namespace {

// A file system on a block device, mounted somewhere on this machine.
struct Disk {
  std::string device, directory, type;
  bool read_only = false;
};

Disk FindDisk() {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    Disk disk;
    std::string options;
    words >> disk.device >> disk.directory >> disk.type >> options;
    struct stat st {};
    disk.read_only = options.rfind("ro", 0) == 0;
    if (::stat(disk.device.c_str(), &st) == 0 && S_ISBLK(st.st_mode)) return disk;
  }
  CHECK(!"a block device is mounted");
  return {};
}

TEST_F(MountTest, NewFileSystem) {
  const std::string at = MakeDir("at");
  const auto mounts = Run([&] {
    for (int i = 0; i < 7; ++i)
      REQUIRE_OK(::mount("some source", at.c_str(), "tmpfs", MS_NOSUID | MS_NOEXEC, nullptr) == 0);
  });
  ASSERT_EQ(mounts.size(), 7u);
  for (const Mount& mount : mounts) {
    Expect(
        mount,
        {.source = "some source", .type = "tmpfs", .target = at, .flags = MS_NOSUID | MS_NOEXEC});
    EXPECT_NE(mount->source_dev, 0u);
    EXPECT_EQ(mount->block_device, 0);
    EXPECT_EQ(mount->fs_pid_ns, 0u);
    EXPECT_TRUE(S_ISDIR(mount->target_file.mode));
  }
  EXPECT_EQ(mounts[0]->target_file.ino, InodeOf(at));
  EXPECT_EQ(mounts[0]->target_file.dev, DeviceOf(at));
  EXPECT_EQ(mounts[0]->target_file.mnt_ns, *mnt_ns_);
  EXPECT_NE(mounts[0]->source_dev, mounts[1]->source_dev);
}

TEST_F(MountTest, ProcNamesItsPidNamespace) {
  const std::string at = MakeDir("at");
  const auto mounts = Run([&] {
    for (int i = 0; i < 3; ++i) REQUIRE_OK(::mount("proc", at.c_str(), "proc", 0, nullptr) == 0);
  });
  ASSERT_EQ(mounts.size(), 3u);
  for (const Mount& mount : mounts) {
    Expect(mount, {.source = "proc", .type = "proc", .target = at});
    EXPECT_EQ(mount->fs_pid_ns, NamespaceInode(::getpid(), "pid"));
  }
}

TEST_F(MountTest, BlockDevice) {
  const Disk disk = FindDisk();
  const std::string places[] = {MakeDir("a"), MakeDir("b"), MakeDir("c")};
  const unsigned long flags = disk.read_only ? MS_RDONLY : 0;
  const auto mounts = Run([&] {
    for (const std::string& at : places)
      REQUIRE_OK(::mount(disk.device.c_str(), at.c_str(), disk.type.c_str(), flags, nullptr) == 0);
  });
  ASSERT_EQ(mounts.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    Expect(mounts[i],
           {.source = disk.device, .type = disk.type, .target = places[i], .flags = flags});
    EXPECT_EQ(mounts[i]->block_device, 1);
    EXPECT_EQ(mounts[i]->source_dev, DeviceOf(disk.directory));
  }
}

TEST_F(MountTest, BindNamesWhatIsBound) {
  const std::string from = MakeDir("from");
  const std::string at = MakeDir("at");
  const Disk disk = FindDisk();
  const auto mounts = Run([&] {
    REQUIRE_OK(::mount("t", from.c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mkdir((from + "/inner").c_str(), 0755) == 0);
    REQUIRE_OK(::symlink((from + "/inner").c_str(), (from + "/alias").c_str()) == 0);
    REQUIRE_OK(::mount((from + "/alias").c_str(), at.c_str(), nullptr, MS_BIND, nullptr) == 0);
    REQUIRE_OK(::mount("/proc", at.c_str(), "ignored", MS_BIND | MS_REC, nullptr) == 0);
  });
  ASSERT_EQ(mounts.size(), 3u);
  Expect(mounts[1], {.source = "/inner", .type = "tmpfs", .target = at, .flags = MS_BIND});
  EXPECT_EQ(mounts[1]->source_dev, mounts[0]->source_dev);
  Expect(mounts[2], {.source = "/", .type = "proc", .target = at, .flags = MS_BIND | MS_REC});
  EXPECT_EQ(mounts[2]->fs_pid_ns, NamespaceInode(::getpid(), "pid"));
}

// The copy ends with the innermost mount; what was asked for is the outermost.
TEST_F(MountTest, RecursiveBind) {
  const std::string from = MakeDir("from");
  const std::string at = MakeDir("at");
  const auto mounts = Run([&] {
    REQUIRE_OK(::mount("outer", from.c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mkdir((from + "/a").c_str(), 0755) == 0);
    REQUIRE_OK(::mount("middle", (from + "/a").c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mkdir((from + "/a/b").c_str(), 0755) == 0);
    REQUIRE_OK(::mount("p", (from + "/a/b").c_str(), "proc", 0, nullptr) == 0);
    REQUIRE_OK(::mount(from.c_str(), at.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0);
  });
  ASSERT_EQ(mounts.size(), 4u);
  Expect(mounts[1], {.source = "middle", .type = "tmpfs", .target = from + "/a"});
  Expect(mounts[2], {.source = "p", .type = "proc", .target = from + "/a/b"});
  Expect(mounts[3], {.source = "/", .type = "tmpfs", .target = at, .flags = MS_BIND | MS_REC});
  EXPECT_EQ(mounts[3]->source_dev, mounts[0]->source_dev);
}

TEST_F(MountTest, TargetsInManySpellings) {
  const std::string at = MakeDir("at");
  const std::string longest = MakeDir(std::string(255, 'n').c_str());
  const auto mounts = Run([&] {
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    REQUIRE_OK(::mount("s", "at", "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mount("s", "./at/", "tmpfs", MS_MGC_VAL | MS_RDONLY, nullptr) == 0);
    REQUIRE_OK(::mount("s", longest.c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mount("", (at + "/../at").c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::mount(nullptr, at.c_str(), "tmpfs", 0, nullptr) == 0);
  });
  ASSERT_EQ(mounts.size(), 5u);
  Expect(mounts[0], {.source = "s", .type = "tmpfs", .target = at});
  Expect(mounts[1], {.source = "s", .type = "tmpfs", .target = at, .flags = MS_RDONLY});
  Expect(mounts[2], {.source = "s", .type = "tmpfs", .target = longest});
  Expect(mounts[3], {.source = "", .type = "tmpfs", .target = at});
  Expect(mounts[4], {.source = "none", .type = "tmpfs", .target = at});
}

TEST_F(MountTest, Changes) {
  const std::string at = MakeDir("at");
  const std::string to = MakeDir("to");
  const unsigned long changes[] = {MS_REMOUNT | MS_RDONLY, MS_REMOUNT | MS_BIND | MS_NODEV,
                                   MS_SHARED, MS_UNBINDABLE};
  const auto mounts = Run([&] {
    REQUIRE_OK(::mount("s", at.c_str(), "tmpfs", 0, nullptr) == 0);
    for (const unsigned long flags : changes)
      REQUIRE_OK(::mount(nullptr, at.c_str(), nullptr, flags, nullptr) == 0);
    REQUIRE_OK(::mount(at.c_str(), to.c_str(), nullptr, MS_MOVE, nullptr) == 0);
  });
  ASSERT_EQ(mounts.size(), 6u);
  for (std::size_t i = 0; i < 4; ++i) {
    // The tracepoint sensor has the caller's arguments, and there are none.
    const bool bound = changes[i] & MS_BIND;
    Expect(mounts[i + 1], {.source = !object() ? ""
                                     : bound   ? "/"
                                               : "s",
                           .type = object() ? "tmpfs" : "",
                           .target = at,
                           .flags = changes[i],
                           .resolved = object()});
    EXPECT_EQ(mounts[i + 1].header().flags, object() ? 0u : RECORD_FROM_USER_MEMORY);
  }
  Expect(mounts[5], {.source = object() ? "s" : at,
                     .type = object() ? "tmpfs" : "",
                     .target = to,
                     .flags = MS_MOVE,
                     .resolved = object()});
}

TEST_F(MountTest, Refused) {
  const std::string at = MakeDir("at");
  const std::string missing = dir_.path() + "/missing";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  const auto mounts = Run([&] {
    for (int i = 0; i < 3; ++i)
      REQUIRE_OK(::mount("/no/device", at.c_str(), "ext4", MS_NODEV, nullptr) < 0);
    REQUIRE_OK(::mount("s", missing.c_str(), "tmpfs", 0, nullptr) < 0 && errno == ENOENT);
    REQUIRE_OK(::setresuid(65534, 65534, 65534) == 0);
    for (int i = 0; i < 3; ++i)
      REQUIRE_OK(::mount("s", at.c_str(), "tmpfs", 0, nullptr) < 0 && errno == EPERM);
  });
  ASSERT_EQ(mounts.size(), object() ? 6u : 7u);
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    EXPECT_EQ(mounts[i].header().flags, object() ? 0u : RECORD_FROM_USER_MEMORY);
    if (i < 3) {
      Expect(mounts[i], {.source = "/no/device",
                         .type = "ext4",
                         .target = at,
                         .flags = MS_NODEV,
                         .result = -ENOENT,
                         .resolved = false});
    } else if (i == 3 && !object()) {
      Expect(mounts[i], {.source = "s",
                         .type = "tmpfs",
                         .target = missing,
                         .result = -ENOENT,
                         .resolved = false});
    } else {
      EXPECT_EQ(mounts[i].header().euid, 65534u);
      Expect(mounts[i],
             {.source = "s", .type = "tmpfs", .target = at, .result = -EPERM, .resolved = false});
    }
  }
}

#if defined(__x86_64__)
TEST_F(MountTest, CallsOf32Bits) {
  constexpr int kMount = 21;
  const std::string at = MakeDir("at");
  const auto mounts = Run([&] {
    LowMemory memory;
    const std::uint32_t source = memory.Put("s");
    const std::uint32_t target = memory.Put(at.c_str());
    const std::uint32_t type = memory.Put("tmpfs");
    for (int i = 0; i < 5; ++i) REQUIRE_OK(Int80(kMount, source, target, type, MS_NOEXEC) == 0);
  });
  ASSERT_EQ(mounts.size(), 5u);
  for (const Mount& mount : mounts)
    Expect(mount, {.source = "s", .type = "tmpfs", .target = at, .flags = MS_NOEXEC});
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
