// SPDX-License-Identifier: Apache-2.0
#include "daemon/cgroup_v1.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "event/decode.h"
#include "state/process_table.h"
#include "testlib/record_builder.h"
#include "testlib/second.h"

namespace nezuban::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testlib::Actor;
using testlib::kSecond;

const std::string kId(64, 'a');

class CgroupV1Test : public testing::Test {
 protected:
  static std::string Fresh(const std::string& directory) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    return directory;
  }
  // In /proc: a process that started then, and what its cgroup file says.
  void Show(std::uint32_t tgid, std::uint64_t start_ns, std::string_view cgroup) {
    const std::string directory = proc_ + "/" + std::to_string(tgid);
    std::filesystem::create_directories(directory);
    std::ofstream(directory + "/stat")
        << tgid << " (sh) S 1 1 1 0 -1 " << flags_ << " 0 0 0 0 0 0 0 0 20 0 1 0 "
        << start_ns / state::ClockTickNs() << " 0 0";
    std::ofstream(directory + "/cgroup") << cgroup;
  }
  // The path of the cgroup that the record names afterwards.
  std::string Take(const testlib::Record& record) {
    last_ = 0;
    cgroups_.Take(state::RecordItem{record.bytes()}, [this](const state::Item& item) {
      if (const auto* found = std::get_if<state::CgroupItem>(&item)) {
        EXPECT_GE(found->cgroup.id, std::uint64_t{1} << 63);
        paths_[found->cgroup.id] = found->cgroup.path;
      }
      const auto* taken = std::get_if<state::RecordItem>(&item);
      if (taken == nullptr) return;
      const auto event = event::Decode(taken->bytes);
      last_ = event->header().cgroup_id;
      if (const auto* fork = event->As<fork_record>()) child_ = fork->child_cgroup_id;
    });
    return paths_[last_];
  }
  std::string Exec(std::uint32_t tgid, std::uint64_t start_ns, std::string_view comm = "sh") {
    return Take(
        testlib::Exec(Actor{.tgid = tgid, .start_ns = start_ns, .comm = comm, .cgroup_id = 1},
                      "/bin/sh")
            .Build());
  }
  std::string Fork(std::uint32_t tgid, std::uint64_t start_ns, std::uint32_t child) {
    testlib::Draft<fork_record> draft({.tgid = tgid, .start_ns = start_ns, .cgroup_id = 1});
    draft->child_tgid = child;
    draft->child_start_ns = start_ns + kSecond;
    return Take(draft.Build());
  }
  std::string Exit(std::uint32_t tgid, std::uint64_t start_ns) {
    return Take(
        testlib::Draft<exit_record>({.tgid = tgid, .start_ns = start_ns, .cgroup_id = 1}).Build());
  }

  const std::string proc_ = Fresh(testing::TempDir() + "/cgroup-v1-proc");
  CgroupV1 cgroups_{proc_};
  std::map<std::uint64_t, std::string> paths_;
  std::uint64_t last_ = 0, child_ = 0;
  std::uint32_t flags_ = 0;
};

TEST_F(CgroupV1Test, TheFirstHierarchyThatTellsCounts) {
  Show(7, 5 * kSecond,
       "13:name=mine:/docker/" + std::string(64, 'b') +
           "\n12:pids:/user.slice\n11:memory:/docker/" + kId +
           "/made-inside\n1:name=systemd:/\n0::/docker/" + std::string(64, 'f') + "\n");
  EXPECT_EQ(Exec(7, 5 * kSecond), "/docker/" + kId);
  Show(8, 5 * kSecond, "12:pids:/user.slice\n0::/\n");
  EXPECT_EQ(Exec(8, 5 * kSecond), "/");
  EXPECT_EQ(Exec(9, 5 * kSecond), "/") << "gone: nothing tells";
}

TEST_F(CgroupV1Test, AChildIsWhereItsParentWasUntilItIsSeenElsewhere) {
  Show(7, kSecond, "4:pids:/kubepods/pod1/" + kId + "\n");
  Exec(7, kSecond);
  Fork(7, kSecond, 8);
  EXPECT_EQ(paths_[child_], "/kubepods/pod1/" + kId);
  EXPECT_EQ(Exec(8, 2 * kSecond), "/kubepods/pod1/" + kId) << "it cannot be looked at any more";
  Show(8, 2 * kSecond, "4:pids:/\n");
  EXPECT_EQ(Exec(8, 2 * kSecond), "/");
}

TEST_F(CgroupV1Test, ANumberThatIsAnothersByNowTellsNothing) {
  Show(7, kSecond, "4:pids:/docker/" + kId + "\n");
  EXPECT_EQ(Exec(7, 9 * kSecond), "/");
  EXPECT_EQ(Exec(7, kSecond), "/docker/" + kId);
}

TEST_F(CgroupV1Test, OneThatIsEndingIsWhereItWas) {
  Show(7, kSecond, "4:pids:/docker/" + kId + "\n");
  Exec(7, kSecond);
  flags_ = 0x400004;
  Show(7, kSecond, "4:pids:/\n");
  EXPECT_EQ(Exec(7, kSecond), "/docker/" + kId);
}

TEST_F(CgroupV1Test, ARuntimeIsLookedAtEachTimeAsItMovesItself) {
  Show(7, kSecond, "4:pids:/\n");
  EXPECT_EQ(Exec(7, kSecond, "runc"), "/");
  Show(7, kSecond, "4:pids:/docker/" + kId + "\n");
  testlib::Draft<open_record> open({.tgid = 7, .start_ns = kSecond, .comm = "runc:[2:INIT]"});
  EXPECT_EQ(Take(open.Build()), "/docker/" + kId);
  std::filesystem::remove_all(proc_ + "/7");
  Show(7, kSecond, "4:pids:/\n");
  EXPECT_EQ(Take(open.Build()), "/docker/" + kId) << "inside, the name moves nobody";
}

TEST_F(CgroupV1Test, OneThatNobodyIsInAnyMoreIsGoneAfterAWhile) {
  Show(7, kSecond, "4:pids:/docker/" + kId + "\n");
  Exec(7, kSecond);
  const std::uint64_t first = last_;
  Exit(7, kSecond);
  EXPECT_THAT(cgroups_.TakeGone(), IsEmpty());
  testlib::Draft<open_record> late({.tgid = 7, .start_ns = kSecond});
  EXPECT_EQ(Take(late.Build()), "/docker/" + kId) << "its opens come behind";
  for (std::uint32_t tgid = 100; tgid < 4300; ++tgid) Exit(tgid, kSecond);
  EXPECT_THAT(cgroups_.TakeGone(), ElementsAre(first));
  Exec(7, kSecond);
  EXPECT_EQ(paths_[last_], "/docker/" + kId);
  EXPECT_NE(last_, first);
}

}  // namespace
}  // namespace nezuban::daemon
