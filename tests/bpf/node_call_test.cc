// SPDX-License-Identifier: Apache-2.0
// Devices made, owners and times changed, by every call that does it.
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

#include "bpf/name_call_fixture.h"

namespace nezuban::bpf_test {
namespace {

class NodeCallTest : public NameCallTest {
 protected:
  using Node = Found<node_record>;

  std::vector<Node> RunNodes(const std::function<void()>& act) {
    return RunInside<node_record>(act);
  }

  struct ExpectedNode {
    const char* name;
    std::string first;
    std::string dir;
    int dirfd = AT_FDCWD;
    std::uint64_t flags = 0;
    std::uint32_t mode = 0;
    int result = 0;
    std::string path;
  };

  void ExpectNode(const Node& node, const ExpectedNode& expected) {
    SCOPED_TRACE(expected.name);
    EXPECT_EQ(node.event().name(), expected.name);
    EXPECT_EQ(node.header().lane, LANE_BULK);
    EXPECT_EQ(node.header().sensor, object(node.header().type) ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(node.header().tgid, static_cast<std::uint32_t>(recorded_->child()));
    ExpectText(node, node->call.name, expected.first);
    const std::string path =
        Resolved(node.header(), expected.first, expected.dir, expected.result, expected.path);
    ExpectText(node, node->call.path, path);
    ExpectText(node, node->call.dir, path.empty() ? expected.dir : "");
    ExpectText(node, node->call.new_name, "");
    EXPECT_EQ(node->call.dirfd, expected.dirfd);
    EXPECT_EQ(node->call.flags, expected.flags);
    EXPECT_EQ(node->call.mode, expected.mode);
    EXPECT_EQ(node->call.result, expected.result);
    EXPECT_EQ(node->call.file.ino != 0, !path.empty() && node.header().type != EVENT_MKNOD);
  }

  static void ExpectTimes(const Node& node, std::int64_t atime, std::int64_t mtime,
                          std::uint32_t ns) {
    EXPECT_EQ(node->times, TIMES_GIVEN);
    EXPECT_EQ(node->atime.s, atime);
    EXPECT_EQ(node->mtime.s, mtime);
    EXPECT_EQ(node->mtime.ns, ns);
  }
};

TEST_F(NodeCallTest, Mknod) {
  Shared<int> here;
  const auto nodes = RunNodes([&] {
    *here = ::open(".", O_PATH | O_DIRECTORY);
    for (const char* name : {"a", "b", "c", "d", "e"})
      REQUIRE_OK(::syscall(SYS_mknodat, AT_FDCWD, name, S_IFIFO | 0640, 0) == 0);
    // Made or refused: a device is what was asked for.
    ::syscall(SYS_mknodat, *here, "disk", S_IFBLK | 0600, makedev(259, 300));
    REQUIRE_OK(::syscall(SYS_mknodat, AT_FDCWD, "a", S_IFREG | 0600, 0) < 0 && errno == EEXIST);
#if defined(__x86_64__)
    REQUIRE_OK(::syscall(SYS_mknod, "f", 0600, 77) == 0);
#endif
  });
  const std::string& cwd = dir_.path();
  ASSERT_GE(nodes.size(), 7u);
  for (std::size_t i = 0; i < 5; ++i)
    ExpectNode(nodes[i], {.name = "mknodat",
                          .first = std::string(1, static_cast<char>('a' + i)),
                          .dir = cwd,
                          .mode = S_IFIFO | 0640});
  ExpectNode(nodes[5], {.name = "mknodat",
                        .first = "disk",
                        .dir = cwd,
                        .dirfd = *here,
                        .mode = S_IFBLK | 0600,
                        .result = nodes[5]->call.result});
  EXPECT_EQ(nodes[5]->dev, makedev(259, 300));
  ExpectNode(
      nodes[6],
      {.name = "mknodat", .first = "a", .dir = cwd, .mode = S_IFREG | 0600, .result = -EEXIST});
#if defined(__x86_64__)
  ASSERT_EQ(nodes.size(), 8u);
  ExpectNode(nodes[7], {.name = "mknod", .first = "f", .dir = cwd, .mode = 0600});
  EXPECT_EQ(nodes[7]->dev, 77u);
#endif
}

TEST_F(NodeCallTest, Chown) {
  Shared<int> fd;
  const std::string file = Path("file");
  const auto nodes = RunNodes([&] {
    *fd = ::open("file", O_RDONLY);
    const int here = ::open(".", O_PATH | O_DIRECTORY);
    for (int i = 0; i < 5; ++i) REQUIRE_OK(::fchown(*fd, 0, 0) == 0);
    REQUIRE_OK(::fchownat(here, "file", ~0U, 0, AT_SYMLINK_NOFOLLOW) == 0);
    REQUIRE_OK(::fchownat(*fd, "", 0, ~0U, AT_EMPTY_PATH) == 0);
    REQUIRE_OK(::fchownat(AT_FDCWD, "missing", 1, 2, 0) < 0 && errno == ENOENT);
    REQUIRE_OK(::fchown(999, 1, 2) < 0 && errno == EBADF);
    ::close(here);
#if defined(__x86_64__)
    REQUIRE_OK(::syscall(SYS_chown, file.c_str(), 0, 0) == 0);
    REQUIRE_OK(::syscall(SYS_lchown, "file", 0, 0) == 0);
#endif
  });
  const std::string& cwd = dir_.path();
  ASSERT_GE(nodes.size(), 9u);
  for (std::size_t i = 0; i < 5; ++i) {
    ExpectNode(nodes[i], {.name = "fchown", .dirfd = *fd, .path = file});
    EXPECT_EQ(nodes[i].header().flags, 0u);
  }
  ExpectNode(nodes[5], {.name = "fchownat",
                        .first = "file",
                        .dir = cwd,
                        .dirfd = nodes[5]->call.dirfd,
                        .flags = AT_SYMLINK_NOFOLLOW});
  EXPECT_EQ(nodes[5]->uid, ~0U);
  EXPECT_EQ(nodes[5]->gid, 0u);
  ExpectNode(nodes[6], {.name = "fchownat", .dirfd = *fd, .flags = AT_EMPTY_PATH, .path = file});
  EXPECT_EQ(nodes[6]->uid, 0u);
  EXPECT_EQ(nodes[6]->gid, ~0U);
  ExpectNode(nodes[7], {.name = "fchownat", .first = "missing", .dir = cwd, .result = -ENOENT});
  EXPECT_EQ(nodes[7]->uid, 1u);
  EXPECT_EQ(nodes[7]->gid, 2u);
  ExpectNode(nodes[8], {.name = "fchown", .dirfd = 999, .result = -EBADF});
#if defined(__x86_64__)
  ASSERT_EQ(nodes.size(), 11u);
  ExpectNode(nodes[9], {.name = "chown", .first = file});
  ExpectNode(nodes[10], {.name = "lchown", .first = "file", .dir = cwd});
#endif
}

TEST_F(NodeCallTest, Times) {
  Shared<int> fd;
  const auto nodes = RunNodes([&] {
    *fd = ::open("file", O_RDONLY);
    const timespec given[2] = {{1000, 5}, {1234567890, 987654321}};
    const timespec partly[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
    for (int i = 0; i < 3; ++i) REQUIRE_OK(::utimensat(AT_FDCWD, "file", given, 0) == 0);
    REQUIRE_OK(::futimens(*fd, given) == 0);
    REQUIRE_OK(::utimensat(AT_FDCWD, "file", partly, AT_SYMLINK_NOFOLLOW) == 0);
    REQUIRE_OK(::utimensat(AT_FDCWD, "file", nullptr, 0) == 0);
    REQUIRE_OK(::syscall(SYS_utimensat, AT_FDCWD, "file", 8, 0) < 0 && errno == EFAULT);
#if defined(__x86_64__)
    const timeval old[2] = {{1000, 5}, {2000, 6}};
    const utimbuf oldest = {1000, 3000};
    REQUIRE_OK(::syscall(SYS_utime, "file", &oldest) == 0);
    REQUIRE_OK(::syscall(SYS_utimes, "file", old) == 0);
    REQUIRE_OK(::syscall(SYS_futimesat, AT_FDCWD, "file", old) == 0);
#endif
  });
  const std::string& cwd = dir_.path();
  ASSERT_GE(nodes.size(), 7u);
  for (std::size_t i = 0; i < 3; ++i) {
    ExpectNode(nodes[i], {.name = "utimensat", .first = "file", .dir = cwd});
    ExpectTimes(nodes[i], 1000, 1234567890, 987654321);
    EXPECT_EQ(nodes[i]->atime.ns, 5u);
  }
  ExpectNode(nodes[3], {.name = "utimensat", .dirfd = *fd, .path = Path("file")});
  ExpectTimes(nodes[3], 1000, 1234567890, 987654321);
  ExpectNode(nodes[4],
             {.name = "utimensat", .first = "file", .dir = cwd, .flags = AT_SYMLINK_NOFOLLOW});
  EXPECT_EQ(nodes[4]->atime.ns, std::uint32_t{UTIME_OMIT});
  EXPECT_EQ(nodes[4]->mtime.ns, std::uint32_t{UTIME_NOW});
  EXPECT_EQ(nodes[5]->times, TIMES_NOW);
  EXPECT_EQ(nodes[6]->times, TIMES_UNKNOWN);
  EXPECT_EQ(nodes[6]->call.result, -EFAULT);
#if defined(__x86_64__)
  ASSERT_EQ(nodes.size(), 10u);
  ExpectNode(nodes[7], {.name = "utime", .first = "file", .dir = cwd});
  ExpectTimes(nodes[7], 1000, 3000, 0);
  ExpectNode(nodes[8], {.name = "utimes", .first = "file", .dir = cwd});
  ExpectTimes(nodes[8], 1000, 2000, 6000);
  ExpectNode(nodes[9], {.name = "futimesat", .first = "file", .dir = cwd});
  ExpectTimes(nodes[9], 1000, 2000, 6000);
#endif
}

#if defined(__x86_64__)
TEST_F(NodeCallTest, CallsOf32Bits) {
  Shared<int> fd;
  const auto nodes = RunNodes([&] {
    LowMemory memory;
    *fd = ::open("file", O_RDONLY);
    const auto cwd = static_cast<std::uint32_t>(AT_FDCWD);
    const auto open = static_cast<std::uint32_t>(*fd);
    const std::uint32_t file = memory.Put("file"), a = memory.Put("a"), b = memory.Put("b");
    const std::int32_t shorts[4] = {1000, 5, 2000, 6};
    const std::int64_t longs[4] = {1000, 5, 1LL << 33, 6};
    const std::uint32_t short_times = memory.Put(shorts, sizeof shorts);
    const std::uint32_t long_times = memory.Put(longs, sizeof longs);
    for (const int result :
         {Int80(14, a, S_IFIFO | 0600, 0), Int80(297, cwd, b, S_IFIFO | 0600, 0),
          Int80(212, file, 0, 0), Int80(198, file, 0, 0), Int80(207, open, 0, 0),
          Int80(298, cwd, file, 0, 0, 0), Int80(182, file, 0xffff, 0), Int80(16, file, 0, 0xffff),
          Int80(95, open, 0x70000, 0xffff), Int80(30, file, short_times),
          Int80(271, file, short_times), Int80(320, cwd, file, short_times, 0),
          Int80(412, cwd, file, long_times, 0), Int80(299, cwd, file, short_times)})
      REQUIRE_OK(result == 0);
  });
  const char* const kNames[] = {"mknod",    "mknodat",   "chown",     "lchown",   "fchown",
                                "fchownat", "chown",     "lchown",    "fchown",   "utime",
                                "utimes",   "utimensat", "utimensat", "futimesat"};
  ASSERT_EQ(nodes.size(), std::size(kNames));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool by_fd = kNames[i] == std::string_view("fchown");
    const std::string name = i == 0 ? "a" : i == 1 ? "b" : "file";
    ExpectNode(nodes[i], {.name = kNames[i],
                          .first = by_fd ? "" : name,
                          .dir = by_fd ? "" : dir_.path(),
                          .dirfd = by_fd ? *fd : AT_FDCWD,
                          .mode = i < 2 ? S_IFIFO | 0600u : 0,
                          .path = by_fd ? Path("file") : ""});
  }
  EXPECT_EQ(nodes[6]->uid, ~0U);
  EXPECT_EQ(nodes[6]->gid, 0u);
  EXPECT_EQ(nodes[7]->gid, ~0U);
  EXPECT_EQ(nodes[8]->uid, 0u) << "16 bits of it";
  ExpectTimes(nodes[9], 1000, 5, 0);
  ExpectTimes(nodes[10], 1000, 2000, 6000);
  ExpectTimes(nodes[11], 1000, 2000, 6);
  ExpectTimes(nodes[12], 1000, 1LL << 33, 6);
  ExpectTimes(nodes[13], 1000, 2000, 6000);
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
