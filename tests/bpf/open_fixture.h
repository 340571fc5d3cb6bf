// SPDX-License-Identifier: Apache-2.0
// Opens of a child, and what every record of one must say.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "bpf/harness.h"
#include "bpf/shared.h"

namespace nezuban::bpf_test {

using Open = Found<open_record>;

// The file as fstat sees it, for the child to tell the parent.
struct Seen {
  std::uint64_t ino;
  std::uint32_t dev;
  std::uint32_t nlink;
  std::uint32_t mode;
};

inline Seen See(int fd) {
  struct stat st {};
  REQUIRE_OK(::fstat(fd, &st) == 0);
  return {st.st_ino, KernelDev(st.st_dev), static_cast<std::uint32_t>(st.st_nlink), st.st_mode};
}

inline Seen See(const std::string& path) {
  struct stat st {};
  CHECK(::stat(path.c_str(), &st) == 0);
  return {st.st_ino, KernelDev(st.st_dev), static_cast<std::uint32_t>(st.st_nlink), st.st_mode};
}

inline void ExpectFile(const file_ref& file, const Seen& seen) {
  EXPECT_EQ(file.ino, seen.ino);
  EXPECT_EQ(file.dev, seen.dev);
  EXPECT_EQ(file.nlink, seen.nlink);
  EXPECT_EQ(file.mode, seen.mode);
}

// Not through libc, which has its own idea of which call and flags to take.
inline int Openat(int dirfd, const char* name, std::uint64_t flags, unsigned mode = 0) {
  return static_cast<int>(::syscall(SYS_openat, dirfd, name, flags, mode));
}

class OpenTest : public ::testing::Test {
 protected:
  OpenTest() {
    file_ = dir_.path() + "/file";
    std::ofstream(file_) << "content";
  }

  bool object() { return KindOf(harness_.source(), EVENT_OPEN) == probe::SensorKind::kObject; }

  std::vector<Open> Run(const std::function<void()>& act) {
    recorded_.emplace(harness_.Run(act));
    return recorded_->Of<open_record>();
  }

  struct Expected {
    const char* name = "openat";
    std::string path;
    std::string as_passed;
    std::uint64_t flags = 0;
    std::uint32_t mode = 0;
    int dirfd = AT_FDCWD;
    int result = 0;  // -1: some descriptor
  };

  void Expect(const Open& open, const Expected& expected) {
    const record_header& header = open.header();
    EXPECT_EQ(open.event().name(), expected.name);
    EXPECT_EQ(header.lane, LANE_BULK);
    EXPECT_EQ(header.sensor, object() ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(header.tgid, static_cast<std::uint32_t>(recorded_->child()));
    EXPECT_EQ(open.Text(open->path), expected.path);
    EXPECT_FALSE(open.Truncated(open->path));
    EXPECT_EQ(open.Text(open->name), expected.as_passed);
    EXPECT_FALSE(open.Truncated(open->name));
    EXPECT_EQ(open->flags, expected.flags);
    EXPECT_EQ(open->mode, expected.mode);
    EXPECT_EQ(open->dirfd, expected.dirfd);
    if (expected.result != -1) {
      EXPECT_EQ(open->result, expected.result);
    } else {
      EXPECT_GE(open->result, 0);
    }
  }

  TempDir dir_;
  std::string file_;
  Harness harness_;
  std::optional<Recorded> recorded_;
};

}  // namespace nezuban::bpf_test
