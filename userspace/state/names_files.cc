// SPDX-License-Identifier: Apache-2.0
#include "state/names_files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "state/process_table.h"
#include "state/procfs.h"

namespace nezuban::state {
namespace {

constexpr NamesLimits kOfContainer{};
constexpr NamesLimits kOfNode{.file_bytes = std::size_t{1} << 20, .entries = 65536};

// Runtimes of some kinds execute their own helper in the container's cgroup before they change its
// root: for so long a container may look as if it had the node's.
constexpr int kRootTries = 10;
constexpr std::chrono::milliseconds kBetweenRootTries{10};

constexpr const char* kFiles[] = {"etc/passwd", "etc/group"};
using MemberAdd = void (*)(std::string_view, const std::vector<IdRange>&, const NamesLimits&,
                           UserNames&);
constexpr MemberAdd kAdd[] = {AddPasswd, AddGroup};
constexpr const char* kMaps[] = {"uid_map", "gid_map"};

// File systems whose files say what the kernel likes, to whoever reads them: somebody may have
// mounted one of those files in the place of ours. Some have no name in the headers.
constexpr long kMadeUp[] = {
    PROC_SUPER_MAGIC, SYSFS_MAGIC,    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
    DEBUGFS_MAGIC,    TRACEFS_MAGIC,  SECURITYFS_MAGIC,   BPF_FS_MAGIC,
    NSFS_MAGIC,       EFIVARFS_MAGIC, DEVPTS_SUPER_MAGIC, SELINUX_MAGIC,
    SMACK_MAGIC,      PSTOREFS_MAGIC, BINFMTFS_MAGIC,     0x62656570 /* configfs */,
    0x19800202 /* mqueue */};

// At most `limit` bytes; nullopt: they cannot be read.
std::optional<std::string> ReadSome(int fd, std::size_t limit) {
  std::string text(limit, '\0');
  std::size_t size = 0;
  while (size < limit) {
    const ssize_t got = ::read(fd, text.data() + size, limit - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

std::string ReadProcFile(int process, const char* name) {
  const UniqueFd fd(::openat(process, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return fd.valid() ? ReadSome(fd.get(), 16384).value_or("") : std::string();
}

std::int64_t Ns(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// A file that names may be in.
struct Found {
  bool there = false;  // something is, be it nothing that can be read
  UniqueFd fd;         // of a regular file, else invalid
  NamesVersion::File file = {};
};

bool IsMadeUp(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) != 0 ||
         std::ranges::find(kMadeUp, static_cast<long>(fs.f_type)) != std::end(kMadeUp);
}

// Only looks at it: opening a device or a pipe would be an act.
Found FindFile(int root, const char* path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof(how))));
  Found found;
  found.there = fd.valid() || (errno != ENOENT && errno != ENOTDIR);
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return found;
  if (IsMadeUp(fd.get())) return found;
  found.file.dev = info.st_dev;
  found.file.ino = info.st_ino;
  found.file.size = static_cast<std::uint64_t>(info.st_size);
  found.file.modified_ns = Ns(info.st_mtim);
  found.file.changed_ns = Ns(info.st_ctim);
  found.fd = std::move(fd);
  return found;
}

// One more byte than `limit` says that there is more.
std::optional<std::string> ReadFound(const UniqueFd& found, std::size_t limit) {
  const std::string path = "/proc/self/fd/" + std::to_string(found.get());
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return fd.valid() ? ReadSome(fd.get(), limit + 1) : std::nullopt;
}

NamesRead ReadBelow(int root, const std::array<std::vector<IdRange>, 2>& maps,
                    const NamesLimits& limits, const NamesVersion* known) {
  NamesRead read{.answer = NamesAnswer::kRead};
  std::array<Found, 2> found;
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i] = FindFile(root, kFiles[i]);
    read.version.files[i] = found[i].file;
    read.version.files[i].ids = maps[i];
  }
  if (known != nullptr && *known == read.version) {
    read.answer = NamesAnswer::kUnchanged;
    return read;
  }
  UserNames names;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i].there) continue;
    auto text = found[i].fd.valid() ? ReadFound(found[i].fd, limits.file_bytes) : std::nullopt;
    if (!text || text->size() > limits.file_bytes) names.whole = false;
    if (!text) continue;
    if (text->size() > limits.file_bytes) {
      text->resize(text->rfind('\n', limits.file_bytes) + 1);  // npos + 1 is 0: nothing of it
    }
    kAdd[i](*text, maps[i], limits, names);
  }
  read.names = std::make_shared<const UserNames>(std::move(names));
  return read;
}

// Its directory in /proc; invalid: it does not live. What is read through it is never another's.
UniqueFd OpenProcess(const std::string& proc, ProcessKey key) {
  const std::string path = proc + "/" + std::to_string(key.tgid);
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory.valid()) return {};
  const std::string text = ReadProcFile(directory.get(), "stat");
  const auto stat = ParseProcStat(text);
  if (!stat || stat->tgid != key.tgid) return {};
  const std::uint64_t ticks = key.start_ns / ClockTickNs();
  const bool same = key.start_ns == 0 || stat->start_ticks == ticks;
  return same ? std::move(directory) : UniqueFd();
}

// One inode, as two namespaces are, too.
bool SameFile(int one, int other) {
  struct stat a {};
  struct stat b {};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

UniqueFd OpenRoot(int process, int node_root) {
  for (int left = kRootTries;; --left) {
    UniqueFd root(::openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid() || left <= 1 || !SameFile(root.get(), node_root)) return root;
    std::this_thread::sleep_for(kBetweenRootTries);
  }
}

UniqueFd OpenNamespace(int process, const char* name) {
  return UniqueFd(::openat(process, name, O_RDONLY | O_CLOEXEC));
}

// Whether what it sees is the container's: it is in `mnt_ns` (0: any), and has not gone to a user
// namespace of its own, from which it could have changed its root.
bool SeesContainer(int process, std::uint32_t mnt_ns) {
  const UniqueFd mount = OpenNamespace(process, "ns/mnt");
  const UniqueFd user = OpenNamespace(process, "ns/user");
  struct stat info {};
  if (!mount.valid() || !user.valid() || ::fstat(mount.get(), &info) != 0) return false;
  if (mnt_ns != 0 && info.st_ino != mnt_ns) return false;
  const UniqueFd owner(::ioctl(mount.get(), NS_GET_USERNS));
  return owner.valid() && SameFile(owner.get(), user.get());
}

}  // namespace

NamesRead ReadNames(const NamesWanted& wanted, const NamesRoots& roots, const NamesVersion* known) {
  const UniqueFd node(::open(roots.node.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!node.valid()) return {};
  if (wanted.cgroup_id == 0) {
    const std::vector<IdRange> all = {{0, 0, 0xffffffffU}};
    return ReadBelow(node.get(), {all, all}, kOfNode, known);
  }
  const UniqueFd process = OpenProcess(roots.proc, wanted.process);
  if (!process.valid()) return {};
  const UniqueFd root = OpenRoot(process.get(), node.get());
  if (!root.valid() || !SeesContainer(process.get(), wanted.mnt_ns)) return {};
  std::array<std::vector<IdRange>, 2> maps;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    maps[i] = ParseIdMap(ReadProcFile(process.get(), kMaps[i]));
  }
  if (maps[0].empty()) return {};  // it ended meanwhile
  return ReadBelow(root.get(), maps, kOfContainer, known);
}

}  // namespace nezuban::state
