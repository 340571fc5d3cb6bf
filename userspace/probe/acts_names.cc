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
#include <span>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"

namespace nezuban::probe {
namespace {

// File systems that have no call to make, rename or remove what is in them: the kernel says so
// (EPERM) after it has asked the security modules. The first that can be written to serves. By the
// directory itself, whose file system no mount can change any more.
struct Place {
  const char* directory;
  long file_system;
  const char* name;
};
// The one whose mode and owner cannot be set either.
constexpr Place kFixed = {"/proc/self", PROC_SUPER_MAGIC, "comm"};
constexpr Place kPresent[] = {{"/dev/pts", DEVPTS_SUPER_MAGIC, "ptmx"}, kFixed};
// Here a name can be looked up that is not there; in /proc that alone is an error.
constexpr Place kAbsent[] = {{"/dev/pts", DEVPTS_SUPER_MAGIC, "nezuban"},
                             {"/sys", SYSFS_MAGIC, "nezuban"}};

// Invalid where that is not the file system.
UniqueFd OpenDirectory(const Place& place) {
  UniqueFd directory(::open(place.directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct statfs found {};
  const bool fits = directory.valid() && ::fstatfs(directory.get(), &found) == 0 &&
                    found.f_type == place.file_system;
  return fits ? std::move(directory) : UniqueFd();
}

// Of a name that was looked up: what is refused before the hooks is so for another reason (EROFS).
// ENOTDIR: rmdir of a file.
bool IsPastHooks(int result) {
  return result == 0 || errno == EPERM || errno == EACCES || errno == ENOTDIR;
}

// `act` gets a directory and a name in it. Where none of the places serves, and where the act has
// to be quiet, it gets no name: the call alone is seen.
template <typename Act>
bool OnOneOf(std::span<const Place> places, const ProofContext& context, Act act) {
  for (const Place& place : places) {
    if (context.quiet) break;
    const UniqueFd directory = OpenDirectory(place);
    if (directory.valid() && IsPastHooks(act(directory.get(), place.name))) return true;
  }
  (void)act(AT_FDCWD, "");
  return context.quiet;
}

// By its name in /proc: a descriptor's file is known without any hook.
template <typename Act>
bool OnFileOfOurs(const ProofContext& context, Act act) {
  constexpr std::string_view kDescriptors = "/proc/self/fd/";
  if (context.quiet) return OnOneOf({}, context, act);
  const UniqueFd fd(::memfd_create("nezuban", MFD_CLOEXEC));
  std::array<char, 32> name{};
  kDescriptors.copy(name.data(), kDescriptors.size());
  std::to_chars(name.data() + kDescriptors.size(), name.data() + name.size() - 1, fd.get());
  struct statfs found {};
  const bool is_ours =
      fd.valid() && ::statfs(name.data(), &found) == 0 && found.f_type == TMPFS_MAGIC;
  if (is_ours && IsPastHooks(act(AT_FDCWD, name.data()))) return true;
  return OnOneOf({&kFixed, 1}, context, act);
}

}  // namespace

bool ActRename(const ProofContext& context) {
  return OnOneOf(kPresent, context, [](int directory, const char* name) {
    return ::renameat(directory, name, directory, name);
  });
}

bool ActUnlink(const ProofContext& context) {
  const auto unlink = [](int flags) {
    return [flags](int directory, const char* name) { return ::unlinkat(directory, name, flags); };
  };
  const bool file = OnOneOf(kPresent, context, unlink(0));
  const bool directory = OnOneOf(kPresent, context, unlink(AT_REMOVEDIR));
  return file && directory;
}

bool ActMkdir(const ProofContext& context) {
  return OnOneOf(kAbsent, context,
                 [](int directory, const char* name) { return ::mkdirat(directory, name, 0); });
}

bool ActMknod(const ProofContext& context) {
  return OnOneOf(kAbsent, context, [](int directory, const char* name) {
    return ::mknodat(directory, name, S_IFIFO, 0);
  });
}

bool ActLink(const ProofContext& context) {
  const bool hard = OnOneOf(kAbsent, context, [](int directory, const char* name) {
    return ::linkat(directory, ".", directory, name, 0);
  });
  const bool symbolic = OnOneOf(kAbsent, context, [](int directory, const char* name) {
    return ::symlinkat(".", directory, name);
  });
  // Who is not root may be refused the first before the hook (fs.protected_hardlinks).
  return hard && symbolic && (context.quiet || ::geteuid() == 0);
}

bool ActChmod(const ProofContext& context) {
  return OnFileOfOurs(context, [](int directory, const char* name) {
    return ::fchmodat(directory, name, 0600, 0);
  });
}

bool ActChown(const ProofContext& context) {
  constexpr auto kAsItIs = static_cast<uid_t>(-1);
  return OnFileOfOurs(context, [](int directory, const char* name) {
    return ::fchownat(directory, name, kAsItIs, kAsItIs, 0);
  });
}

bool ActUtime(const ProofContext&) {
  const timespec times[2] = {{0, -1}, {0, -1}};
  return ::utimensat(AT_FDCWD, "/", times, 0) < 0 && errno == EINVAL;
}

}  // namespace nezuban::probe
