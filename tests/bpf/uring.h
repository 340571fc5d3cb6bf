// SPDX-License-Identifier: Apache-2.0
// io_uring without a library: one request at a time.
#pragma once

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <functional>

#include "bpf/harness.h"

namespace nezuban::bpf_test {

// Whether the running kernel is at least that one.
inline bool KernelIsAtLeast(int major, int minor) {
  utsname names{};
  int running_major = 0;
  int running_minor = 0;
  return ::uname(&names) == 0 &&
         std::sscanf(names.release, "%d.%d", &running_major, &running_minor) == 2 &&
         (running_major > major || (running_major == major && running_minor >= minor));
}

// In the child.
class Uring {
 public:
  // `flags`: IORING_SETUP_….
  explicit Uring(unsigned flags = 0) : flags_(flags) {
    io_uring_params params{};
    params.flags = flags;
    params.sq_thread_idle = 1000;
    ring_ = static_cast<int>(::syscall(SYS_io_uring_setup, 2, &params));
    REQUIRE_OK(ring_ >= 0);
    sq_ = Map(params.sq_off.array + params.sq_entries * sizeof(__u32), IORING_OFF_SQ_RING);
    cq_ = Map(params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe), IORING_OFF_CQ_RING);
    entries_ = reinterpret_cast<io_uring_sqe*>(Map(sizeof(io_uring_sqe) * 2, IORING_OFF_SQES));
    tail_ = reinterpret_cast<__u32*>(sq_ + params.sq_off.tail);
    array_ = reinterpret_cast<__u32*>(sq_ + params.sq_off.array);
    taken_ = reinterpret_cast<__u32*>(cq_ + params.cq_off.head);
    results_ = reinterpret_cast<io_uring_cqe*>(cq_ + params.cq_off.cqes);
  }

  // Submits the request that `fill` makes, waits for it, gives its result.
  int Do(const std::function<void(io_uring_sqe&)>& fill) {
    Submit(fill);
    REQUIRE_OK(Enter(0, 1, IORING_ENTER_GETEVENTS) >= 0);
    const int result = results_[done_ % 4].res;
    std::atomic_ref(*taken_).store(++done_);
    return result;
  }

  // Without waiting.
  void Submit(const std::function<void(io_uring_sqe&)>& fill) {
    const __u32 index = next_ % 2;
    std::memset(&entries_[index], 0, sizeof entries_[index]);
    fill(entries_[index]);
    array_[index] = index;
    std::atomic_ref(*tail_).store(++next_);
    const bool has_thread = (flags_ & IORING_SETUP_SQPOLL) != 0;
    const int taken = Enter(1, 0, has_thread ? IORING_ENTER_SQ_WAKEUP : 0);
    REQUIRE_OK(taken == 1 || has_thread);
  }

 private:
  char* Map(std::size_t size, off_t what) const {
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_, what);
    REQUIRE_OK(memory != MAP_FAILED);
    return static_cast<char*>(memory);
  }
  int Enter(unsigned submit, unsigned wait, unsigned flags) const {
    return static_cast<int>(::syscall(SYS_io_uring_enter, ring_, submit, wait, flags, nullptr, 0));
  }

  unsigned flags_;
  int ring_;
  char* sq_;
  char* cq_;
  io_uring_sqe* entries_;
  __u32* tail_;
  __u32* array_;
  __u32* taken_;
  io_uring_cqe* results_;
  __u32 next_ = 0;
  __u32 done_ = 0;
};

}  // namespace nezuban::bpf_test
