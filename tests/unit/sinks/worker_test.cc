// SPDX-License-Identifier: Apache-2.0
#include "sinks/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "unit/sinks/memory_source.h"
#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

// What a peer was given and how it answers: the answers in order, then it takes all.
struct Peer {
  std::mutex mutex;
  std::deque<SendResult> answers;
  std::vector<std::string> taken;  // names of rules; "gap N" for a gap
  std::vector<std::size_t> attempts;
  int reopened = 0;
  milliseconds each{0};  // that an attempt takes
  std::function<bool(const std::string&)> refuses = [](const std::string&) { return false; };

  std::vector<std::string> Taken() {
    const std::lock_guard lock(mutex);
    return taken;
  }
};

std::string NameOf(const Outgoing& outgoing) {
  if (const auto* alert = std::get_if<alert::Alert>(&outgoing.what)) return alert->rule;
  return "gap " + std::to_string(std::get<Gap>(outgoing.what).count);
}

class ScriptedDestination final : public Destination {
 public:
  explicit ScriptedDestination(Peer& peer) : peer_(peer) {}
  SendResult Send(std::span<const Outgoing> batch) override {
    std::this_thread::sleep_for(peer_.each);
    const std::lock_guard lock(peer_.mutex);
    peer_.attempts.push_back(batch.size());
    SendResult result = SendResult::Taken(batch.size());
    if (!peer_.answers.empty()) {
      result = peer_.answers.front();
      peer_.answers.pop_front();
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (peer_.refuses(NameOf(batch[i]))) return SendResult::Refused("400", 0);
    }
    for (std::size_t i = 0; i < result.taken; ++i) peer_.taken.push_back(NameOf(batch[i]));
    return result;
  }
  void Reopen() override {
    const std::lock_guard lock(peer_.mutex);
    ++peer_.reopened;
  }

 private:
  Peer& peer_;
};

SinkOptions Quick() {
  SinkOptions options;
  options.name = "test";
  options.retry_max = milliseconds(10);
  return options;
}

class WorkerTest : public testing::Test {
 protected:
  void Publish(const std::string& rule, alert::Priority priority = alert::Priority::kWarning) {
    alert::Alert alert = AlertOf(rule);
    alert.priority = priority;
    queue_.Publish(std::make_shared<const alert::Alert>(std::move(alert)));
  }
  std::unique_ptr<Worker> Start(const SinkOptions& options = Quick()) {
    return std::make_unique<Worker>(options, std::make_unique<MemorySource>(queue_),
                                    std::make_unique<ScriptedDestination>(peer_),
                                    [this](bool good, const std::string& line) {
                                      const std::lock_guard lock(peer_.mutex);
                                      log_.push_back((good ? "good " : "bad ") + line);
                                    });
  }

  MemoryQueue queue_{5};
  Peer peer_;
  std::vector<std::string> log_;
};

TEST_F(WorkerTest, DeliversInOrderAndCounts) {
  for (const char* rule : {"a", "b", "c"}) Publish(rule);
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 3; }));
  EXPECT_THAT(peer_.Taken(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(worker->counters().sent, 3u);
}

TEST_F(WorkerTest, WhatAPeerSaysIsCut) {
  peer_.answers = {SendResult::Retry("é" + std::string(1 << 20, 'x'))};
  Publish("a");
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 1; }));
  const std::lock_guard lock(peer_.mutex);
  ASSERT_FALSE(log_.empty());
  EXPECT_TRUE(log_[0].starts_with("bad sink test: é")) << log_[0].substr(0, 40);
  EXPECT_LT(log_[0].size(), 600u);
}

TEST_F(WorkerTest, FailedAttemptsAreMadeAgainFromWhereTheyEnded) {
  peer_.answers = {SendResult::Retry("down"), SendResult::Retry("reset", 1)};
  for (const char* rule : {"a", "b", "c"}) Publish(rule);
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 3; }));
  EXPECT_THAT(peer_.Taken(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(peer_.attempts, ElementsAre(3, 3, 2));
  EXPECT_EQ(worker->counters().retried, 2u);
  EXPECT_EQ(worker->counters().problem, "");
  EXPECT_THAT(log_, ElementsAre("bad sink test: down", "good sink test: delivers again"));
}

TEST_F(WorkerTest, OneBadAlertIsLeftOutAndToldAsAGap) {
  peer_.refuses = [](const std::string& name) { return name == "bad" || name == "worse"; };
  for (const char* rule : {"a", "bad", "b", "worse"}) Publish(rule);
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 4; }));
  EXPECT_THAT(peer_.Taken(), ElementsAre("a", "b", "gap 2"));
  EXPECT_EQ(worker->counters().refused, 2u);
  EXPECT_EQ(worker->counters().sent, 2u);
}

TEST_F(WorkerTest, WhatThePeerThrewAwayIsToldAndNotSentAgain) {
  SendResult partial = SendResult::Taken(3);
  partial.rejected = 2;
  partial.problem = "too old";
  peer_.answers = {partial};
  for (const char* rule : {"a", "b", "c"}) Publish(rule);
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 3; }));
  EXPECT_THAT(peer_.Taken(), ElementsAre("a", "b", "c", "gap 2"));
  EXPECT_EQ(worker->counters().refused, 2u);
  EXPECT_EQ(worker->counters().sent, 1u);
}

TEST_F(WorkerTest, ARefusedGapIsLetGo) {
  peer_.refuses = [](const std::string& name) { return name != "good"; };
  Publish("bad");
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 1; }));
  Publish("good");
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 2; }));
  EXPECT_THAT(peer_.Taken(), ElementsAre("good"));
  EXPECT_EQ(worker->counters().refused, 1u);
}

TEST_F(WorkerTest, SendsOnlyWhatItIsAskedTo) {
  SinkOptions options = Quick();
  options.min_priority = alert::Priority::kWarning;
  options.rules = {"Shell*", "*escape*"};
  Publish("Shell one");
  Publish("Shell two", alert::Priority::kNotice);
  Publish("Other");
  Publish("An escape", alert::Priority::kEmergency);
  const auto worker = Start(options);
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 4; }));
  EXPECT_THAT(peer_.Taken(), ElementsAre("Shell one", "An escape"));
  EXPECT_EQ(worker->counters().filtered, 2u);
}

TEST_F(WorkerTest, WhatTheQueueCannotHoldIsAGap) {
  for (const char* rule : {"1", "2", "3", "4", "5", "6", "7"}) Publish(rule);
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 7; }));
  EXPECT_THAT(peer_.Taken(), ElementsAre("1", "2", "3", "4", "gap 3"));
  EXPECT_EQ(worker->counters().lost, 3u);
  EXPECT_EQ(queue_.dropped(), 3u);
}

TEST_F(WorkerTest, StoppingDeliversWhatIsThere) {
  peer_.answers = {SendResult::Retry("down"), SendResult::Retry("down")};
  const auto worker = Start();
  for (const char* rule : {"a", "b"}) Publish(rule);
  worker->Stop(milliseconds(5000));
  EXPECT_THAT(peer_.Taken(), ElementsAre("a", "b"));
}

TEST_F(WorkerTest, StoppingDoesNotWaitForAPeerThatIsDown) {
  peer_.answers.assign(10'000, SendResult::Retry("down"));
  Publish("a");
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().retried > 0; }));
  const auto start = std::chrono::steady_clock::now();
  worker->Stop(milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(3000));
  EXPECT_EQ(worker->counters().position, 0u);
  EXPECT_EQ(worker->counters().problem, "down");
}

// The source below never runs dry: only the time ends it.
class EndlessSource final : public AlertSource {
 public:
  Batch Next(const BatchLimits&, milliseconds, const std::stop_token&) override {
    ++cursor_;
    return {{Named("rule", cursor_)}, cursor_};
  }
  void Acknowledge(std::uint64_t) override {}

 private:
  std::uint64_t cursor_ = 0;
};

TEST_F(WorkerTest, StoppingDoesNotWaitForAStoreThatIsFull) {
  peer_.each = milliseconds(5);
  Worker worker(Quick(), std::make_unique<EndlessSource>(),
                std::make_unique<ScriptedDestination>(peer_), nullptr);
  // Lets the test fail instead of waiting for ever.
  std::atomic<bool> done{false};
  std::thread watch([&] {
    if (!Eventually([&] { return done.load(); })) std::abort();
  });
  const auto start = std::chrono::steady_clock::now();
  worker.Stop(milliseconds(100));
  const auto took = std::chrono::steady_clock::now() - start;
  done = true;
  watch.join();
  EXPECT_GE(took, milliseconds(90)) << "the time it has is used";
  EXPECT_LT(took, milliseconds(1000));
}

TEST_F(WorkerTest, StoppingEndsBetweenTheAttemptsOfABatch) {
  MemoryQueue queue(200);
  for (int i = 0; i < 200; ++i) {
    queue.Publish(std::make_shared<const alert::Alert>(AlertOf("rule")));
  }
  peer_.answers = {SendResult::Refused("400")};  // then it goes one by one
  peer_.each = milliseconds(20);
  Worker worker(Quick(), std::make_unique<MemorySource>(queue),
                std::make_unique<ScriptedDestination>(peer_), nullptr);
  ASSERT_TRUE(Eventually([&] { return worker.counters().sent > 0; }));
  const auto start = std::chrono::steady_clock::now();
  worker.Stop(milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1000));
  EXPECT_EQ(worker.counters().position, worker.counters().sent);
}

TEST_F(WorkerTest, APeerSaysHowLongToWait) {
  SendResult slow = SendResult::Retry("429");
  slow.retry_after = milliseconds(200);
  peer_.answers = {slow};
  Publish("a");
  const auto start = std::chrono::steady_clock::now();
  const auto worker = Start();
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(200));
}

TEST_F(WorkerTest, ReopensBeforeTheNextMessage) {
  const auto worker = Start();
  worker->Reopen();
  Publish("a");
  ASSERT_TRUE(Eventually([&] { return worker->counters().position == 1; }));
  EXPECT_EQ(peer_.reopened, 1);
}

TEST(Backoff, DoublesUpToItsLimitWithJitter) {
  Backoff backoff(milliseconds(2000), 1);
  for (const int ceiling : {250, 500, 1000, 2000, 2000}) {
    const milliseconds pause = backoff.Next();
    EXPECT_GE(pause.count(), ceiling / 2);
    EXPECT_LE(pause.count(), ceiling);
  }
  backoff.Reset();
  EXPECT_LE(backoff.Next(), milliseconds(250));
}

TEST(Backoff, APeerIsAskedForItsPauseWithinReason) {
  using std::chrono::minutes;
  EXPECT_EQ(Backoff(milliseconds(100), 1).Next(minutes(3)), minutes(3));
  EXPECT_EQ(Backoff(milliseconds(100), 1).Next(minutes(30)), minutes(10));
  EXPECT_GE(Backoff(milliseconds(100), 1).Next(milliseconds(1)), milliseconds(50)) << "never less";
  // Our own pause may be longer than the longest that a peer can ask for.
  EXPECT_GE(Backoff(minutes(60), 1, minutes(60)).Next(minutes(120)), minutes(30));
}

}  // namespace
}  // namespace nezuban::sinks
