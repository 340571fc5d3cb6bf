// SPDX-License-Identifier: Apache-2.0
// Files in memory, and what is made code of them.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string>

#include "bpf/call_fixture.h"

namespace nezuban::bpf_test {
namespace {

class MemfdTest : public CallTest {
 protected:
  MemfdTest() : CallTest(EVENT_MEMFD) {}
};

TEST_F(MemfdTest, TellsNameAndFile) {
  Shared<struct stat> made;
  const std::string longest(249, 'n');
  const auto calls = Run([&] {
    for (int i = 0; i < 3; ++i) {
      const int fd = ::memfd_create("kworker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
      REQUIRE_OK(fd >= 0 && ::fstat(fd, &*made) == 0);
    }
    REQUIRE_OK(::memfd_create(longest.c_str(), 0) >= 0);
    REQUIRE_OK(::memfd_create("", 0) >= 0);
    REQUIRE_OK(::memfd_create("refused", ~0U) < 0 && errno == EINVAL);
    REQUIRE_OK(::memfd_create((longest + "n").c_str(), 0) < 0 && errno == EINVAL);
    REQUIRE_OK(::syscall(SYS_memfd_create, nullptr, 0) < 0 && errno == EFAULT);
#if defined(__x86_64__)
    LowMemory memory;
    REQUIRE_OK(Int80(356, memory.Put("short"), MFD_CLOEXEC) >= 0);
#endif
  });
  ASSERT_GE(calls.size(), 8u);
  for (std::size_t i = 0; i < 3; ++i) {
    Expect(calls[i], "memfd_create", calls[i]->result);
    EXPECT_GE(calls[i]->result, 3);
    EXPECT_EQ(calls[i].Text(calls[i]->text[0]), "kworker");
    EXPECT_FALSE(calls[i].Truncated(calls[i]->text[0]));
    EXPECT_EQ(calls[i].header().flags, 0u) << "nothing of the caller's memory";
    EXPECT_EQ(calls[i]->arg[1], std::uint64_t{MFD_CLOEXEC | MFD_ALLOW_SEALING});
    EXPECT_EQ(calls[i]->file.nlink, 0u);
  }
  EXPECT_EQ(calls[2]->file.ino, made->st_ino);
  EXPECT_EQ(calls[2]->file.dev, KernelDev(made->st_dev));
  EXPECT_EQ(calls[3].Text(calls[3]->text[0]), longest);
  EXPECT_EQ(calls[4].Text(calls[4]->text[0]), "");
  Expect(calls[5], "memfd_create", -EINVAL);
  EXPECT_EQ(calls[5].Text(calls[5]->text[0]), "refused");
  EXPECT_EQ(calls[5].header().flags, RECORD_FROM_USER_MEMORY);
  EXPECT_EQ(calls[5]->file.ino, 0u);
  Expect(calls[6], "memfd_create", -EINVAL);
  EXPECT_EQ(calls[6].Text(calls[6]->text[0]), longest + "n");
  Expect(calls[7], "memfd_create", -EFAULT);
  EXPECT_TRUE(calls[7].Truncated(calls[7]->text[0]));
#if defined(__x86_64__)
  ASSERT_EQ(calls.size(), 9u);
  Expect(calls[8], "memfd_create", calls[8]->result);
  EXPECT_EQ(calls[8].Text(calls[8]->text[0]), "short");
  EXPECT_EQ(calls[8]->arg[1], std::uint64_t{MFD_CLOEXEC});
#endif
}

class MmapTest : public CallTest {
 protected:
  MmapTest() : CallTest(EVENT_MMAP) {}

  static void* Map(int fd, int prot, int flags = MAP_PRIVATE) {
    void* memory = ::mmap(nullptr, kPage, prot, flags, fd, 0);
    REQUIRE_OK(memory != MAP_FAILED);
    return memory;
  }

  static int Memfd() {
    const int fd = ::memfd_create("code", MFD_CLOEXEC);
    REQUIRE_OK(fd >= 0 && ::ftruncate(fd, kPage) == 0);
    return fd;
  }

  void ExpectCode(const Call& call, const char* name, std::int64_t result = 0) {
    SCOPED_TRACE(name);
    EXPECT_EQ(call.event().name(), name);
    EXPECT_EQ(call.header().lane, LANE_BULK);
    EXPECT_EQ(call.header().sensor, object() ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(call.header().tgid, static_cast<std::uint32_t>(recorded_->child()));
    EXPECT_EQ(call.header().flags, 0u);
    EXPECT_EQ(call->result, result);
    EXPECT_NE(call->file.ino, 0u);
    EXPECT_EQ(call->file.nlink, 0u);
  }

  static constexpr std::size_t kPage = 4096;
  static constexpr int kCode = PROT_READ | PROT_EXEC;
};

TEST_F(MmapTest, OnlyCodeOfFilesWithoutAName) {
  TempDir dir;
  const std::string path = dir.path() + "/lib";
  const auto calls = Run([&] {
    const int named = ::open(path.c_str(), O_CREAT | O_RDWR, 0700);
    REQUIRE_OK(named >= 0 && ::ftruncate(named, kPage) == 0);
    const int memfd = Memfd();
    // None of these.
    Map(named, kCode);
    Map(memfd, PROT_READ | PROT_WRITE, MAP_SHARED);
    Map(-1, kCode, MAP_PRIVATE | MAP_ANONYMOUS);
    REQUIRE_OK(::mprotect(Map(-1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS), kPage, kCode) == 0);
    REQUIRE_OK(::mprotect(Map(-1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS), kPage, kCode) == 0);
    REQUIRE_OK(::mmap(nullptr, kPage, kCode, MAP_PRIVATE, 999, 0) == MAP_FAILED);
    const int segment = ::shmget(IPC_PRIVATE, kPage, IPC_CREAT | 0600);
    void* attached = ::shmat(segment, nullptr, 0);
    REQUIRE_OK(::shmctl(segment, IPC_RMID, nullptr) == 0);
    REQUIRE_OK(::mprotect(attached, kPage, kCode) == 0);
    // These.
    for (int i = 0; i < 3; ++i) Map(memfd, kCode);
    REQUIRE_OK(::mprotect(Map(memfd, PROT_READ), kPage, kCode) == 0);
    REQUIRE_OK(::unlink(path.c_str()) == 0);
    Map(named, kCode);
    const int alike = ::open((dir.path() + "/SYSV00000000").c_str(), O_CREAT | O_RDWR, 0700);
    REQUIRE_OK(alike >= 0 && ::ftruncate(alike, kPage) == 0);
    REQUIRE_OK(::unlink((dir.path() + "/SYSV00000000").c_str()) == 0);
    Map(alike, kCode);
  });
  ASSERT_EQ(calls.size(), 6u);
  for (std::size_t i = 0; i < 3; ++i) {
    ExpectCode(calls[i], "mmap");
    EXPECT_NE(calls[i].Text(calls[i]->text[0]).find("memfd:code"), std::string::npos);
    EXPECT_EQ(calls[i]->arg[1], std::uint64_t{kPage});
    EXPECT_EQ(calls[i]->arg[2], std::uint64_t{kCode});
    EXPECT_EQ(calls[i]->arg[3], std::uint64_t{MAP_PRIVATE});
  }
  ExpectCode(calls[3], "mprotect");
  EXPECT_EQ(calls[3]->file.ino, calls[2]->file.ino);
  ExpectCode(calls[4], "mmap");
  EXPECT_EQ(calls[4].Text(calls[4]->text[0]), path);
  ExpectCode(calls[5], "mmap");
}

// A range that begins with something else, or ends in a hole; a descriptor closed before; memory
// that is code because all is.
TEST_F(MmapTest, InDisguise) {
  const auto calls = Run([&] {
    const int memfd = Memfd();
    for (int i = 0; i < 2; ++i) {
      auto* range = static_cast<char*>(
          ::mmap(nullptr, 5 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
      REQUIRE_OK(::mmap(range + 2 * kPage, kPage, PROT_READ, MAP_PRIVATE | MAP_FIXED, memfd, 0) !=
                 MAP_FAILED);
      if (i == 0) REQUIRE_OK(::mprotect(range, 5 * kPage, kCode) == 0);
      if (i == 1) REQUIRE_OK(::munmap(range + 3 * kPage, kPage) == 0);
      if (i == 1) REQUIRE_OK(::mprotect(range, 5 * kPage, kCode) < 0 && errno == ENOMEM);
    }
    void* memory = Map(memfd, PROT_READ);
    // Among many mappings, so that the tree of them has several levels.
    for (int i = 0; i < 500; ++i)
      ::mmap(nullptr, kPage, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::close(memfd);
    REQUIRE_OK(::mprotect(memory, kPage, kCode) == 0);
    REQUIRE_OK(::syscall(SYS_pkey_mprotect, memory, kPage, kCode, -1) == 0 || errno == ENOSYS);
    const int other = Memfd();
    REQUIRE_OK(::personality(READ_IMPLIES_EXEC) != -1);
    Map(other, PROT_READ);
  });
  ASSERT_EQ(calls.size(), 5u);
  ExpectCode(calls[0], "mprotect");
  ExpectCode(calls[1], "mprotect", -ENOMEM);
  ExpectCode(calls[2], "mprotect");
  ExpectCode(calls[3], "pkey_mprotect");
  ExpectCode(calls[4], "mmap");
  EXPECT_EQ(calls[4]->arg[2], std::uint64_t{PROT_READ});
}

#if defined(__x86_64__)
TEST_F(MmapTest, CallsOf32Bits) {
  const auto calls = Run([&] {
    LowMemory memory;
    const auto memfd = static_cast<std::uint32_t>(Memfd());
    const std::uint32_t passed[6] = {0, kPage, kCode, MAP_PRIVATE, memfd, 0};
    const int at = Int80(90, memory.Put(passed, sizeof passed));
    REQUIRE_OK(at != -1 && static_cast<std::uint32_t>(at) < 0xfffff000U);
    const int second = Int80(192, 0, kPage, PROT_READ, MAP_PRIVATE, memfd, 0);
    REQUIRE_OK(Int80(125, static_cast<std::uint32_t>(second), kPage, kCode) == 0);
    const int third = Int80(192, 0, kPage, kCode, MAP_PRIVATE, memfd, 0);
    REQUIRE_OK(static_cast<std::uint32_t>(third) < 0xfffff000U);
    const int fourth = Int80(192, 0, kPage, PROT_READ, MAP_PRIVATE, memfd, 0);
    REQUIRE_OK(Int80(380, static_cast<std::uint32_t>(fourth), kPage, kCode, ~0u) == 0);
  });
  ASSERT_EQ(calls.size(), 4u);
  ExpectCode(calls[0], "mmap");
  ExpectCode(calls[1], "mprotect");
  ExpectCode(calls[2], "mmap2");
  EXPECT_EQ(calls[2]->arg[2], std::uint64_t{kCode});
  ExpectCode(calls[3], "pkey_mprotect");
  EXPECT_EQ(calls[3]->arg[2], std::uint64_t{kCode});
  EXPECT_EQ(calls[3]->arg[3], 0xffffffffu);
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
