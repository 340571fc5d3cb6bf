// SPDX-License-Identifier: Apache-2.0
// Opens as the kernel knows them, by every call that opens, those that fail included.
#include <array>

#include "bpf/open_fixture.h"

namespace nezuban::bpf_test {
namespace {

struct Handle {
  file_handle head;
  unsigned char bytes[128];
};

TEST_F(OpenTest, EveryField) {
  Shared<std::array<int, 7>> fds;
  const auto opens = Run([&] {
    for (int& fd : *fds) fd = Openat(AT_FDCWD, file_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  });
  ASSERT_EQ(opens.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) {
    Expect(opens[i], {.path = file_,
                      .as_passed = file_,
                      .flags = O_RDWR | O_CLOEXEC | O_NONBLOCK,
                      .result = (*fds)[i]});
    ExpectFile(opens[i]->file, See(file_));
    EXPECT_EQ(opens[i]->file.mnt_ns, NamespaceInode(::getpid(), "mnt"));
    EXPECT_EQ(opens[i]->file.flags & (FILE_CREATED | FILE_DETACHED), 0);
    EXPECT_EQ(opens[i]->dir.len, 0);
    EXPECT_EQ(opens[i]->resolve, 0u);
    EXPECT_EQ(opens[i].header().flags, RECORD_FROM_USER_MEMORY);
  }
}

TEST_F(OpenTest, EveryCall) {
  const std::string made = dir_.path() + "/made";
  Shared<int> handles;  // 0: the file system has none
  Shared<int> mount_fd;
  const auto opens = Run([&] {
    open_how how{.flags = O_WRONLY | O_APPEND, .mode = 0, .resolve = RESOLVE_NO_MAGICLINKS};
#if defined(__x86_64__)
    REQUIRE_OK(::syscall(SYS_open, file_.c_str(), O_RDONLY | O_NOFOLLOW) >= 0);
    REQUIRE_OK(::syscall(SYS_creat, made.c_str(), 0751) >= 0);
#endif
    REQUIRE_OK(::syscall(SYS_openat2, AT_FDCWD, file_.c_str(), &how, sizeof how) >= 0);
    *mount_fd = Openat(AT_FDCWD, dir_.path().c_str(), O_DIRECTORY);
    REQUIRE_OK(*mount_fd >= 0);
    Handle handle{};
    int mount_id = 0;
    handle.head.handle_bytes = sizeof handle.bytes;
    if (::name_to_handle_at(AT_FDCWD, file_.c_str(), &handle.head, &mount_id, 0) != 0) return;
    *handles = ::open_by_handle_at(*mount_fd, &handle.head, O_RDWR);
    REQUIRE_OK(*handles >= 0);
  });
  std::size_t i = 0;
#if defined(__x86_64__)
  ASSERT_GE(opens.size(), 4u);
  Expect(opens[0],
         {.name = "open", .path = file_, .as_passed = file_, .flags = O_NOFOLLOW, .result = -1});
  Expect(opens[1], {.name = "creat",
                    .path = made,
                    .as_passed = made,
                    .flags = O_CREAT | O_WRONLY | O_TRUNC,
                    .mode = 0751,
                    .result = -1});
  EXPECT_NE(opens[1]->file.flags & FILE_CREATED, 0);
  i = 2;
#endif
  Expect(opens[i], {.name = "openat2",
                    .path = file_,
                    .as_passed = file_,
                    .flags = O_WRONLY | O_APPEND,
                    .result = -1});
  EXPECT_EQ(opens[i]->resolve, static_cast<std::uint64_t>(RESOLVE_NO_MAGICLINKS));
  Expect(
      opens[i + 1],
      {.path = dir_.path(), .as_passed = dir_.path(), .flags = O_DIRECTORY, .result = *mount_fd});
  EXPECT_TRUE(S_ISDIR(opens[i + 1]->file.mode));
  if (*handles == 0) return;
  ASSERT_EQ(opens.size(), i + 3);
  Expect(opens[i + 2], {.name = "open_by_handle_at",
                        .path = file_,
                        .flags = O_RDWR,
                        .dirfd = *mount_fd,
                        .result = *handles});
  ExpectFile(opens[i + 2]->file, See(file_));
}

TEST_F(OpenTest, CreatedAndNameless) {
  const std::string made = dir_.path() + "/made";
  Shared<int> nameless;
  const auto opens = Run([&] {
    REQUIRE_OK(Openat(AT_FDCWD, made.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0755) >= 0);
    REQUIRE_OK(Openat(AT_FDCWD, made.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600) >= 0);
    REQUIRE_OK(Openat(AT_FDCWD, made.c_str(), O_WRONLY, 0777) >= 0);
    *nameless = Openat(AT_FDCWD, dir_.path().c_str(), O_TMPFILE | O_RDWR, 0700);
  });
  ASSERT_EQ(opens.size(), 4u);
  Expect(opens[0], {.path = made,
                    .as_passed = made,
                    .flags = O_CREAT | O_EXCL | O_WRONLY,
                    .mode = 0755,
                    .result = -1});
  EXPECT_NE(opens[0]->file.flags & FILE_CREATED, 0);
  Expect(opens[1], {.path = made,
                    .as_passed = made,
                    .flags = O_CREAT | O_TRUNC | O_WRONLY,
                    .mode = 0600,
                    .result = -1});
  EXPECT_EQ(opens[1]->file.flags & FILE_CREATED, 0);
  EXPECT_EQ(opens[2]->mode, 0u) << "nothing may be made, so the mode means nothing";
  EXPECT_EQ(opens[3]->mode, 0700u);
  EXPECT_EQ(opens[3]->flags, static_cast<std::uint64_t>(O_TMPFILE | O_RDWR));
  if (*nameless >= 0) {
    EXPECT_EQ(opens[3]->file.nlink, 0u);
    EXPECT_NE(opens[3]->file.ino, 0u);
  }
}

TEST_F(OpenTest, Failed) {
  const std::string missing = dir_.path() + "/missing";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
  Shared<int> dirfd;
  const auto opens = Run([&] {
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    *dirfd = Openat(AT_FDCWD, "/proc", O_PATH);
    for (int i = 0; i < 5; ++i) REQUIRE_OK(Openat(AT_FDCWD, missing.c_str(), O_RDONLY) < 0);
    REQUIRE_OK(Openat(AT_FDCWD, "missing", O_RDWR) < 0 && errno == ENOENT);
    REQUIRE_OK(Openat(*dirfd, "no/such", O_RDONLY) < 0 && errno == ENOENT);
    REQUIRE_OK(Openat(AT_FDCWD, "", O_RDONLY) < 0 && errno == ENOENT);
    REQUIRE_OK(Openat(999, "x", O_RDONLY) < 0 && errno == EBADF);
    REQUIRE_OK(::syscall(SYS_openat, AT_FDCWD, nullptr, O_RDONLY) < 0 && errno == EFAULT);
    REQUIRE_OK(::setresuid(65534, 65534, 65534) == 0);
    REQUIRE_OK(Openat(AT_FDCWD, file_.c_str(), O_RDONLY) < 0 && errno == EACCES);
  });
  ASSERT_EQ(opens.size(), 12u);
  for (std::size_t i = 1; i < 12; ++i) {
    EXPECT_EQ(opens[i]->path.len, 0u);
    EXPECT_EQ(opens[i]->path.total, 0u) << "known to be empty";
    EXPECT_EQ(opens[i]->file.ino, 0u);
  }
  for (std::size_t i = 1; i < 6; ++i) {
    Expect(opens[i], {.as_passed = missing, .result = -ENOENT});
    EXPECT_EQ(opens[i].Text(opens[i]->dir), "");
  }
  Expect(opens[6], {.as_passed = "missing", .flags = O_RDWR, .result = -ENOENT});
  EXPECT_EQ(opens[6].Text(opens[6]->dir), dir_.path());
  Expect(opens[7], {.as_passed = "no/such", .dirfd = *dirfd, .result = -ENOENT});
  EXPECT_EQ(opens[7].Text(opens[7]->dir), "/proc");
  Expect(opens[8], {.result = -ENOENT});
  Expect(opens[9], {.as_passed = "x", .dirfd = 999, .result = -EBADF});
  EXPECT_EQ(opens[10]->result, -EFAULT);
  EXPECT_TRUE(opens[10].Truncated(opens[10]->name)) << "there may have been one";
  Expect(opens[11], {.as_passed = file_, .result = -EACCES});
}

// A program's file and what the kernel opens for itself are no opens of the process.
TEST_F(OpenTest, NotByExec) {
  const std::string program = MakeProgram(dir_.path() + "/program");
  const auto opens = Run([&] {
    for (int i = 0; i < 3; ++i) SpawnAndWait(program, {"program"});
    REQUIRE_OK(Openat(AT_FDCWD, program.c_str(), O_RDONLY) >= 0);
  });
  ASSERT_EQ(opens.size(), 1u);
  EXPECT_EQ(opens[0].Text(opens[0]->path), program);
}

#if defined(__x86_64__)
TEST_F(OpenTest, CallsOf32Bits) {
  constexpr int kOpen = 5, kCreat = 8, kOpenat = 295, kOpenat2 = 437;
  const std::string made = dir_.path() + "/made";
  const std::string dir = dir_.path();
  Shared<int> dirfd;
  const auto opens = Run([&] {
    LowMemory memory;
    const open_how how{.flags = O_RDWR, .mode = 0, .resolve = RESOLVE_BENEATH};
    const std::uint32_t path = memory.Put(file_.c_str());
    const std::uint32_t name = memory.Put("file");
    *dirfd = Int80(kOpen, memory.Put(dir.c_str()), O_DIRECTORY);
    REQUIRE_OK(*dirfd >= 0);
    REQUIRE_OK(Int80(kOpen, path, O_RDWR) >= 0);
    REQUIRE_OK(Int80(kCreat, memory.Put(made.c_str()), 0700) >= 0);
    REQUIRE_OK(Int80(kOpenat, static_cast<std::uint32_t>(*dirfd), name, O_WRONLY) >= 0);
    REQUIRE_OK(Int80(kOpenat2, static_cast<std::uint32_t>(*dirfd), name,
                     memory.Put(&how, sizeof how), sizeof how) >= 0);
  });
  ASSERT_EQ(opens.size(), 5u);
  Expect(opens[0],
         {.name = "open", .path = dir, .as_passed = dir, .flags = O_DIRECTORY, .result = *dirfd});
  Expect(opens[1],
         {.name = "open", .path = file_, .as_passed = file_, .flags = O_RDWR, .result = -1});
  Expect(opens[2], {.name = "creat",
                    .path = made,
                    .as_passed = made,
                    .flags = O_CREAT | O_WRONLY | O_TRUNC,
                    .mode = 0700,
                    .result = -1});
  Expect(opens[3],
         {.path = file_, .as_passed = "file", .flags = O_WRONLY, .dirfd = *dirfd, .result = -1});
  Expect(opens[4], {.name = "openat2",
                    .path = file_,
                    .as_passed = "file",
                    .flags = O_RDWR,
                    .dirfd = *dirfd,
                    .result = -1});
}

TEST_F(OpenTest, HandleOf32Bits) {
  constexpr int kHandleAt = 341, kOpenByHandle = 342;
  Shared<int> mount_fd;
  Shared<int> handles;  // 0: the file system has none
  const auto opens = Run([&] {
    LowMemory memory;
    *mount_fd = Openat(AT_FDCWD, dir_.path().c_str(), O_DIRECTORY);
    const auto dirfd = static_cast<std::uint32_t>(*mount_fd);
    Handle none{};
    none.head.handle_bytes = sizeof none.bytes;
    const std::uint32_t handle = memory.Put(&none, sizeof none);
    const std::uint32_t mount_id = memory.Put("123");
    REQUIRE_OK(*mount_fd >= 0 && Int80(kOpenByHandle, dirfd, handle, O_RDWR) < 0);
    if (Int80(kHandleAt, dirfd, memory.Put("file"), handle, mount_id, 0) != 0) return;
    *handles = Int80(kOpenByHandle, dirfd, handle, O_RDWR);
    REQUIRE_OK(*handles >= 0);
  });
  ASSERT_EQ(opens.size(), *handles == 0 ? 2u : 3u);
  Expect(opens[1], {.name = "open_by_handle_at",
                    .flags = O_RDWR,
                    .dirfd = *mount_fd,
                    .result = opens[1]->result});
  EXPECT_LT(opens[1]->result, 0);
  if (*handles == 0) return;
  Expect(opens[2], {.name = "open_by_handle_at",
                    .path = file_,
                    .flags = O_RDWR,
                    .dirfd = *mount_fd,
                    .result = *handles});
  ExpectFile(opens[2]->file, See(file_));
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
