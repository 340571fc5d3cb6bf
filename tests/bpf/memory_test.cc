// SPDX-License-Identifier: Apache-2.0
// Files in memory.
#include <sys/mman.h>
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

}  // namespace
}  // namespace nezuban::bpf_test
