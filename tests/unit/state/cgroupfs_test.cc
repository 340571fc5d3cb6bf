// SPDX-License-Identifier: Apache-2.0
#include "state/cgroupfs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include "base/cgroup_mount.h"
#include "state/container_table.h"
#include "state/enricher.h"
#include "state/survey.h"
#include "testlib/sleeper.h"

namespace nezuban::state {
namespace {

TEST(CgroupIdOf, DoesNotLeaveTheTree) {
  for (const char* path : {"", "relative", "/..", "/../x", "/a/../../b", "/no/such/cgroup"}) {
    EXPECT_EQ(CgroupIdOf("/sys/fs/cgroup", path), 0u) << path;
  }
  EXPECT_EQ(CgroupIdOf("/", "/tmp"), 0u) << "not a cgroup";
}

// Makes real cgroups, for which it has to be root; removes them at the end.
class RealCgroups : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may make cgroups";
    root_ = Cgroup2Root();
    ASSERT_NE(root_, "") << "no cgroup2 is mounted";
    top_ = "/nezuban-test-" + std::to_string(::getpid());
    ASSERT_TRUE(Make(top_)) << root_ << top_;
  }
  void TearDown() override {
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) ::rmdir((root_ + *it).c_str());
  }
  bool Make(const std::string& path) {
    if (::mkdir((root_ + path).c_str(), 0755) != 0) return false;
    made_.push_back(path);
    return true;
  }
  std::uint64_t InodeOf(const std::string& path) const {
    struct stat st {};
    return ::stat((root_ + path).c_str(), &st) == 0 ? st.st_ino : 0;
  }

  std::string root_, top_;
  std::vector<std::string> made_;
};

TEST_F(RealCgroups, AreListedParentsFirstWithTheirIds) {
  const std::string deep = top_ + "/a b/c";
  ASSERT_TRUE(Make(top_ + "/a b") && Make(deep));
  const auto listed = ListCgroups(root_);
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->front().path, "/");
  const auto find = [&](const std::string& path) {
    return std::find_if(listed->begin(), listed->end(),
                        [&](const CgroupDirectory& d) { return d.path == path; });
  };
  const auto top = find(top_);
  const auto leaf = find(deep);
  ASSERT_TRUE(top != listed->end() && leaf != listed->end());
  EXPECT_LT(top, leaf);
  EXPECT_EQ(top->parent_id, listed->front().id);
  EXPECT_EQ(leaf->id, InodeOf(deep));
  EXPECT_EQ(leaf->parent_id, InodeOf(top_ + "/a b"));
  EXPECT_EQ(CgroupIdOf(root_, deep), leaf->id);
  EXPECT_EQ(CgroupIdOf(root_, deep + "/.."), 0u) << "there, but by a way that leads upwards";
}

TEST_F(RealCgroups, AreWalkedIntoTheTable) {
  const std::string box = top_ + "/docker-" + std::string(64, 'c') + ".scope";
  ASSERT_TRUE(Make(box) && Make(box + "/inner"));
  ContainerTable table;
  for (int i = 0; i < 2; ++i) {  // the second walk learns nothing new
    const Status survey = SurveyCgroups(
        root_, [&](const Item& item) { table.AddFound(std::get<CgroupItem>(item).cgroup); });
    ASSERT_TRUE(survey) << survey.error().message;
    const auto found = table.TakeForKernel();
    const CgroupOfContainer inner{InodeOf(box + "/inner"), InodeOf(box)};
    EXPECT_EQ(std::count(found.begin(), found.end(), inner), 1);
    ASSERT_NE(table.Find(inner.cgroup_id), nullptr);
    EXPECT_EQ(table.Find(inner.cgroup_id)->id, "cccccccccccc");
    EXPECT_EQ(table.Find(inner.cgroup_id)->cgroup_path, box);
    EXPECT_EQ(table.Find(InodeOf(top_)), &table.host());
  }
}

// A process that was in a container before the monitor started.
TEST_F(RealCgroups, ProcessesFoundInsideHaveTheirOrigin) {
  const std::string box = top_ + "/docker-" + std::string(64, 'd') + ".scope";
  ASSERT_TRUE(Make(box));
  const testlib::Sleeper inside("inside");
  const testlib::Sleeper outside("outside");
  std::ofstream(root_ + box + "/cgroup.procs") << inside.pid() << std::flush;

  ProcessTable processes;
  ContainerTable containers;
  Enricher enricher(processes, containers);
  const ItemHandler learn = [&enricher](const Item& item) { enricher.Learn(item); };
  ASSERT_TRUE(SurveyCgroups(root_, learn));
  const auto living = SurveyProcesses("/proc", root_, learn);
  ASSERT_TRUE(living);
  for (const pid_t pid : {inside.pid(), outside.pid()}) {
    EXPECT_TRUE(std::ranges::binary_search(living->tgids, static_cast<std::uint32_t>(pid)));
  }
  const Process* in = processes.FindByTgid(static_cast<std::uint32_t>(inside.pid()));
  const Process* out = processes.FindByTgid(static_cast<std::uint32_t>(outside.pid()));
  ASSERT_TRUE(in != nullptr && out != nullptr);
  EXPECT_EQ(in->cgroup_id, InodeOf(box));
  EXPECT_EQ(in->origin_cgroup_id, InodeOf(box));
  EXPECT_TRUE(in->exec_in_container);
  EXPECT_EQ(out->origin_cgroup_id, 0u);
  EXPECT_FALSE(out->exec_in_container);
  EXPECT_NE(out->cgroup_id, 0u);
}

TEST(Survey, SaysWhatItCannotRead) {
  const ItemHandler none = [](const Item&) {};
  EXPECT_EQ(SurveyCgroups("/tmp", none).error().message, "/tmp is not a cgroup2 file system");
  EXPECT_EQ(SurveyCgroups("/nowhere/at/all", none).error().message,
            "open /nowhere/at/all: No such file or directory");
  EXPECT_EQ(SurveyProcesses("/nowhere", "", none).error().message,
            "open /nowhere: No such file or directory");
}

}  // namespace
}  // namespace nezuban::state
