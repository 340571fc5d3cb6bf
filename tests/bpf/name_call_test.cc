// SPDX-License-Identifier: Apache-2.0
// Names of files made, changed and removed, and modes, by every call that does it.
#include "bpf/name_call_fixture.h"

namespace nezuban::bpf_test {
namespace {

constexpr unsigned kExchange = 1 << 1;  // RENAME_EXCHANGE
#ifndef SYS_fchmodat2
constexpr long SYS_fchmodat2 = 452;
#endif

long Renameat2(int from, const char* name, int to, const char* new_name, unsigned flags) {
  return ::syscall(SYS_renameat2, from, name, to, new_name, flags);
}

// The directory and /proc, as descriptors of the child.
struct Dirs {
  int here;
  int proc;
};

void OpenDirs(Dirs& dirs) {
  dirs.here = ::open(".", O_PATH | O_DIRECTORY);
  dirs.proc = ::open("/proc", O_PATH | O_DIRECTORY);
  REQUIRE_OK(dirs.here >= 0 && dirs.proc >= 0);
}

TEST_F(NameCallTest, Rename) {
  Shared<Dirs> dirs;
  const auto calls = RunInside([&] {
    OpenDirs(*dirs);
    REQUIRE_OK(::syscall(SYS_mkdirat, AT_FDCWD, "sub", 0700) == 0);
    const std::string absolute = Path("b");
    for (int i = 0; i < 7; ++i)
      REQUIRE_OK(Renameat2(AT_FDCWD, i % 2 ? "sub/a" : "file", dirs->here, i % 2 ? "file" : "sub/a",
                           0) == 0);
    REQUIRE_OK(::syscall(SYS_renameat, dirs->here, "sub/a", AT_FDCWD, absolute.c_str()) == 0);
    REQUIRE_OK(Renameat2(AT_FDCWD, "b", AT_FDCWD, "sub", kExchange) == 0);
#if defined(__x86_64__)
    REQUIRE_OK(::syscall(SYS_rename, "sub", "./b/../c") == 0);
#endif
  });
  const std::string& here = dir_.path();
  ASSERT_GE(calls.size(), 10u);
  Expect(calls[0], {.name = "mkdirat", .first = "sub", .dir = here, .mode = 0700});
  for (std::size_t i = 1; i < 8; ++i)
    Expect(calls[i], {.name = "renameat2",
                      .first = i % 2 ? "file" : "sub/a",
                      .second = i % 2 ? "sub/a" : "file",
                      .dir = here,
                      .new_dir = here,
                      .new_dirfd = dirs->here});
  Expect(calls[8], {.name = "renameat",
                    .first = "sub/a",
                    .second = Path("b"),
                    .dir = here,
                    .dirfd = dirs->here});
  Expect(calls[9], {.name = "renameat2",
                    .first = "b",
                    .second = "sub",
                    .dir = here,
                    .new_dir = here,
                    .flags = kExchange});
#if defined(__x86_64__)
  ASSERT_EQ(calls.size(), 11u);
  Expect(calls[10], {.name = "rename",
                     .first = "sub",
                     .second = "./b/../c",
                     .dir = here,
                     .new_dir = here,
                     .new_path = Path("c")});
#else
  ASSERT_EQ(calls.size(), 10u);
#endif
}

TEST_F(NameCallTest, Unlink) {
  Shared<Dirs> dirs;
  const std::string file = Path("file");
  const auto calls = RunInside([&] {
    OpenDirs(*dirs);
    REQUIRE_OK(::syscall(SYS_unlinkat, AT_FDCWD, file.c_str(), 0) == 0);
    for (int i = 0; i < 5; ++i) {
      REQUIRE_OK(::mkdir("sub", 0711) == 0);
      REQUIRE_OK(::syscall(SYS_unlinkat, dirs->here, "sub", AT_REMOVEDIR) == 0);
    }
#if defined(__x86_64__)
    REQUIRE_OK(::syscall(SYS_mkdir, "sub", 0700) == 0);
    REQUIRE_OK(::syscall(SYS_rmdir, "sub") == 0);
    REQUIRE_OK(::syscall(SYS_unlink, "sub") < 0 && errno == ENOENT);
#endif
  });
  const std::string& here = dir_.path();
  ASSERT_GE(calls.size(), 11u);
  Expect(calls[0], {.name = "unlinkat", .first = file});
  for (std::size_t i = 1; i < 11; i += 2) {
    EXPECT_EQ(calls[i].header().type, EVENT_MKDIR);
    Expect(calls[i + 1], {.name = "unlinkat",
                          .first = "sub",
                          .dir = here,
                          .dirfd = dirs->here,
                          .flags = AT_REMOVEDIR});
  }
#if defined(__x86_64__)
  ASSERT_EQ(calls.size(), 14u);
  Expect(calls[11], {.name = "mkdir", .first = "sub", .dir = here, .mode = 0700});
  Expect(calls[12], {.name = "rmdir", .first = "sub", .dir = here});
  Expect(calls[13], {.name = "unlink", .first = "sub", .dir = here, .result = -ENOENT});
#endif
}

TEST_F(NameCallTest, Mkdir) {
  Shared<Dirs> dirs;
  const auto calls = RunInside([&] {
    OpenDirs(*dirs);
    for (const char* name : {"a", "b", "c", "d", "e"})
      REQUIRE_OK(::syscall(SYS_mkdirat, dirs->here, name, 01755) == 0);
  });
  ASSERT_EQ(calls.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i)
    Expect(calls[i], {.name = "mkdirat",
                      .first = std::string(1, static_cast<char>('a' + i)),
                      .dir = dir_.path(),
                      .dirfd = dirs->here,
                      .mode = 01755});
}

TEST_F(NameCallTest, Link) {
  Shared<Dirs> dirs;
  Shared<int> fd;
  const auto calls = RunInside([&] {
    OpenDirs(*dirs);
    for (const char* name : {"a", "b", "c"})
      REQUIRE_OK(::syscall(SYS_linkat, AT_FDCWD, "file", dirs->here, name, 0) == 0);
    for (const char* name : {"x", "y", "z"})
      REQUIRE_OK(::syscall(SYS_symlinkat, "../etc/shadow", dirs->here, name) == 0);
    *fd = ::open("file", O_RDONLY);
    REQUIRE_OK(::syscall(SYS_linkat, *fd, "", dirs->here, "d", AT_EMPTY_PATH) == 0);
#if defined(__x86_64__)
    REQUIRE_OK(::syscall(SYS_link, "file", "e") == 0);
    REQUIRE_OK(::syscall(SYS_symlink, "/etc/shadow", "f") == 0);
#endif
  });
  const std::string& here = dir_.path();
  ASSERT_GE(calls.size(), 7u);
  for (std::size_t i = 0; i < 3; ++i) {
    Expect(calls[i], {.name = "linkat",
                      .first = "file",
                      .second = std::string(1, static_cast<char>('a' + i)),
                      .dir = here,
                      .new_dir = here,
                      .new_dirfd = dirs->here});
    Expect(calls[3 + i], {.name = "symlinkat",
                          .first = "../etc/shadow",
                          .second = std::string(1, static_cast<char>('x' + i)),
                          .new_dir = here,
                          .new_dirfd = dirs->here});
  }
  Expect(calls[6], {.name = "linkat",
                    .second = "d",
                    .new_dir = here,
                    .dirfd = *fd,
                    .new_dirfd = dirs->here,
                    .flags = AT_EMPTY_PATH,
                    .path = Path("file")});
  struct stat st {};
  ASSERT_EQ(::stat(Path("file").c_str(), &st), 0);
  EXPECT_EQ(calls[6]->file.ino, st.st_ino);
#if defined(__x86_64__)
  ASSERT_EQ(calls.size(), 9u);
  Expect(calls[7], {.name = "link", .first = "file", .second = "e", .dir = here, .new_dir = here});
  Expect(calls[8], {.name = "symlink", .first = "/etc/shadow", .second = "f", .new_dir = here});
#endif
}

TEST_F(NameCallTest, Chmod) {
  Shared<Dirs> dirs;
  Shared<int> fd;
  Shared<bool> has_fchmodat2;
  const auto calls = RunInside([&] {
    OpenDirs(*dirs);
    *fd = ::open("file", O_RDONLY);
    for (int i = 0; i < 7; ++i) REQUIRE_OK(::fchmod(*fd, 04755) == 0);
    REQUIRE_OK(::syscall(SYS_fchmodat, dirs->here, "file", 02711) == 0);
    *has_fchmodat2 = ::syscall(SYS_fchmodat2, *fd, "", 0600, AT_EMPTY_PATH) == 0 || errno != ENOSYS;
#if defined(__x86_64__)
    REQUIRE_OK(::syscall(SYS_chmod, "file", 0100600) == 0);
#endif
  });
  const std::string& here = dir_.path();
  struct stat st {};
  ASSERT_EQ(::stat(Path("file").c_str(), &st), 0);
  ASSERT_GE(calls.size(), 9u);
  for (std::size_t i = 0; i < 7; ++i) {
    Expect(calls[i], {.name = "fchmod", .dirfd = *fd, .mode = 04755, .path = Path("file")});
    EXPECT_EQ(calls[i].header().flags, 0u) << "nothing of the caller's memory";
    EXPECT_EQ(calls[i]->file.ino, st.st_ino);
    EXPECT_EQ(calls[i]->file.dev, KernelDev(st.st_dev));
    EXPECT_EQ(calls[i]->file.nlink, 1u);
    EXPECT_EQ(calls[i]->file.mode, S_IFREG | 04755u);
    EXPECT_EQ(calls[i]->file.mnt_ns, NamespaceInode(::getpid(), "mnt"));
  }
  Expect(calls[7],
         {.name = "fchmodat", .first = "file", .dir = here, .dirfd = dirs->here, .mode = 02711});
  std::size_t next = 8;
  if (calls[next].event().name() == std::string_view("fchmodat2")) {
    if (*has_fchmodat2) {
      Expect(calls[next], {.name = "fchmodat2",
                           .dirfd = *fd,
                           .flags = AT_EMPTY_PATH,
                           .mode = 0600,
                           .path = Path("file")});
    }
    ++next;
  }
#if defined(__x86_64__)
  ASSERT_EQ(calls.size(), next + 1);
  Expect(calls[next], {.name = "chmod", .first = "file", .dir = here, .mode = 0100600});
#endif
}

TEST_F(NameCallTest, Failed) {
  const std::string missing = Path("missing");
  Shared<Dirs> dirs;
  const auto calls = RunInside([&] {
    OpenDirs(*dirs);
    for (int i = 0; i < 5; ++i) REQUIRE_OK(::unlinkat(AT_FDCWD, missing.c_str(), 0) < 0);
    REQUIRE_OK(Renameat2(dirs->proc, "no/such", AT_FDCWD, "x", 0) < 0);
    REQUIRE_OK(::mkdirat(999, "x", 0700) < 0 && errno == EBADF);
    REQUIRE_OK(::syscall(SYS_linkat, AT_FDCWD, nullptr, AT_FDCWD, "x", 0) < 0 && errno == EFAULT);
    REQUIRE_OK(::fchmod(999, 0700) < 0 && errno == EBADF);
    REQUIRE_OK(::syscall(SYS_mkdirat, AT_FDCWD, "", 0700) < 0 && errno == ENOENT);
  });
  ASSERT_EQ(calls.size(), 10u);
  for (std::size_t i = 0; i < 5; ++i)
    Expect(calls[i], {.name = "unlinkat", .first = missing, .result = -ENOENT});
  EXPECT_LT(calls[5]->result, 0);
  ExpectText(calls[5], calls[5]->dir, "/proc");
  ExpectText(calls[5], calls[5]->new_dir, dir_.path());
  Expect(calls[6], {.name = "mkdirat", .first = "x", .dirfd = 999, .mode = 0700, .result = -EBADF});
  EXPECT_EQ(calls[7]->result, -EFAULT);
  EXPECT_TRUE(calls[7].Truncated(calls[7]->name)) << "there may have been one";
  ExpectText(calls[7], calls[7]->new_name, "x");
  Expect(calls[8], {.name = "fchmod", .dirfd = 999, .mode = 0700, .result = -EBADF});
  Expect(calls[9], {.name = "mkdirat", .mode = 0700, .result = -ENOENT});
}

#if defined(__x86_64__)
TEST_F(NameCallTest, CallsOf32Bits) {
  Shared<Dirs> dirs;
  const auto calls = RunInside([&] {
    OpenDirs(*dirs);
    LowMemory memory;
    const auto here = static_cast<std::uint32_t>(dirs->here);
    const std::uint32_t file = memory.Put("file"), a = memory.Put("a"), b = memory.Put("b"),
                        d = memory.Put("d");
    const auto cwd = static_cast<std::uint32_t>(AT_FDCWD);
    const auto fd = static_cast<std::uint32_t>(::open("file", O_RDONLY));
    for (const int result :
         {Int80(38, file, a), Int80(302, here, a, cwd, b), Int80(353, cwd, b, here, file, 0),
          Int80(39, d, 0700), Int80(40, d), Int80(296, here, d, 0750),
          Int80(301, here, d, AT_REMOVEDIR), Int80(9, file, a), Int80(10, a),
          Int80(303, cwd, file, here, a, 0), Int80(83, file, b), Int80(304, file, here, d),
          Int80(15, file, 0640), Int80(94, fd, 04700), Int80(306, here, file, 0600)})
      REQUIRE_OK(result == 0);
  });
  const std::string& here = dir_.path();
  const int dir = dirs->here;
  ASSERT_EQ(calls.size(), 15u);
  Expect(calls[0],
         {.name = "rename", .first = "file", .second = "a", .dir = here, .new_dir = here});
  Expect(calls[1], {.name = "renameat",
                    .first = "a",
                    .second = "b",
                    .dir = here,
                    .new_dir = here,
                    .dirfd = dir});
  Expect(calls[2], {.name = "renameat2",
                    .first = "b",
                    .second = "file",
                    .dir = here,
                    .new_dir = here,
                    .new_dirfd = dir});
  Expect(calls[3], {.name = "mkdir", .first = "d", .dir = here, .mode = 0700});
  Expect(calls[4], {.name = "rmdir", .first = "d", .dir = here});
  Expect(calls[5], {.name = "mkdirat", .first = "d", .dir = here, .dirfd = dir, .mode = 0750});
  Expect(calls[6],
         {.name = "unlinkat", .first = "d", .dir = here, .dirfd = dir, .flags = AT_REMOVEDIR});
  Expect(calls[7], {.name = "link", .first = "file", .second = "a", .dir = here, .new_dir = here});
  Expect(calls[8], {.name = "unlink", .first = "a", .dir = here});
  Expect(calls[9], {.name = "linkat",
                    .first = "file",
                    .second = "a",
                    .dir = here,
                    .new_dir = here,
                    .new_dirfd = dir});
  Expect(calls[10], {.name = "symlink", .first = "file", .second = "b", .new_dir = here});
  Expect(calls[11],
         {.name = "symlinkat", .first = "file", .second = "d", .new_dir = here, .new_dirfd = dir});
  Expect(calls[12], {.name = "chmod", .first = "file", .dir = here, .mode = 0640});
  EXPECT_EQ(calls[13].event().name(), "fchmod");
  ExpectText(calls[13], calls[13]->path, Path("file"));
  EXPECT_EQ(calls[13]->mode, 04700u);
  Expect(calls[14], {.name = "fchmodat", .first = "file", .dir = here, .dirfd = dir, .mode = 0600});
}
#endif

// Where the kernel has no x32 they fail, seen at the exit of all calls: they come to no call's own
// function.
#if defined(__x86_64__)
TEST_F(NameCallTest, CallsOfX32) {
  constexpr long kX32 = 0x40000000;
  Shared<int> result;
  const auto calls = RunInside([&] {
    LowMemory memory;
    const std::uint32_t name = memory.Put("d");
    for (int i = 0; i < 3; ++i) *result = ::syscall(kX32 + SYS_mkdir, name, 0700) == 0 ? 0 : -errno;
    REQUIRE_OK(*result == -EEXIST || *result == -ENOSYS);
  });
  const bool seen = *result != -ENOSYS || !object(EVENT_MKDIR);
  ASSERT_EQ(calls.size(), seen ? 3u : 0u);
  if (!seen) return;
  Expect(calls[2],
         {.name = "mkdir", .first = "d", .dir = dir_.path(), .mode = 0700, .result = *result});
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
