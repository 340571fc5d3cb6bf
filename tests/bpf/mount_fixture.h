// SPDX-License-Identifier: Apache-2.0
// Mounts in a namespace that goes with the child, and what every record of one must say.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "bpf/harness.h"
#include "bpf/shared.h"

namespace nezuban::bpf_test {

inline std::uint32_t DeviceOf(const std::string& path) {
  struct stat st {};
  CHECK(::stat(path.c_str(), &st) == 0);
  return KernelDev(st.st_dev);
}

inline std::uint64_t InodeOf(const std::string& path) {
  struct stat st {};
  CHECK(::stat(path.c_str(), &st) == 0);
  return st.st_ino;
}

using Mount = Found<mount_record>;

class MountTest : public ::testing::Test {
 protected:
  bool object() { return KindOf(harness_.source(), EVENT_MOUNT) == probe::SensorKind::kObject; }

  // Runs `act` in a mount namespace of its own, from which nothing comes back. The record of making
  // it private is left out.
  std::vector<Mount> Run(const std::function<void()>& act) {
    recorded_.emplace(harness_.Run([&] {
      REQUIRE_OK(::unshare(CLONE_NEWNS) == 0);
      REQUIRE_OK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
      *mnt_ns_ = NamespaceInode(::getpid(), "mnt");
      act();
    }));
    std::vector<Mount> mounts = recorded_->Of<mount_record>();
    EXPECT_FALSE(mounts.empty());
    if (mounts.empty()) return mounts;
    EXPECT_EQ(mounts[0]->flags, MS_REC | MS_PRIVATE);
    EXPECT_EQ(mounts[0].Text(mounts[0]->target), "/");
    EXPECT_EQ(mounts[0]->result, 0);
    mounts.erase(mounts.begin());
    return mounts;
  }

  struct Expected {
    const char* name = "mount";
    std::string source, type, target;
    std::uint64_t flags = 0;
    int result = 0;
    bool resolved = true;
  };

  void Expect(const Mount& mount, const Expected& expected) {
    const record_header& header = mount.header();
    EXPECT_EQ(mount.event().name(), expected.name);
    EXPECT_EQ(header.lane, LANE_VITAL);
    EXPECT_EQ(header.sensor, object() ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(header.tgid, static_cast<std::uint32_t>(recorded_->child()));
    EXPECT_EQ(header.mnt_ns, *mnt_ns_);
    EXPECT_EQ(mount.Text(mount->source), expected.source);
    EXPECT_EQ(mount.Text(mount->fstype), expected.type);
    EXPECT_EQ(mount.Text(mount->target), expected.target);
    EXPECT_EQ(mount->flags, expected.flags);
    EXPECT_EQ(mount->result, expected.result);
    EXPECT_EQ(mount->resolved, expected.resolved ? 1 : 0);
    if (expected.resolved) {
      EXPECT_EQ(header.flags, 0u);
    }
  }

  std::string MakeDir(const char* name) {
    const std::string path = dir_.path() + "/" + name;
    CHECK(::mkdir(path.c_str(), 0755) == 0);
    return path;
  }

  TempDir dir_;
  Harness harness_;
  Shared<std::uint32_t> mnt_ns_;
  std::optional<Recorded> recorded_;
};

}  // namespace nezuban::bpf_test
