// SPDX-License-Identifier: Apache-2.0
// What other threads ask of the ingest thread, and what they are told if it has no time for them.
#include "daemon/pipeline.h"

#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "testlib/record_builder.h"

namespace nezuban::daemon {
namespace {

using std::chrono::milliseconds;

// Gives an exec each time it is told to.
class FakeSource : public probe::EventSource {
 public:
  void Exec() {
    const std::lock_guard lock(mutex_);
    ++waiting_;
  }
  void Break() {
    const std::lock_guard lock(mutex_);
    broken_ = true;
  }
  Result<std::size_t> Poll(milliseconds, const probe::RecordHandler& handler) override {
    std::unique_lock lock(mutex_);
    if (broken_) return Fail("no more can come");
    const bool none = waiting_ == 0;
    if (!none) --waiting_;
    lock.unlock();
    if (none) {
      std::this_thread::sleep_for(milliseconds(1));
      return std::size_t{0};
    }
    const testlib::Record record =
        testlib::Exec(testlib::Actor{.tgid = 7, .time_ns = 5'000}, "/bin/a").Build();
    handler(record.bytes());
    return std::size_t{1};
  }
  probe::SourceCounters Counters() const override { return {}; }

 private:
  std::mutex mutex_;
  int waiting_ = 0;
  bool broken_ = false;
};

class Texts : public alert::Sink {
 public:
  void Publish(std::shared_ptr<const alert::Alert> alert) noexcept override {
    const std::lock_guard lock(mutex_);
    texts_.push_back(alert->message);
  }
  std::uint64_t dropped() const override { return 0; }
  std::string Next() {
    for (int i = 0; i < 4000; ++i) {
      std::unique_lock lock(mutex_);
      if (!texts_.empty()) {
        std::string text = std::move(texts_.front());
        texts_.pop_front();
        return text;
      }
      lock.unlock();
      std::this_thread::sleep_for(milliseconds(2));
    }
    return "none came";
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> texts_;
};

std::shared_ptr<const ruleset::Ruleset> RulesThatSay(const std::string& text) {
  Diagnostics diagnostics;
  const ruleset::Ruleset::File files[] = {
      {"r", "- {rule: r, desc: d, priority: notice, condition: evt.type = execve, output: " + text +
                "}\n"}};
  auto rules = ruleset::Ruleset::FromFiles(files, diagnostics);
  EXPECT_NE(rules, nullptr) << diagnostics.ToString();
  return rules;
}

class PipelineTest : public testing::Test {
 protected:
  std::string TextOfAnExec() {
    source_.Exec();
    return texts_.Next();
  }
  std::jthread Run() {
    return std::jthread(
        [this](const std::stop_token& stop) { static_cast<void>(pipeline_.Run(stop)); });
  }

  FakeSource source_;
  Texts texts_;
  Pipeline pipeline_{source_, RulesThatSay("before"), {&texts_}, {}};
};

TEST_F(PipelineTest, EventsAreJudgedByTheNewRulesOnceTheyAreTaken) {
  const std::jthread running = Run();
  EXPECT_EQ(TextOfAnExec(), "before");
  EXPECT_NE(pipeline_.SetRules(RulesThatSay("after"), milliseconds(10'000)), nullptr);
  EXPECT_EQ(TextOfAnExec(), "after");
}

TEST_F(PipelineTest, RulesThatWereNotTakenInTimeNeverAre) {
  EXPECT_EQ(pipeline_.SetRules(RulesThatSay("late"), milliseconds(5)), nullptr);
  const std::jthread running = Run();
  EXPECT_EQ(TextOfAnExec(), "before");
}

TEST_F(PipelineTest, LimitsOfAlertsCountFromTheNextEventOn) {
  const std::jthread running = Run();
  const auto limit_to = [&](std::uint64_t rate) {
    NoiseLimits limits;
    limits.rate = rate;
    limits.burst = 1;
    return pipeline_.Look([&](Detector& detector) { detector.SetNoise(limits); },
                          milliseconds(10'000));
  };
  ASSERT_TRUE(limit_to(1));
  EXPECT_EQ(TextOfAnExec(), "before");
  const std::uint64_t told = pipeline_.counters().decoded[EVENT_EXEC];
  source_.Exec();
  while (pipeline_.counters().decoded[EVENT_EXEC] == told) std::this_thread::yield();
  ASSERT_NE(pipeline_.SetRules(RulesThatSay("after"), milliseconds(10'000)), nullptr);
  ASSERT_TRUE(limit_to(0));
  EXPECT_EQ(TextOfAnExec(), "after") << "the one before was held back";
}

TEST_F(PipelineTest, NobodyWaitsForAThreadThatHasEnded) {
  source_.Break();
  Run().join();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(pipeline_.SetRules(RulesThatSay("late"), std::chrono::seconds(60)), nullptr);
  EXPECT_FALSE(pipeline_.Look([](Detector&) {}, std::chrono::seconds(60)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

}  // namespace
}  // namespace nezuban::daemon
