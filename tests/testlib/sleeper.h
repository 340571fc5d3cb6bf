// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace nezuban::testlib {

// A child process called `name` that sleeps until this ends. It is there, with its name, once the
// constructor returns.
class Sleeper {
 public:
  explicit Sleeper(const char* name) : pid_(::fork()) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::prctl(PR_SET_NAME, name);
      ::close(ready_[0]);
      if (::write(ready_[1], "x", 1) == 1) ::pause();
      ::_exit(0);
    }
    char byte;
    ::close(ready_[1]);
    if (::read(ready_[0], &byte, 1) != 1) pid_ = -1;
    ::close(ready_[0]);
  }
  ~Sleeper() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  pid_t pid() const { return pid_; }

 private:
  struct Pipe {
    Pipe() {
      if (::pipe(ends) != 0) std::abort();
    }
    int operator[](int i) const { return ends[i]; }
    int ends[2];
  };
  Pipe ready_;  // made before the fork
  pid_t pid_;
};

}  // namespace nezuban::testlib
