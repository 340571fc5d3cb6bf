// SPDX-License-Identifier: Apache-2.0
#include "cri/schedule.h"

#include <gtest/gtest.h>

#include <string>

namespace nezuban::cri {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

state::Container Box(std::uint64_t cgroup_id) {
  return {.full_id = "box" + std::to_string(cgroup_id), .cgroup_id = cgroup_id};
}

class ScheduleTest : public testing::Test {
 protected:
  void Add(std::uint64_t id) { schedule_.Add(Box(id), now_); }
  // The cgroup id of the next, 0 if there is none.
  std::uint64_t Next() {
    const Job* job = schedule_.Next(now_);
    return job == nullptr ? 0 : job->container.cgroup_id;
  }
  bool Settle(std::uint64_t id, Outcome outcome) {
    return schedule_.Settle(*schedule_.Find(id), outcome, now_);
  }

  Time now_ = Time() + seconds(1000);
  Schedule schedule_{{.jobs = 4, .parallel = 2}};
};

TEST_F(ScheduleTest, TriesAtOnceAndNotTooManyAtATime) {
  EXPECT_FALSE(schedule_.NextTime());
  for (const std::uint64_t id : {1, 2, 3}) Add(id);
  EXPECT_EQ(schedule_.NextTime(), now_);
  EXPECT_EQ(Next(), 1u);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(Next(), 0u);
  EXPECT_FALSE(schedule_.NextTime()) << "only an answer makes room";
  EXPECT_TRUE(Settle(1, Outcome::kFound));
  schedule_.Take(1);
  EXPECT_EQ(Next(), 3u);
}

TEST_F(ScheduleTest, AsksAgainSoonWhoIsNotFoundAndThenLessOften) {
  Add(1);
  Duration waited{};
  int tries = 0;
  for (bool over = false; !over; ++tries) {
    ASSERT_EQ(Next(), 1u);
    over = Settle(1, Outcome::kNotFound);
    const Duration pause = *schedule_.NextTime() - now_;
    EXPECT_GE(pause, milliseconds(5));
    EXPECT_LE(pause, milliseconds(500));
    EXPECT_EQ(Next(), 0u);
    waited += pause;
    now_ += pause;
  }
  EXPECT_GE(waited, seconds(10));
  EXPECT_LE(waited, seconds(11));
  EXPECT_GT(tries, 20);
}

TEST_F(ScheduleTest, WhatMayBeNobodysIsSoonGivenUp) {
  state::Container box = Box(1);
  box.runtime = "unknown";
  schedule_.Add(box, now_);
  Duration waited{};
  for (bool over = false; !over;) {
    ASSERT_EQ(Next(), 1u);
    over = Settle(1, Outcome::kNotFound);
    const Duration pause = *schedule_.NextTime() - now_;
    waited += over ? Duration() : pause;
    now_ += pause;
  }
  EXPECT_GE(waited, milliseconds(200));
  EXPECT_LT(waited, milliseconds(500)) << "an alert waits no longer";
}

// However long the outage: who is back has to be asked for all that came meanwhile.
TEST_F(ScheduleTest, WhileNobodyAnswersNothingIsGivenUp) {
  Add(1);
  const Time begun = now_;
  int early = 0;
  int late = 0;
  while (now_ - begun < std::chrono::hours(1)) {
    ASSERT_EQ(Next(), 1u);
    ASSERT_FALSE(Settle(1, Outcome::kUnreachable));
    now_ = *schedule_.NextTime();
    ++(now_ - begun < seconds(10) ? early : late);
  }
  EXPECT_GE(early, 20) << "an outage is short, most likely";
  EXPECT_LE(late, 750);
  ASSERT_EQ(Next(), 1u);
  EXPECT_FALSE(Settle(1, Outcome::kNotFound)) << "who is back may say so too soon";
  now_ = *schedule_.NextTime();
  ASSERT_EQ(Next(), 1u);
  EXPECT_FALSE(Settle(1, Outcome::kFailed));
}

TEST_F(ScheduleTest, WhoseAnswerFailsHoldsUpNoOtherAndIsGivenUpInTheEnd) {
  for (const std::uint64_t id : {1, 2, 3}) Add(id);
  EXPECT_EQ(Next(), 1u);
  Settle(1, Outcome::kFailed);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(Next(), 3u) << "there is one who answers";
  schedule_.Take(2);
  schedule_.Take(3);
  const Time begun = now_;
  for (bool over = false; !over;) {
    now_ = *schedule_.NextTime();
    ASSERT_EQ(Next(), 1u);
    over = Settle(1, Outcome::kFailed);
  }
  EXPECT_GE(now_ - begun, std::chrono::minutes(10));
  EXPECT_LE(now_ - begun, std::chrono::minutes(11));
}

// A runtime that comes back may say too soon that it does not know a container.
TEST_F(ScheduleTest, TheTimeOfNotBeingFoundBeginsAnewAfterAnOutage) {
  Add(1);
  for (const Outcome outcome : {Outcome::kNotFound, Outcome::kUnreachable}) {
    ASSERT_EQ(Next(), 1u);
    EXPECT_FALSE(Settle(1, outcome));
    now_ += seconds(11);
  }
  ASSERT_EQ(Next(), 1u);
  EXPECT_FALSE(Settle(1, Outcome::kNotFound));
}

TEST_F(ScheduleTest, OneProbesWhileNobodyAnswers) {
  for (const std::uint64_t id : {1, 2, 3}) Add(id);
  EXPECT_EQ(Next(), 1u);
  Settle(1, Outcome::kUnreachable);
  EXPECT_EQ(Next(), 2u);
  EXPECT_EQ(Next(), 0u);
  Settle(2, Outcome::kNotFound);
  EXPECT_EQ(Next(), 3u);
  now_ += seconds(1);
  EXPECT_NE(Next(), 0u);
}

TEST_F(ScheduleTest, TheOldestGoesWhenThereIsNoRoom) {
  for (const std::uint64_t id : {1, 2, 3, 4}) {
    Add(id);
    now_ += milliseconds(1);
  }
  EXPECT_EQ(Next(), 1u) << "under way, so it stays";
  const auto gone = schedule_.Add(Box(5), now_);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->container.cgroup_id, 2u);
  EXPECT_EQ(schedule_.size(), 4u);
  EXPECT_FALSE(schedule_.Add(Box(5), now_)) << "it is there";
  EXPECT_EQ(schedule_.size(), 4u);
}

TEST_F(ScheduleTest, WhatIsPostponedComesAfterTheLongestPause) {
  Add(1);
  Next();
  schedule_.Postpone(*schedule_.Find(1), now_);
  EXPECT_EQ(*schedule_.NextTime() - now_, milliseconds(500));
  EXPECT_EQ(schedule_.under_way(), 0u);
}

// However long it was away: who waits is told of at once when it is back.
TEST_F(ScheduleTest, OfWhomSomethingIsToldIsAskedAtOnce) {
  Add(1);
  for (int i = 0; i < 8; ++i) {
    now_ += milliseconds(500);
    ASSERT_EQ(Next(), 1u);
    Settle(1, Outcome::kNotFound);
  }
  EXPECT_EQ(Next(), 0u);
  schedule_.Hurry("box2", now_);
  EXPECT_EQ(Next(), 0u);
  schedule_.Hurry("box1", now_);
  EXPECT_EQ(Next(), 1u);
  schedule_.Hurry("box1", now_);
  EXPECT_EQ(Next(), 0u) << "it is under way";
}

TEST_F(ScheduleTest, ARuntimeThatIsBackIsAskedForAllThatWait) {
  Add(1);
  Add(2);
  for (const std::chrono::minutes away(30); now_ < Time() + away;) {
    const std::uint64_t id = Next();
    ASSERT_NE(id, 0u);
    Settle(id, Outcome::kUnreachable);
    EXPECT_LE(*schedule_.NextTime() - now_, std::chrono::seconds(5)) << "it is noticed soon";
    now_ = *schedule_.NextTime();
  }
  const std::uint64_t first = Next();
  Settle(first, Outcome::kUnreachable);  // its next turn comes in five seconds
  now_ = *schedule_.NextTime();
  ASSERT_EQ(Next(), 3 - first);
  Settle(3 - first, Outcome::kNotFound);
  EXPECT_EQ(Next(), first) << "the other does not wait for its turn";
}

}  // namespace
}  // namespace nezuban::cri
