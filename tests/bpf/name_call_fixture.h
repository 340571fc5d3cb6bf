// SPDX-License-Identifier: Apache-2.0
// Calls on names of files by a child, and what every record of one must say.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "bpf/harness.h"
#include "bpf/shared.h"

namespace nezuban::bpf_test {

using NameCall = Found<path_record>;

class NameCallTest : public ::testing::Test {
 protected:
  NameCallTest() { std::ofstream(Path("file")) << "content"; }

  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }

  std::vector<NameCall> Run(const std::function<void()>& act) {
    recorded_.emplace(harness_.Run(act));
    return recorded_->Of<path_record>();
  }

  // The same in the directory, for relative names.
  template <typename Record = path_record>
  std::vector<Found<Record>> RunInside(const std::function<void()>& act) {
    recorded_.emplace(harness_.Run([&] {
      REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
      act();
    }));
    return recorded_->Of<Record>();
  }

  struct Expected {
    const char* name;
    std::string first;  // as passed
    std::string second;
    std::string dir;
    std::string new_dir;
    int dirfd = AT_FDCWD;
    int new_dirfd = AT_FDCWD;
    std::uint64_t flags = 0;
    std::uint32_t mode = 0;
    int result = 0;
    std::string path;  // of a call on a descriptor; else what `first` leads to, where that is not
                       // simply `first` from `dir` on
    std::string new_path{};
  };

  bool object(std::uint16_t event) {
    return KindOf(harness_.source(), event) == probe::SensorKind::kObject;
  }

  // What the object kind makes of a name, if the call got so far; `path` where that is not simply
  // the name from the directory on. The tracepoint kind only knows what a descriptor is.
  std::string Resolved(const record_header& header, const std::string& name, const std::string& dir,
                       int result, const std::string& path) {
    if (name.empty()) return path;
    if (!object(header.type) || (result != 0 && result != -EPERM)) return "";
    if (!path.empty()) return path;
    return name.starts_with('/') ? name : dir + "/" + name;
  }

  void Expect(const NameCall& call, const Expected& expected) {
    const record_header& header = call.header();
    EXPECT_EQ(call.event().name(), expected.name);
    EXPECT_EQ(header.lane, LANE_BULK);
    EXPECT_EQ(header.sensor, object(header.type) ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(header.tgid, static_cast<std::uint32_t>(recorded_->child()));
    EXPECT_EQ(header.flags,
              expected.name == std::string_view("fchmod") ? 0 : RECORD_FROM_USER_MEMORY);
    ExpectText(call, call->name, expected.first);
    ExpectText(call, call->new_name, expected.second);
    const bool is_symlink = std::string_view(expected.name).starts_with("symlink");
    const std::string path =
        is_symlink ? ""
                   : Resolved(header, expected.first, expected.dir, expected.result, expected.path);
    const std::string new_path =
        Resolved(header, expected.second, expected.new_dir, expected.result, expected.new_path);
    ExpectText(call, call->path, path);
    ExpectText(call, call->dir, path.empty() ? expected.dir : "");
    ExpectText(call, call->new_path, new_path);
    ExpectText(call, call->new_dir, new_path.empty() ? expected.new_dir : "");
    EXPECT_EQ(call->dirfd, expected.dirfd);
    EXPECT_EQ(call->new_dirfd, expected.new_dirfd);
    EXPECT_EQ(call->flags, expected.flags);
    EXPECT_EQ(call->mode, expected.mode);
    EXPECT_EQ(call->result, expected.result);
    EXPECT_EQ(call->file.ino != 0, !path.empty() && header.type != EVENT_MKDIR);
  }

  template <typename Record>
  static void ExpectText(const Found<Record>& call, const str_ref& ref, const std::string& text) {
    EXPECT_EQ(call.Text(ref), text);
    EXPECT_FALSE(call.Truncated(ref)) << text;
  }

  TempDir dir_;
  Harness harness_;
  std::optional<Recorded> recorded_;
};

}  // namespace nezuban::bpf_test
