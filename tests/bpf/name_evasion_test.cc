// SPDX-License-Identifier: Apache-2.0
// Calls on names, made in ways meant to hide on which: the object kind tells what was acted on. Of
// the tracepoint kind it is shown that the same ways deceive it: what it has is what was passed.
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bpf/name_call_fixture.h"

namespace nezuban::bpf_test {
namespace {

// Bytes that turn into others while the kernel reads them: their end lies on a page that is only
// there once the start has been read and changed.
class Turning {
 public:
  Turning(std::string start, std::string turned, std::string end)
      : start_(std::move(start)), turned_(std::move(turned)), end_(std::move(end)) {
    void* memory =
        ::mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE_OK(memory != MAP_FAILED);
    end_page_ = static_cast<char*>(memory) + kPage;
    fd_ = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC));
    uffdio_api api{.api = UFFD_API, .features = 0, .ioctls = 0};
    uffdio_register range{
        .range = {Address(end_page_), kPage}, .mode = UFFDIO_REGISTER_MODE_MISSING, .ioctls = 0};
    REQUIRE_OK(fd_ >= 0 && ::ioctl(fd_, UFFDIO_API, &api) == 0);
    REQUIRE_OK(::ioctl(fd_, UFFDIO_REGISTER, &range) == 0);
    turner_ = std::thread([this] { Turn(); });
  }

  ~Turning() {
    static_cast<volatile char&>(end_page_[0]) = 0;  // there, or the last fault
    ::close(fd_);
    turner_.detach();  // waits for a fault that does not come
  }

  // To pass to one call.
  const char* Next() const {
    Put(start_);
    REQUIRE_OK(::madvise(end_page_, kPage, MADV_DONTNEED) == 0);
    return end_page_ - start_.size();
  }

 private:
  static constexpr std::size_t kPage = 4096;

  static std::uint64_t Address(const void* at) { return reinterpret_cast<std::uintptr_t>(at); }
  void Put(const std::string& start) const {
    std::memcpy(end_page_ - start_.size(), start.data(), start_.size());
  }

  void Turn() const {
    char page[kPage] = {};
    end_.copy(page, sizeof page);
    uffd_msg message{};
    while (::read(fd_, &message, sizeof message) == sizeof message) {
      Put(turned_);
      uffdio_copy copy{
          .dst = Address(end_page_), .src = Address(page), .len = kPage, .mode = 0, .copy = 0};
      REQUIRE_OK(::ioctl(fd_, UFFDIO_COPY, &copy) == 0);
    }
  }

  std::string start_;
  std::string turned_;
  std::string end_;
  char* end_page_;
  int fd_;
  std::thread turner_;
};

// real/x turns into fake/x, with that many characters more between them.
std::string Start(const char* dir, std::size_t longer) {
  return dir + std::string("/././././././././") + std::string(longer, '/');
}
std::string Real(std::size_t longer = 0) { return Start("real", longer) + "x"; }
std::string Fake(std::size_t longer = 0) { return Start("fake", longer) + "x"; }

class TurningName : public Turning {
 public:
  explicit TurningName(std::size_t longer = 0)
      : Turning(Start("real", longer), Start("fake", longer), "x") {}
};

class NameEvasionTest : public NameCallTest {
 protected:
  struct Told {
    std::uint16_t event;
    std::string name;
    std::string path;
    std::string new_name;
    std::string new_path;
    bool cut;
    path_record call;
  };

  // All calls on names of a child that acts in the directory.
  std::vector<Told> Tell(const std::function<void()>& act) {
    RunInside(act);
    std::vector<Told> all;
    for (const Owned& owned : recorded_->all()) {
      const event::Event event = owned.event();
      const auto* call = event.As<path_record>();
      const auto* node = event.As<node_record>();
      if (call == nullptr && node == nullptr) continue;
      if (call == nullptr) call = &node->call;
      const auto text = [&](const str_ref& ref) { return std::string(event.String(ref).bytes); };
      all.push_back({event.header().type, text(call->name), text(call->path), text(call->new_name),
                     text(call->new_path), event.String(call->path).truncated(), *call});
    }
    return all;
  }

  // "" from the tracepoint kind.
  std::string IfNoted(const Told& told, const std::string& path) {
    return object(told.event) ? path : "";
  }
};

TEST_F(NameEvasionTest, NameRewrittenDuringTheCall) {
  ASSERT_EQ(::mkdir(Path("real").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(Path("fake").c_str(), 0755), 0);
  std::ofstream(Path("real/x")) << "real";
  std::ofstream(Path("fake/x")) << "decoy";
  const auto calls = Tell([&] {
    TurningName name;
    const int cwd = AT_FDCWD;
    const auto call = [](long number, auto... args) {
      REQUIRE_OK(::syscall(number, args...) == 0);
    };
    call(SYS_fchmodat, cwd, name.Next(), 0600);
    call(SYS_fchownat, cwd, name.Next(), 0, 0, 0);
    call(SYS_utimensat, cwd, name.Next(), nullptr, 0);
    call(SYS_linkat, cwd, name.Next(), cwd, "other", 0);
    call(SYS_renameat2, cwd, name.Next(), cwd, "moved", 0);
    call(SYS_mknodat, cwd, name.Next(), S_IFIFO | 0600, 0);
    call(SYS_unlinkat, cwd, name.Next(), 0);
    call(SYS_mkdirat, cwd, name.Next(), 0700);
    call(SYS_unlinkat, cwd, name.Next(), AT_REMOVEDIR);
    call(SYS_symlinkat, "text", cwd, name.Next());
  });
  EXPECT_EQ(::access(Path("fake/x").c_str(), F_OK), 0);
  const std::uint16_t kEvents[] = {EVENT_CHMOD,  EVENT_CHOWN, EVENT_UTIME,  EVENT_LINK,
                                   EVENT_RENAME, EVENT_MKNOD, EVENT_UNLINK, EVENT_MKDIR,
                                   EVENT_UNLINK, EVENT_LINK};
  ASSERT_EQ(calls.size(), std::size(kEvents));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(i);
    const Told& told = calls[i];
    const bool is_symlink = i + 1 == calls.size();
    EXPECT_EQ(told.event, kEvents[i]);
    EXPECT_EQ(told.call.result, 0);
    EXPECT_EQ(is_symlink ? told.new_name : told.name, Fake());
    EXPECT_EQ(is_symlink ? told.new_path : told.path, IfNoted(told, Path("real/x")));
  }
}

TEST_F(NameEvasionTest, TextOfASymbolicLinkRewritten) {
  constexpr std::size_t kLonger[] = {0, 233, 234, 1000, 3000};  // 255 in all, 256, …
  const auto calls = Tell([&] {
    for (const std::size_t longer : kLonger) {
      TurningName name(longer);
      const std::string link = std::to_string(longer);
      REQUIRE_OK(::syscall(SYS_symlinkat, name.Next(), AT_FDCWD, link.c_str()) == 0);
    }
  });
  ASSERT_EQ(calls.size(), std::size(kLonger));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::string link = Path(std::to_string(kLonger[i]));
    const std::string says = Real(kLonger[i]);
    EXPECT_EQ(std::filesystem::read_symlink(link), says);
    EXPECT_EQ(calls[i].name, object(EVENT_LINK) ? says : Fake(kLonger[i]));
    EXPECT_EQ(calls[i].new_path, IfNoted(calls[i], link));
  }
}

TEST_F(NameEvasionTest, TimesRewrittenDuringTheCall) {
  const auto bytes = [](const timespec& time) {
    return std::string(reinterpret_cast<const char*>(&time), sizeof time);
  };
  RunInside([&] {
    Turning times(bytes({1000, 5}), bytes({2000, 6}), bytes({3000, 7}));
    for (int i = 0; i < 3; ++i)
      REQUIRE_OK(::syscall(SYS_utimensat, AT_FDCWD, "file", times.Next(), 0) == 0);
  });
  struct stat st {};
  ASSERT_EQ(::stat(Path("file").c_str(), &st), 0);
  EXPECT_EQ(st.st_atim.tv_sec, 1000);
  const auto nodes = recorded_->Of<node_record>();
  ASSERT_EQ(nodes.size(), 3u);
  for (const auto& node : nodes) {
    EXPECT_EQ(node->times, TIMES_GIVEN);
    EXPECT_EQ(node->atime.s, object(EVENT_UTIME) ? 1000 : 2000);
    EXPECT_EQ(node->atime.ns, object(EVENT_UTIME) ? 5u : 6u);
    EXPECT_EQ(node->mtime.s, 3000);
    EXPECT_EQ(node->mtime.ns, 7u);
  }
}

TEST_F(NameEvasionTest, ManySpellingsOfOneFile) {
  ASSERT_EQ(::symlink(dir_.path().c_str(), Path("loop").c_str()), 0);
  ASSERT_EQ(::symlink("loop/file", Path("link").c_str()), 0);
  ASSERT_EQ(::link(Path("file").c_str(), Path("other").c_str()), 0);
  struct stat st {};
  ASSERT_EQ(::stat(Path("file").c_str(), &st), 0);
  const std::string names[] = {"loop/loop/./file", "/proc/self/cwd/file",
                               "loop/../" + dir_.path().substr(5) + "//file", "link"};
  const auto calls = Tell([&] {
    const int loop = ::open("loop", O_PATH | O_DIRECTORY);
    for (const std::string& name : names)
      REQUIRE_OK(::syscall(SYS_fchmodat, AT_FDCWD, name.c_str(), 0640) == 0);
    REQUIRE_OK(::syscall(SYS_fchmodat, loop, "loop/file", 0640) == 0);
    REQUIRE_OK(::syscall(SYS_renameat2, loop, "loop/file", loop, "loop/./loop/new", 0) == 0);
    REQUIRE_OK(::syscall(SYS_linkat, loop, "loop/new", loop, "loop/third", 0) == 0);
    REQUIRE_OK(::syscall(SYS_unlinkat, loop, "loop/new", 0) == 0);
  });
  ASSERT_EQ(calls.size(), 8u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(calls[i].path, IfNoted(calls[i], Path("file"))) << names[i % 4];
  EXPECT_EQ(calls[5].path, IfNoted(calls[5], Path("file")));
  EXPECT_EQ(calls[5].new_path, IfNoted(calls[5], Path("new")));
  EXPECT_EQ(calls[6].path, IfNoted(calls[6], Path("new")));
  EXPECT_EQ(calls[6].new_path, IfNoted(calls[6], Path("third")));
  EXPECT_EQ(calls[7].path, IfNoted(calls[7], Path("new")));
  const std::uint32_t links[] = {2, 2, 2, 2, 2, 2, 3, 3};  // the last: before it lost one
  for (std::size_t i = 0; i < calls.size() && object(EVENT_CHMOD); ++i) {
    EXPECT_EQ(calls[i].call.file.ino, st.st_ino);
    EXPECT_EQ(calls[i].call.file.dev, KernelDev(st.st_dev));
    EXPECT_EQ(calls[i].call.file.nlink, links[i]) << i;
    EXPECT_EQ(calls[i].call.file.mode, S_IFREG | 0640u);
    EXPECT_EQ(calls[i].call.file.mnt_ns, NamespaceInode(::getpid(), "mnt"));
  }
}

// Refused where the file was found already; and the next call, which finds none, is not taken for
// one on the same.
TEST_F(NameEvasionTest, FailedAttempts) {
  ASSERT_EQ(::mkdir(Path("full").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(Path("full/x").c_str(), 0755), 0);
  ASSERT_EQ(::symlink(".", Path("loop").c_str()), 0);
  const auto calls = Tell([&] {
    for (int i = 0; i < 5; ++i) {
      REQUIRE_OK(::syscall(SYS_unlinkat, AT_FDCWD, "loop/full", AT_REMOVEDIR) < 0);
      REQUIRE_OK(::syscall(SYS_unlinkat, AT_FDCWD, "loop/none", 0) < 0 && errno == ENOENT);
    }
    // These make a file, too, past the hook of mknod.
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "socket"};
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE_OK(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE_OK(::open("made", O_CREAT | O_WRONLY, 0600) >= 0);
    REQUIRE_OK(::syscall(SYS_mknodat, AT_FDCWD, "no/such", S_IFREG, 0) < 0 && errno == ENOENT);
  });
  ASSERT_EQ(calls.size(), 11u);
  for (std::size_t i = 0; i < 10; i += 2) {
    EXPECT_EQ(calls[i].path, IfNoted(calls[i], Path("full")));
    EXPECT_EQ(calls[i].call.result, -ENOTEMPTY);
    EXPECT_EQ(calls[i + 1].path, "");
    EXPECT_EQ(calls[i + 1].call.file.ino, 0u);
    EXPECT_EQ(calls[i + 1].call.result, -ENOENT);
  }
  EXPECT_EQ(calls[10].path, "");
}

// What the overlay does to its layers in turn is no call of anybody's.
TEST_F(NameEvasionTest, InAnOverlay) {
  const auto calls = Tell([&] {
    REQUIRE_OK(::unshare(CLONE_NEWNS) == 0);
    REQUIRE_OK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    REQUIRE_OK(::mount("t", dir_.path().c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    for (const char* dir : {"lower", "upper", "work", "merged"})
      REQUIRE_OK(::syscall(SYS_mkdirat, AT_FDCWD, dir, 0755) == 0);
    REQUIRE_OK(::open("lower/x", O_CREAT | O_WRONLY, 0600) >= 0);
    REQUIRE_OK(::mount("o", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") ==
               0);
    REQUIRE_OK(::chdir("merged") == 0);
    REQUIRE_OK(::syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 0) == 0);
    REQUIRE_OK(::syscall(SYS_linkat, AT_FDCWD, "y", AT_FDCWD, "z", 0) == 0);
    REQUIRE_OK(::syscall(SYS_fchmodat, AT_FDCWD, "y", 0640) == 0);
    REQUIRE_OK(::syscall(SYS_unlinkat, AT_FDCWD, "z", 0) == 0);
    REQUIRE_OK(::syscall(SYS_mkdirat, AT_FDCWD, "d", 0700) == 0);
    REQUIRE_OK(::syscall(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR) == 0);
  });
  const char* const kNames[] = {"x", "y", "y", "z", "d", "d"};
  ASSERT_EQ(calls.size(), 4 + std::size(kNames));
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    EXPECT_EQ(calls[4 + i].path, IfNoted(calls[4 + i], Path("merged/") + kNames[i])) << i;
  EXPECT_EQ(calls[4].new_path, IfNoted(calls[4], Path("merged/y")));
  EXPECT_EQ(calls[5].new_path, IfNoted(calls[5], Path("merged/z")));
  if (!object(EVENT_UNLINK)) return;
  EXPECT_EQ(calls[4].call.file.flags, FILE_LOWER_LAYER) << "before it was copied up";
  EXPECT_EQ(calls[7].call.file.flags, FILE_UPPER_LAYER);
}

TEST_F(NameEvasionTest, ShortAndLongPaths) {
  const std::string at_root = "/nezuban-" + std::to_string(::getpid());
  const std::string name(255, 'n');
  const auto calls = Tell([&] {
    REQUIRE_OK(::syscall(SYS_mkdirat, AT_FDCWD, at_root.c_str(), 0700) == 0);
    REQUIRE_OK(::syscall(SYS_unlinkat, AT_FDCWD, at_root.c_str(), AT_REMOVEDIR) == 0);
    for (int i = 0; i < 17; ++i) {
      REQUIRE_OK(::syscall(SYS_mkdirat, AT_FDCWD, name.c_str(), 0700) == 0);
      REQUIRE_OK(::chdir(name.c_str()) == 0);
    }
  });
  ASSERT_EQ(calls.size(), 19u);
  EXPECT_EQ(calls[0].path, IfNoted(calls[0], at_root));
  EXPECT_EQ(calls[1].path, IfNoted(calls[1], at_root));
  std::string path = dir_.path();
  for (std::size_t i = 2; i < calls.size(); ++i) {
    path += "/" + name;
    // Of the directory 4,096 bytes are kept.
    const bool cut = object(EVENT_MKDIR) && path.size() - 256 > 4096;
    EXPECT_EQ(calls[i].cut, cut) << i;
    const std::string whole = IfNoted(calls[i], path);
    EXPECT_EQ(calls[i].path, cut ? whole.substr(whole.size() - calls[i].path.size()) : whole);
  }
  EXPECT_EQ(calls.back().cut, object(EVENT_MKDIR));
}

// What is removed is given back only after its directory was unlocked, and that takes a while: by
// the exit nobody can say where it was. The name that was passed is no answer.
TEST_F(NameEvasionTest, DirectoryGoneBeforeTheCallEnds) {
  ASSERT_EQ(::mkdir(Path("brief").c_str(), 0755), 0);
  std::ofstream(Path("brief/x")) << std::string(std::size_t{64} << 20, 'x');
  const auto calls = Tell([&] {
    std::thread other([] {
      while (::rmdir("brief") != 0) ::usleep(100);
    });
    REQUIRE_OK(::syscall(SYS_unlinkat, AT_FDCWD, "brief/x", 0) == 0);
    other.join();
  });
  const auto removed = std::ranges::find(calls, "brief/x", &Told::name);
  ASSERT_NE(removed, calls.end());
  EXPECT_EQ(removed->call.result, 0);
  if (!object(EVENT_UNLINK)) return;
  EXPECT_TRUE(removed->path == Path("brief/x") || (removed->path.empty() && removed->cut))
      << removed->path;
}

}  // namespace
}  // namespace nezuban::bpf_test
