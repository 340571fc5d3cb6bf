// SPDX-License-Identifier: Apache-2.0
// When names of users are asked for, what waits for them, and what rules see of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "alert_texts.h"
#include "daemon/detector.h"
#include "testlib/fake_clock.h"
#include "testlib/record_builder.h"

namespace nezuban::daemon {
namespace {

using state::NamesAnswer;
using state::NamesItem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kSlice = 10, kBox = 50;

std::shared_ptr<const ruleset::Ruleset> Rules() {
  constexpr char kRules[] =
      "- {rule: told, desc: d, priority: notice, condition: evt.type = execve and proc.name = id, "
      "output: '%user.name %user.homedir %user.shell %group.name %user.loginname'}\n"
      "- {rule: by web, desc: d, priority: notice, condition: evt.type = execve and proc.name = "
      "only and user.name = web, output: by %user.name}\n"
      "- {rule: not by web, desc: d, priority: notice, condition: evt.type = execve and proc.name "
      "= not and not user.name in (web), output: by %user.name}\n";
  Diagnostics diagnostics;
  const ruleset::Ruleset::File files[] = {{"r", kRules}};
  auto rules = ruleset::Ruleset::FromFiles(files, diagnostics);
  EXPECT_NE(rules, nullptr) << diagnostics.ToString();
  return rules;
}

NamesItem Names(std::uint64_t cgroup_id, std::string_view name, bool whole = true) {
  state::UserNames names{.users = {{1000, std::string(name), "/home", "/bin/sh"}},
                         .groups = {{100, "g-" + std::string(name)}},
                         .whole = whole};
  return {cgroup_id, NamesAnswer::kRead,
          std::make_shared<const state::UserNames>(std::move(names))};
}

class UserNamesTest : public testing::Test {
 protected:
  UserNamesTest() {
    detector_ =
        std::make_unique<Detector>(Rules(), DetectorOptions{.node = {"node", "run"}},
                                   [this](const auto& alert) { alerts_.push_back(*alert); });
    Take(state::CgroupItem{{kSlice, 1, "/host.slice"}});
    Take(state::ContainerItem{
        {.full_id = "box-full", .id = "box", .runtime = "runc", .cgroup_id = kBox}});
    clock_.Advance(milliseconds(1));
  }

  void TellNode() { Take(Names(0, "admin")); }
  void Take(const state::Item& item) { detector_->Take(item); }
  void Tick(std::chrono::nanoseconds by) { Take(state::TickItem{clock_.Advance(by)}); }

  struct Who {
    std::uint32_t uid = 1000, gid = 100, loginuid = 0xffffffffU, ppid = 1, mnt_ns = 77;
  };
  void Exec(std::uint32_t tgid, std::string_view comm, std::uint64_t cgroup_id, Who who) {
    auto exec = testlib::Exec({.tgid = tgid,
                               .start_ns = tgid * 1'000'000'000ULL,
                               .comm = comm,
                               .cgroup_id = cgroup_id,
                               .time_ns = clock_.now_ns()},
                              "/bin/x", "");
    exec->hdr.euid = who.uid;
    exec->hdr.egid = who.gid;
    exec->hdr.loginuid = who.loginuid;
    exec->hdr.mnt_ns = who.mnt_ns;
    exec->ppid = who.ppid;
    exec->parent_start_ns = who.ppid * 1'000'000'000ULL;
    exec->hdr.seq = seq_++;
    const testlib::Record record = exec.Build();
    Take(state::RecordItem{record.bytes()});
  }
  void Exec(std::uint32_t tgid, std::string_view comm, std::uint64_t cgroup_id) {
    Exec(tgid, comm, cgroup_id, {});
  }

  void Exit(std::uint32_t tgid) {
    auto exit = testlib::Exit({.tgid = tgid,
                               .start_ns = tgid * 1'000'000'000ULL,
                               .cgroup_id = kBox,
                               .time_ns = clock_.now_ns()});
    exit->hdr.mnt_ns = 77;
    exit->hdr.seq = seq_++;
    const testlib::Record record = exit.Build();
    Take(state::RecordItem{record.bytes()});
  }

  std::vector<std::string> Alerts() { return TakeTexts(alerts_); }

  // "cgroup: tgid" of what was asked for since the last call, with the mount namespace it must
  // have.
  std::vector<std::string> Asked() {
    std::vector<std::string> asked;
    for (const state::NamesWanted& wanted : detector_->TakeNamesWanted()) {
      asked.push_back(std::to_string(wanted.cgroup_id) + ": " +
                      std::to_string(wanted.process.tgid));
      if (wanted.mnt_ns != 0) asked.back() += " in " + std::to_string(wanted.mnt_ns);
    }
    return asked;
  }

  testlib::FakeClock clock_{2'000'000'000'000};
  std::unique_ptr<Detector> detector_;
  std::vector<alert::Alert> alerts_;
  std::uint64_t seq_ = 0;
};

TEST_F(UserNamesTest, OfAContainerAreItsOwnAndWaitedFor) {
  TellNode();
  Exec(1100, "sh", kBox);
  Exec(1101, "id", kBox, {.loginuid = 1000, .ppid = 1100});
  EXPECT_THAT(Asked(), ElementsAre("50: 1100"));
  EXPECT_THAT(Alerts(), IsEmpty());
  Take(Names(kBox, "web"));
  EXPECT_THAT(Alerts(), ElementsAre("told: web /home /bin/sh g-web admin"));
}

TEST_F(UserNamesTest, OfTheNodeAreThere) {
  TellNode();
  Exec(1100, "id", kSlice);
  EXPECT_THAT(Alerts(), ElementsAre("told: admin /home /bin/sh g-admin <NA>"));
}

TEST_F(UserNamesTest, WhoHasNoNameHasNone) {
  TellNode();
  Take(Names(kBox, "web"));
  Exec(1100, "not", kBox, {.uid = 7});
  EXPECT_THAT(Alerts(), IsEmpty()) << "one may just have been added";
  Take(NamesItem{kBox, NamesAnswer::kUnchanged});
  EXPECT_THAT(Alerts(), ElementsAre("not by web: by <NA>"));
}

TEST_F(UserNamesTest, WhatIsNotKnownSatisfiesNoException) {
  TellNode();
  Take(NamesItem{kBox, NamesAnswer::kUnreadable});
  Exec(1100, "not", kBox);
  Exec(1101, "only", kBox);
  Tick(milliseconds(500));
  EXPECT_THAT(Alerts(),
              ElementsAre("not by web: by <NA> [user.name]", "by web: by <NA> [user.name]"));
}

TEST_F(UserNamesTest, WhatCouldBeReadOnceMayHaveChanged) {
  TellNode();
  Take(Names(kBox, "web"));
  Take(NamesItem{kBox, NamesAnswer::kUnreadable});
  Exec(1100, "not", kBox, {.uid = 7});
  Exec(1101, "only", kBox);
  EXPECT_THAT(Alerts(), ElementsAre("by web: by web"));
  Tick(milliseconds(500));
  EXPECT_THAT(Alerts(), ElementsAre("not by web: by <NA> [user.name]"));
}

TEST_F(UserNamesTest, WhatIsCutMayNameThem) {
  TellNode();
  Take(Names(kBox, "web", false));
  Exec(1100, "not", kBox, {.uid = 7});
  Take(NamesItem{kBox, NamesAnswer::kUnchanged});
  Tick(milliseconds(500));
  EXPECT_THAT(Alerts(), ElementsAre("not by web: by <NA> [user.name]"));
}

TEST_F(UserNamesTest, RootIsRootWhateverTheFilesSay) {
  TellNode();
  state::UserNames renamed{.users = {{0, "nobody", "/", "/bin/sh"}}, .groups = {{0, "none"}}};
  Take(NamesItem{kBox, NamesAnswer::kRead,
                 std::make_shared<const state::UserNames>(std::move(renamed))});
  Exec(1100, "id", kBox, {.uid = 0, .gid = 0, .loginuid = 0});
  EXPECT_THAT(Alerts(), ElementsAre("told: root / /bin/sh root root"));
}

TEST_F(UserNamesTest, AreAskedForAgainWhereSomebodyIsNewAndNowAndThen) {
  TellNode();
  Take(Names(kBox, "web"));
  Asked();
  clock_.Advance(seconds(2));
  Exec(1100, "sh", kBox, {.uid = 7});
  EXPECT_THAT(Asked(), ElementsAre("50: 1100"));
  Take(NamesItem{kBox, NamesAnswer::kUnchanged});
  clock_.Advance(milliseconds(900));
  Exec(1101, "sh", kBox, {.uid = 7, .ppid = 1100});
  EXPECT_THAT(Asked(), IsEmpty()) << "not more than once a second";
  clock_.Advance(seconds(58));
  Exec(1102, "sh", kBox, {.ppid = 1101});
  EXPECT_THAT(Asked(), IsEmpty()) << "who is known is asked for once a minute";
  clock_.Advance(seconds(3));
  Exec(1103, "sh", kBox, {.ppid = 1102});
  EXPECT_THAT(Asked(), ElementsAre("50: 1100")) << "the first tells, whoever is new";
}

TEST_F(UserNamesTest, AreReadThroughTheFirstOfTheContainerThatLives) {
  TellNode();
  Exec(1100, "sh", kBox);
  EXPECT_THAT(Asked(), ElementsAre("50: 1100"));
  clock_.Advance(seconds(2));
  Exec(1101, "unshare", kBox, {.uid = 7, .ppid = 1, .mnt_ns = 78});
  EXPECT_THAT(Asked(), ElementsAre("50: 1100")) << "not through who made a root of its own";
  Exit(1100);
  clock_.Advance(seconds(2));
  Exec(1102, "sh", kBox, {.uid = 8});
  EXPECT_THAT(Asked(), ElementsAre("50: 1102 in 77"));
  clock_.Advance(seconds(2));
  Take(state::ProcessItem{
      {.tgid = 1050, .start_ticks = 105'000, .mnt_ns = 77, .comm = "old", .cgroup_id = kBox}});
  Exec(1103, "sh", kBox, {.uid = 9});
  EXPECT_THAT(Asked(), ElementsAre("50: 1050 in 77")) << "one that was there before the monitor";
}

TEST_F(UserNamesTest, SurviveWhatTheRuntimeTells) {
  TellNode();
  Take(Names(kBox, "web"));
  state::Container box{.full_id = "box-full", .id = "box", .runtime = "runc", .cgroup_id = kBox};
  box.metadata.name = "told";
  Take(state::ContainerItem{box});
  Exec(1100, "only", kBox);
  EXPECT_THAT(Alerts(), ElementsAre("by web: by web"));
}

// Old recordings, and whoever reads no names: nothing is asked for.
TEST_F(UserNamesTest, WithoutTheNodesNobodyIsAsked) {
  Exec(1100, "only", kBox);
  EXPECT_THAT(Asked(), IsEmpty());
  Tick(milliseconds(500));
  EXPECT_THAT(Alerts(), ElementsAre("by web: by <NA> [user.name]"));
}

}  // namespace
}  // namespace nezuban::daemon
