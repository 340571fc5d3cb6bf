// SPDX-License-Identifier: Apache-2.0
#include "rpc/socket_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace nezuban::rpc {
namespace {

std::string LockPath(const std::string& path) { return path + ".lock"; }

tl::unexpected<Error> FailErrno(const std::string& what, int error) {
  return Fail(what + ": " + std::generic_category().message(error));
}

// Whoever may write to the directory could put a socket of their own in the place of ours.
Status CheckDirectory(const std::string& directory) {
  struct stat st {};
  if (::stat(directory.c_str(), &st) != 0) return FailErrno("stat " + directory, errno);
  if (!S_ISDIR(st.st_mode)) return Fail(directory + ": not a directory");
  if (st.st_uid != 0 && st.st_uid != ::geteuid()) {
    return Fail(directory + ": belongs to uid " + std::to_string(st.st_uid) +
                "; the socket needs a directory of our own");
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st.st_mode & S_ISVTX) == 0) {
    return Fail(directory + ": others may write to it; the socket needs a directory of our own");
  }
  return {};
}

Status PrepareDirectory(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) {
    std::filesystem::create_directories(std::filesystem::path(directory).parent_path(), error);
    if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      return FailErrno("mkdir " + directory, errno);
    }
  }
  return CheckDirectory(directory);
}

std::string HolderOf(int lock) {
  std::array<char, 32> text;
  const ssize_t size = ::pread(lock, text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  const std::string_view pid = Trim({text.data(), static_cast<std::size_t>(size)});
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string_view::npos) {
    return "another process";
  }
  return "pid " + std::string(pid);
}

// True if the file that was locked is still the one the path names: the holder before us removes it
// when it ends, and a lock on a removed file protects nothing.
bool StillNamed(int lock, const std::string& lock_path) {
  struct stat ours {};
  struct stat named {};
  return ::fstat(lock, &ours) == 0 && ::lstat(lock_path.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

Result<UniqueFd> TakeLock(const std::string& path) {
  const std::string lock_path = LockPath(path);
  constexpr int kAttempts = 100;  // each lost to a holder that ended in between
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    UniqueFd lock(
        ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (!lock.valid()) return FailErrno("open " + lock_path, errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return Fail(path + ": in use by " + HolderOf(lock.get()));
      return FailErrno("lock " + lock_path, errno);
    }
    if (StillNamed(lock.get(), lock_path)) return lock;
  }
  return Fail(lock_path + ": is being removed and made again all the time");
}

Status WritePid(int lock) {
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) != 0 ||
      ::pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return FailErrno("write the lock file", errno);
  }
  return {};
}

Status RemoveLeftOver(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT) return {};
    return FailErrno("stat " + path, errno);
  }
  if (!S_ISSOCK(st.st_mode)) return Fail(path + ": is there and is not a socket");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FailErrno("remove " + path, errno);
  return {};
}

}  // namespace

Result<SocketLock> SocketLock::Acquire(const std::string& path) {
  RETURN_IF_ERROR(PrepareDirectory(path));
  ASSIGN_OR_RETURN(UniqueFd fd, TakeLock(path));
  RETURN_IF_ERROR(WritePid(fd.get()));
  RETURN_IF_ERROR(RemoveLeftOver(path));
  return SocketLock(path, std::move(fd));
}

SocketLock::~SocketLock() {
  if (!lock_.valid()) return;
  ::unlink(path_.c_str());
  ::unlink(LockPath(path_).c_str());  // before the lock goes: afterwards it may be another's
}

}  // namespace nezuban::rpc
