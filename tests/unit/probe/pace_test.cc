// SPDX-License-Identifier: Apache-2.0
#include "probe/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "bpf/events.h"

namespace nezuban::probe {
namespace {

using std::chrono::microseconds;

class PaceTest : public testing::Test {
 protected:
  Pace::Wait Wait(bool woken) {
    const Pace::Wait wait = pace_.Next();
    pace_.Over(wait, woken);
    return wait;
  }
  void FallAsleep() {
    for (int waits = 0; Wait(false).state != READER_SLEEPS; ++waits) ASSERT_LT(waits, 100);
  }

  Pace pace_;
};

TEST_F(PaceTest, NapsGrowToTheLongestAndEndInSleep) {
  microseconds expected = Pace::kShortestNap;
  for (int in_vain = 0; in_vain < Pace::kNapsInVain;) {
    const Pace::Wait wait = Wait(false);
    EXPECT_EQ(wait.state, READER_DOZES);
    EXPECT_EQ(wait.longest, expected);
    in_vain += expected == Pace::kLongestNap ? 1 : 0;
    expected = std::min(2 * expected, Pace::kLongestNap);
  }
  EXPECT_EQ(Wait(true).state, READER_SLEEPS);
}

TEST_F(PaceTest, AfterASleepNapsAreShortAgain) {
  FallAsleep();
  pace_.Found();
  EXPECT_EQ(Wait(false).longest, Pace::kShortestNap);
}

TEST_F(PaceTest, RecordsKeepItFromSleep) {
  for (int i = 0; i < 100; ++i) {
    pace_.Found();
    EXPECT_NE(Wait(false).state, READER_SLEEPS);
  }
}

// Of execs that never stop: so many wake-ups, then its own time.
TEST_F(PaceTest, IsWokenSoOftenAndNoMore) {
  int woken = 0;
  for (int i = 0; i < 100000; ++i) {
    pace_.Found();
    woken += Wait(true).state == READER_DOZES ? 1 : 0;
  }
  EXPECT_EQ(woken, Pace::kWakeUps);
}

TEST_F(PaceTest, ANapInVainAllowsWakeUpsAgain) {
  for (int i = 0; i < 100; ++i) {
    pace_.Found();
    Wait(true);
  }
  pace_.Found();
  const Pace::Wait busy = Wait(false);
  EXPECT_EQ(busy.state, READER_NAPS);
  EXPECT_EQ(busy.longest, Pace::kLongestNap);
  EXPECT_EQ(Wait(true).state, READER_DOZES);
  pace_.Found();
  EXPECT_EQ(Wait(true).state, READER_DOZES);
}

TEST_F(PaceTest, WakeUpsFromSleepAreFree) {
  for (int i = 0; i < 100; ++i) {
    FallAsleep();
    EXPECT_EQ(Wait(true).state, READER_SLEEPS);
    pace_.Found();
    EXPECT_EQ(Wait(false).state, READER_DOZES);
  }
}

}  // namespace
}  // namespace nezuban::probe
