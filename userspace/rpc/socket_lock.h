// SPDX-License-Identifier: Apache-2.0
// Who may listen on a unix socket. gRPC replaces a socket that is there without asking, so a lock
// file beside it (PATH.lock) decides: whoever holds its flock is alive.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace nezuban::rpc {

// Holds the lock; the destructor removes the socket and the lock file, then lets go.
class SocketLock {
 public:
  // Creates the directory (0700) if it is missing, takes the lock and removes a socket left over
  // from a process that died. Errors: held by another ("… in use by pid N"), a directory in which
  // others could put a socket of their own, something at `path` that is not a socket.
  static Result<SocketLock> Acquire(const std::string& path);

  SocketLock(SocketLock&& other) noexcept = default;
  SocketLock& operator=(SocketLock&&) = delete;
  ~SocketLock();

 private:
  SocketLock(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  UniqueFd lock_;  // not valid once moved from
};

}  // namespace nezuban::rpc
