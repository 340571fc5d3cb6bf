// SPDX-License-Identifier: Apache-2.0
// What a ring does to files is its owner's doing, whichever thread does it.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <fstream>
#include <string>
#include <vector>

#include "bpf/shared.h"
#include "bpf/uring.h"

namespace nezuban::bpf_test {
namespace {

constexpr std::uint32_t kFlags = RECORD_RESULT_UNKNOWN | RECORD_IO_URING;

std::uint64_t Address(const char* text) { return reinterpret_cast<std::uintptr_t>(text); }

class UringFileTest : public ::testing::Test {
 protected:
  UringFileTest() { std::ofstream(dir_.path() + "/file") << "content"; }

  // Before 6.0 the tracepoint does not have the request.
  static bool Seen() { return KernelIsAtLeast(6, 0); }

  Recorded RunInside(unsigned ring_flags, const std::function<void(Uring&)>& act) {
    return harness_.Run([&] {
      REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
      Uring ring(ring_flags);
      act(ring);
    });
  }

  // A request on one name.
  static int Name(Uring& ring, int opcode, int dirfd, const char* name, unsigned flags = 0,
                  unsigned mode = 0) {
    return ring.Do([&](io_uring_sqe& request) {
      request.opcode = static_cast<__u8>(opcode);
      request.fd = dirfd;
      request.addr = Address(name);
      request.open_flags = flags;
      request.len = mode;
    });
  }

  // On two.
  static int Names(Uring& ring, int opcode, int dirfd, const char* name, int new_dirfd,
                   const char* new_name, unsigned flags = 0) {
    return ring.Do([&](io_uring_sqe& request) {
      request.opcode = static_cast<__u8>(opcode);
      request.fd = dirfd;
      request.addr = Address(name);
      request.len = static_cast<__u32>(new_dirfd);
      request.addr2 = Address(new_name);
      request.rename_flags = flags;
    });
  }

  void ExpectName(const Found<path_record>& call, const Recorded& recorded, const char* event,
                  const std::string& name, const std::string& dir, int dirfd) {
    SCOPED_TRACE(event + (" " + name));
    EXPECT_EQ(call.event().name(), event);
    EXPECT_EQ(call.header().flags, kFlags);
    EXPECT_EQ(call.header().sensor, SENSOR_TRACEPOINT);
    EXPECT_EQ(call.header().tgid, static_cast<std::uint32_t>(recorded.child()));
    EXPECT_EQ(call.Text(call->name), name);
    EXPECT_FALSE(call.Truncated(call->name));
    EXPECT_EQ(call.Text(call->dir), dir);
    EXPECT_EQ(call.Text(call->path), "");
    EXPECT_EQ(call->dirfd, dirfd);
  }

  TempDir dir_;
  Harness harness_;
};

TEST_F(UringFileTest, Opens) {
  for (const unsigned flags : {0u, unsigned{IORING_SETUP_SQPOLL}}) {
    if (flags != 0 && !Seen()) continue;
    Shared<int> here;
    const std::string longest(PATH_MAX - 1, '/');
    const auto recorded = RunInside(flags, [&](Uring& ring) {
      *here = ::open(".", O_PATH | O_DIRECTORY);
      for (int i = 0; i < 3; ++i)
        REQUIRE_OK(Name(ring, IORING_OP_OPENAT, AT_FDCWD, "file", O_RDONLY) >= 0);
      REQUIRE_OK(Name(ring, IORING_OP_OPENAT, *here, "new", O_CREAT | O_WRONLY, 0640) >= 0);
      REQUIRE_OK(Name(ring, IORING_OP_OPENAT, AT_FDCWD, "/no/such", O_RDWR) == -ENOENT);
      const open_how how = {.flags = O_RDONLY, .mode = 0, .resolve = RESOLVE_IN_ROOT};
      REQUIRE_OK(ring.Do([&](io_uring_sqe& request) {
        request.opcode = IORING_OP_OPENAT2;
        request.fd = *here;
        request.addr = Address("/file");
        request.len = sizeof how;
        request.off = reinterpret_cast<std::uintptr_t>(&how);
      }) >= 0);
      REQUIRE_OK(Name(ring, IORING_OP_OPENAT, AT_FDCWD, longest.c_str(), O_RDONLY) >= 0);
    });
    std::vector<Found<open_record>> opens;
    for (const auto& open : recorded.Of<open_record>())
      if ((open.header().flags & RECORD_IO_URING) != 0) opens.push_back(open);
    ASSERT_EQ(opens.size(), Seen() ? 7u : 0u);
    if (!Seen()) continue;
    for (const auto& open : opens) {
      EXPECT_EQ(open.header().flags, kFlags) << "nothing of the caller's memory";
      EXPECT_EQ(open.header().tgid, static_cast<std::uint32_t>(recorded.child()));
      EXPECT_EQ(open->file.ino, 0u);
      EXPECT_EQ(open.Text(open->path), "");
    }
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(opens[i].event().name(), "openat");
      EXPECT_EQ(opens[i].Text(opens[i]->name), "file");
      EXPECT_EQ(opens[i].Text(opens[i]->dir), dir_.path());
      EXPECT_EQ(opens[i]->dirfd, AT_FDCWD);
      EXPECT_EQ(opens[i]->flags, 0u);
    }
    EXPECT_EQ(opens[3].Text(opens[3]->name), "new");
    EXPECT_EQ(opens[3].Text(opens[3]->dir), dir_.path());
    EXPECT_EQ(opens[3]->dirfd, *here);
    EXPECT_EQ(opens[3]->flags, std::uint64_t{O_CREAT | O_WRONLY});
    EXPECT_EQ(opens[3]->mode, 0640u);
    EXPECT_EQ(opens[4].Text(opens[4]->name), "/no/such");
    EXPECT_EQ(opens[4].Text(opens[4]->dir), "");
    EXPECT_EQ(opens[5].event().name(), "openat2");
    EXPECT_EQ(opens[5]->resolve, std::uint64_t{RESOLVE_IN_ROOT});
    EXPECT_EQ(opens[6].Text(opens[6]->name), longest);
  }
}

TEST_F(UringFileTest, Names) {
  // Renames and removals from 5.11 on, the others from 5.15.
  if (!KernelIsAtLeast(5, 15)) return;
  for (const unsigned flags : {0u, unsigned{IORING_SETUP_SQPOLL}}) {
    Shared<int> here;
    const auto recorded = RunInside(flags, [&](Uring& ring) {
      *here = ::open(".", O_PATH | O_DIRECTORY);
      const int cwd = AT_FDCWD;
      REQUIRE_OK(Name(ring, IORING_OP_MKDIRAT, *here, "d", 0, 0711) == 0);
      REQUIRE_OK(Names(ring, IORING_OP_LINKAT, cwd, "file", *here, "d/l", 0) == 0);
      REQUIRE_OK(ring.Do([&](io_uring_sqe& request) {
        request.opcode = IORING_OP_SYMLINKAT;
        request.fd = *here;
        request.addr = Address("/etc/shadow");
        request.addr2 = Address("s");
      }) == 0);
      REQUIRE_OK(Names(ring, IORING_OP_RENAMEAT, cwd, "s", *here, "t", 1) == 0);
      REQUIRE_OK(Name(ring, IORING_OP_UNLINKAT, cwd, "t") == 0);
      REQUIRE_OK(Name(ring, IORING_OP_UNLINKAT, cwd, "d/l") == 0);
      REQUIRE_OK(Name(ring, IORING_OP_UNLINKAT, *here, "d", AT_REMOVEDIR) == 0);
      REQUIRE_OK(Name(ring, IORING_OP_UNLINKAT, *here, "d") == -ENOENT);
    });
    const auto calls = recorded.Of<path_record>();
    ASSERT_EQ(calls.size(), Seen() ? 8u : 0u);
    if (!Seen()) continue;
    const std::string& cwd = dir_.path();
    ExpectName(calls[0], recorded, "mkdirat", "d", cwd, *here);
    EXPECT_EQ(calls[0]->mode, 0711u);
    ExpectName(calls[1], recorded, "linkat", "file", cwd, AT_FDCWD);
    EXPECT_EQ(calls[1].Text(calls[1]->new_name), "d/l");
    EXPECT_EQ(calls[1].Text(calls[1]->new_dir), cwd);
    EXPECT_EQ(calls[1]->new_dirfd, *here);
    ExpectName(calls[2], recorded, "symlinkat", "/etc/shadow", "", AT_FDCWD);
    EXPECT_EQ(calls[2].Text(calls[2]->new_name), "s");
    EXPECT_EQ(calls[2].Text(calls[2]->new_dir), cwd);
    ExpectName(calls[3], recorded, "renameat2", "s", cwd, AT_FDCWD);
    EXPECT_EQ(calls[3].Text(calls[3]->new_name), "t");
    EXPECT_EQ(calls[3]->new_dirfd, *here);
    EXPECT_EQ(calls[3]->flags, 1u);
    ExpectName(calls[4], recorded, "unlinkat", "t", cwd, AT_FDCWD);
    ExpectName(calls[5], recorded, "unlinkat", "d/l", cwd, AT_FDCWD);
    ExpectName(calls[6], recorded, "unlinkat", "d", cwd, *here);
    EXPECT_EQ(calls[6]->flags, std::uint64_t{AT_REMOVEDIR});
    ExpectName(calls[7], recorded, "unlinkat", "d", cwd, *here);
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
