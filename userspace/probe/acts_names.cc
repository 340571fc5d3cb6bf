// SPDX-License-Identifier: Apache-2.0
#include "probe/acts_names.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "base/unique_fd.h"

namespace nezuban::probe {
namespace {

// File systems that have no call to make, rename or remove what is in them: the kernel says so
// (EPERM) after it has asked the security modules. The first that can be written to serves.
struct Present {
  const char* name;
  long file_system;
};
// The one whose mode and owner cannot be set either.
constexpr Present kFixed = {"/proc/self/comm", PROC_SUPER_MAGIC};
constexpr Present kPresent[] = {{"/dev/pts/ptmx", DEVPTS_SUPER_MAGIC}, kFixed};

// Here a name can be looked up that is not there; in /proc that alone is an error.
struct Absent {
  const char* name;
  const char* directory;
  long file_system;
};
constexpr Absent kAbsent[] = {{"/dev/pts/nezuban", "/dev/pts", DEVPTS_SUPER_MAGIC},
                              {"/sys/nezuban", "/sys", SYSFS_MAGIC}};

bool LiesOn(const char* path, long file_system) {
  struct statfs found {};
  return ::statfs(path, &found) == 0 && found.f_type == file_system;
}

// Of a name that was looked up: what is refused before the hooks is so for another reason (EROFS).
// ENOTDIR: rmdir of a file.
bool IsPastHooks(int result) {
  return result == 0 || errno == EPERM || errno == EACCES || errno == ENOTDIR;
}

template <typename Act>
bool OnPresent(Act act) {
  for (const Present& file : kPresent)
    if (LiesOn(file.name, file.file_system) && IsPastHooks(act(file.name))) return true;
  (void)act("");
  return false;
}

// `act` gets an absent name and the directory it is not in.
template <typename Act>
bool OnAbsent(Act act) {
  for (const Absent& file : kAbsent) {
    if (!LiesOn(file.directory, file.file_system)) continue;
    if (IsPastHooks(act(file.name, file.directory))) return true;
  }
  (void)act("", "");
  return false;
}

// By its name in /proc: a descriptor's file is known without any hook.
template <typename Act>
bool OnFileOfOurs(Act act) {
  constexpr std::string_view kDescriptors = "/proc/self/fd/";
  const UniqueFd fd(::memfd_create("nezuban", MFD_CLOEXEC));
  std::array<char, 32> name{};
  kDescriptors.copy(name.data(), kDescriptors.size());
  std::to_chars(name.data() + kDescriptors.size(), name.data() + name.size() - 1, fd.get());
  if (fd.valid() && LiesOn(name.data(), TMPFS_MAGIC) && IsPastHooks(act(name.data()))) return true;
  if (LiesOn(kFixed.name, kFixed.file_system) && IsPastHooks(act(kFixed.name))) return true;
  (void)act("");
  return false;
}

}  // namespace

bool ActRename(const ProofContext&) {
  return OnPresent([](const char* name) { return ::renameat(AT_FDCWD, name, AT_FDCWD, name); });
}

bool ActUnlink(const ProofContext&) {
  const bool file = OnPresent([](const char* name) { return ::unlinkat(AT_FDCWD, name, 0); });
  const bool directory =
      OnPresent([](const char* name) { return ::unlinkat(AT_FDCWD, name, AT_REMOVEDIR); });
  return file && directory;
}

bool ActMkdir(const ProofContext&) {
  return OnAbsent([](const char* name, const char*) { return ::mkdirat(AT_FDCWD, name, 0); });
}

bool ActMknod(const ProofContext&) {
  return OnAbsent(
      [](const char* name, const char*) { return ::mknodat(AT_FDCWD, name, S_IFIFO, 0); });
}

bool ActLink(const ProofContext&) {
  const bool hard = OnAbsent([](const char* name, const char* directory) {
    return ::linkat(AT_FDCWD, directory, AT_FDCWD, name, 0);
  });
  const bool symbolic = OnAbsent([](const char* name, const char* directory) {
    return ::symlinkat(directory, AT_FDCWD, name);
  });
  return hard && symbolic;
}

bool ActChmod(const ProofContext&) {
  return OnFileOfOurs([](const char* name) { return ::fchmodat(AT_FDCWD, name, 0600, 0); });
}

bool ActChown(const ProofContext&) {
  constexpr auto kAsItIs = static_cast<uid_t>(-1);
  return OnFileOfOurs(
      [](const char* name) { return ::fchownat(AT_FDCWD, name, kAsItIs, kAsItIs, 0); });
}

bool ActUtime(const ProofContext&) {
  const timespec times[2] = {{0, -1}, {0, -1}};
  return ::utimensat(AT_FDCWD, "/", times, 0) < 0 && errno == EINVAL;
}

}  // namespace nezuban::probe
