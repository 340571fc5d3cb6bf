// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "base/unique_fd.h"

namespace nezuban {
namespace {

constexpr std::size_t kBytes = 1 << 20;

constexpr std::array<unsigned char, kBytes> Pattern() {
  std::array<unsigned char, kBytes> bytes{};
  for (std::size_t i = 0; i < kBytes; i += 512)
    bytes[i] = static_cast<unsigned char>(i / 512 % 251);
  return bytes;
}

// Read only in the program's file.
constexpr std::array<unsigned char, kBytes> kReadOnly = Pattern();

// Reads it each time, whatever the compiler knows of it.
std::uint64_t Sum() {
  const volatile unsigned char* bytes = kReadOnly.data();
  return std::accumulate(bytes, bytes + kReadOnly.size(), std::uint64_t{0});
}

// Whether the page in the middle of kReadOnly is mapped in: bit 63 of its entry in pagemap
// (Documentation/admin-guide/mm/pagemap.rst).
bool IsResident() {
  const UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(pagemap.valid());
  const auto page = reinterpret_cast<std::uintptr_t>(&kReadOnly[kBytes / 2]) /
                    static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t entry = 0;
  EXPECT_EQ(::pread(pagemap.get(), &entry, sizeof entry, static_cast<off_t>(page * sizeof entry)),
            static_cast<ssize_t>(sizeof entry));
  return (entry >> 63) != 0;
}

TEST(Memory, WhatIsReadOnlyIsGivenBackAndComesAgain) {
  const std::uint64_t sum = Sum();
  ASSERT_TRUE(IsResident());
  ReleaseUnusedMemory();
  EXPECT_FALSE(IsResident());
  EXPECT_EQ(Sum(), sum);
  EXPECT_TRUE(IsResident());
}

}  // namespace
}  // namespace nezuban
