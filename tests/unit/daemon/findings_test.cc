// SPDX-License-Identifier: Apache-2.0
#include "daemon/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "daemon/pipeline.h"
#include "state/survey.h"
#include "testlib/record_builder.h"

namespace nezuban::daemon {
namespace {

using testing::ElementsAre;

testlib::Record ExecAt(std::uint64_t time_ns, std::string_view exe) {
  return testlib::Exec(testlib::Actor{.tgid = 7, .time_ns = time_ns}, exe).Build();
}

std::string Describe(const state::Item& item) {
  if (const auto* found = std::get_if<state::ProcessItem>(&item)) return found->process.comm;
  if (std::holds_alternative<state::LivingItem>(item)) return "living";
  const auto* record = std::get_if<state::RecordItem>(&item);
  const auto* snapshot = std::get_if<state::SnapshotItem>(&item);
  if (record == nullptr && snapshot == nullptr) return "";
  const testlib::Record copy(record != nullptr ? record->bytes : snapshot->bytes);
  const std::string prefix = record != nullptr ? "record of " : "snapshot of ";
  const event::Event event = copy.event();
  return prefix + std::string(event.String(event.As<exec_record>()->exe).bytes);
}

class FindingsTest : public testing::Test {
 protected:
  const state::ItemHandler take_ = [this](const state::Item& item) {
    const std::string text = Describe(item);
    if (!text.empty()) taken_.push_back(text);
  };
  static state::ProcessItem Found(std::string_view comm) {
    state::ProcessItem item;
    item.process.comm = comm;
    return item;
  }
  std::vector<std::string> taken_;
};

TEST_F(FindingsTest, WaitUntilARecordIsNewer) {
  Findings findings;
  const testlib::Record before = ExecAt(5000, "/a");
  const testlib::Record after = ExecAt(5001, "/b");
  EXPECT_FALSE(findings.AreOlderThan({after.bytes()})) << "there are none";
  {
    const testlib::Record passing = ExecAt(4000, "/found");
    findings.Add(state::SnapshotItem{passing.bytes()}, take_);
  }
  findings.Add(Found("sh"), take_);
  findings.End(5000);
  EXPECT_FALSE(findings.AreOlderThan({ExecAt(4000, "/a").bytes()}));
  EXPECT_TRUE(findings.AreOlderThan({before.bytes()}));
  findings.Release(5000, take_);
  EXPECT_THAT(taken_, ElementsAre("snapshot of /found")) << "it would undo what came since";
  EXPECT_FALSE(findings.AreOlderThan({before.bytes()}));
  EXPECT_TRUE(findings.AreOlderThan({after.bytes()}));
  EXPECT_FALSE(findings.AreOlderThan({after.bytes().first(10)})) << "no record at all";
  EXPECT_FALSE(findings.empty());
  findings.Release(5001, take_);
  EXPECT_THAT(taken_, ElementsAre("snapshot of /found", "sh"));
  EXPECT_TRUE(findings.empty());
}

TEST_F(FindingsTest, AreHandedOverWhereThereIsNoRoom) {
  Findings findings(2000);
  state::ProcessItem large = Found("large");
  large.process.env.resize(3000);
  findings.Add(Found("small"), take_);
  findings.Add(large, take_);
  EXPECT_THAT(taken_, ElementsAre("small", "large"));
  EXPECT_TRUE(findings.empty());
}

// Lost something already; its ring has records from before the node is looked at, and after.
class LossySource : public probe::EventSource {
 public:
  Result<std::size_t> Poll(std::chrono::milliseconds,
                           const probe::RecordHandler& handler) override {
    if (++polls_ == 2) {
      handler(ExecAt(5'000, "/older").bytes());
      handler(ExecAt(state::BootTimeNs() + 1'000'000'000'000, "/newer").bytes());
      return std::size_t{2};
    }
    if (polls_ > 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (polls_ > 2) ended_.request_stop();
    return std::size_t{0};
  }
  probe::SourceCounters Counters() const override {
    probe::SourceCounters counters{};
    counters[EVENT_EXEC].dropped[DROP_RING_FULL] = 1;
    return counters;
  }
  std::stop_source ended_;

 private:
  int polls_ = 0;
};

TEST_F(FindingsTest, AfterLossesComeBetweenWhatIsOlderAndWhatIsNewer) {
  const std::filesystem::path proc = testing::TempDir() + "/findings-proc";
  std::filesystem::create_directories(proc);
  LossySource source;
  Diagnostics diagnostics;
  Pipeline::Options options;
  options.proc_root = proc;
  options.tap = take_;
  Pipeline pipeline(source, ruleset::Ruleset::FromFiles({}, diagnostics), {}, std::move(options));
  ASSERT_TRUE(pipeline.LearnWhatIsThere([](const probe::RecordHandler& handler) {
    handler(ExecAt(6'000, "/found").bytes());
    return Result<std::size_t>(1);
  }));
  taken_.clear();
  ASSERT_TRUE(pipeline.Run(source.ended_.get_token()));
  EXPECT_THAT(taken_,
              ElementsAre("record of /older", "snapshot of /found", "living", "record of /newer"));
  EXPECT_EQ(pipeline.counters().heals.load(), 1);
}

}  // namespace
}  // namespace nezuban::daemon
