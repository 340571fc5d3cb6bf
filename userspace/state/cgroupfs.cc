// SPDX-License-Identifier: Apache-2.0
#include "state/cgroupfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/text.h"
#include "base/unique_fd.h"

namespace nezuban::state {
namespace {

// More cgroups than a kernel holds in practice: an end to the walk if something goes in circles.
constexpr std::size_t kMaxCgroups = 1'000'000;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Directory = std::unique_ptr<DIR, CloseDir>;

UniqueFd OpenDirectory(int at, const char* path) {
  return UniqueFd(::openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::uint64_t InodeOf(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 ? st.st_ino : 0;
}

bool IsCgroup2(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

// Names of the directories in `directory`; it is used up.
std::vector<std::string> Children(UniqueFd directory) {
  std::vector<std::string> names;
  const Directory dir(::fdopendir(directory.get()));
  if (dir == nullptr) return names;
  static_cast<void>(directory.release());  // the stream owns it now
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name(entry->d_name);
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

}  // namespace

Result<std::vector<CgroupDirectory>> ListCgroups(const std::string& root) {
  const UniqueFd top(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid()) return Fail("open " + root + ": " + std::strerror(errno));
  if (!IsCgroup2(top.get())) return Fail(root + " is not a cgroup2 file system");

  std::vector<CgroupDirectory> found = {{InodeOf(top.get()), 0, "/"}};
  for (std::size_t i = 0; i < found.size() && found.size() < kMaxCgroups; ++i) {
    // Opened from the root each time: one descriptor at once, however deep the tree is.
    const std::string path = found[i].path;
    const std::uint64_t id = found[i].id;
    UniqueFd here = OpenDirectory(top.get(), i == 0 ? "." : path.c_str() + 1);
    if (!here.valid()) continue;  // gone, or deeper than a path can say
    const int fd = here.get();
    if (InodeOf(fd) != id) continue;  // replaced by one of the same name
    UniqueFd again = OpenDirectory(fd, ".");
    for (const std::string& name : Children(std::move(here))) {
      const UniqueFd child = OpenDirectory(again.get(), name.c_str());
      if (!child.valid() || !IsCgroup2(child.get())) continue;
      found.push_back({InodeOf(child.get()), id, (i == 0 ? "" : path) + "/" + name});
    }
  }
  return found;
}

std::uint64_t CgroupIdOf(const std::string& root, std::string_view path) {
  if (!path.starts_with('/')) return 0;
  for (const std::string_view name : Split(path, '/')) {
    if (name == "..") return 0;
  }
  const UniqueFd fd(
      ::open((root + std::string(path)).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return fd.valid() && IsCgroup2(fd.get()) ? InodeOf(fd.get()) : 0;
}

}  // namespace nezuban::state
