// SPDX-License-Identifier: Apache-2.0
// What tests of acts need besides the harness: memory that parent and child share, and 32-bit
// system calls from a 64-bit program.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "base/check.h"
#include "probe/probe_source.h"

namespace nezuban::bpf_test {

// A T that the child fills and the parent reads. T holds no pointers of its own.
template <typename T>
class Shared {
 public:
  Shared() {
    void* memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    value_ = new (memory) T{};
  }
  ~Shared() { ::munmap(value_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

// The kind of sensor that serves `event` in this run.
inline probe::SensorKind KindOf(const probe::ProbeSource& source, event::EventType event) {
  return source.sensors()[event].kind;
}

// Memory below 4 GiB, which 32-bit calls can be given, where there are any.
class LowMemory {
 public:
  static constexpr std::size_t kSize = 65536;
#if defined(__x86_64__)
  static constexpr int kLow = MAP_32BIT;
#else
  static constexpr int kLow = 0;
#endif

  LowMemory() {
    void* memory =
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | kLow, -1, 0);
    CHECK(memory != MAP_FAILED);
    next_ = static_cast<char*>(memory);
    end_ = next_ + kSize;
  }

  // A copy of the bytes; its address.
  std::uint32_t Put(const void* bytes, std::size_t size) {
    CHECK(size <= static_cast<std::size_t>(end_ - next_));
    std::memcpy(next_, bytes, size);
    const auto address = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(next_));
    next_ += (size + 7) / 8 * 8;
    return address;
  }
  std::uint32_t Put(const char* text) { return Put(text, std::strlen(text) + 1); }

 private:
  char* next_;
  char* end_;
};

#if defined(__x86_64__)
// A system call of the i386 table; gives 0 or more, or -errno. Always inline: a child of vfork must
// not return to its parent's frame.
[[gnu::always_inline]] inline int Int80(int number, std::uint32_t a, std::uint32_t b = 0,
                                        std::uint32_t c = 0, std::uint32_t d = 0,
                                        std::uint32_t e = 0, std::uint32_t f = 0) {
  int result = 0;
  std::uint64_t sixth = f;
  asm volatile("xchg %%rbp, %[sixth]\n\tint $0x80\n\txchg %%rbp, %[sixth]"
               : "=a"(result), [sixth] "+r"(sixth)
               : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
               : "memory", "r8", "r9", "r10", "r11");
  return result;
}
#endif

}  // namespace nezuban::bpf_test
