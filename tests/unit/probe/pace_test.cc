// SPDX-License-Identifier: Apache-2.0
#include "probe/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "bpf/events.h"

namespace nezuban::probe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class PaceTest : public testing::Test {
 protected:
  Pace::Wait Wait(bool woken) {
    const Pace::Wait wait = pace_.Next(now_);
    pace_.Over(wait, woken);
    return wait;
  }
  void FallAsleep() {
    for (int waits = 0; Wait(false).state != READER_SLEEPS; ++waits) ASSERT_LT(waits, 100);
  }

  Pace pace_;
  Pace::Clock::time_point now_{std::chrono::hours(1)};
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

// A million execs a second: so many wake-ups, then its own time.
TEST_F(PaceTest, IsWokenSoOftenAndNoMore) {
  const int naps = 100000;
  int woken = 0;
  for (int i = 0; i < naps; ++i) {
    pace_.Found();
    const bool dozed = Wait(true).state == READER_DOZES;
    woken += dozed ? 1 : 0;
    now_ += microseconds(10);
  }
  EXPECT_EQ(woken, Pace::kWakeUps + (naps - 1) * microseconds(10) / Pace::kPerWakeUp);
}

TEST_F(PaceTest, AQuietTimeEarnsNoMoreThanTheBudget) {
  FallAsleep();
  now_ += std::chrono::hours(1);
  for (int i = 0; i < Pace::kWakeUps; ++i) {
    pace_.Found();
    EXPECT_EQ(Wait(true).state, READER_DOZES) << i;
  }
  pace_.Found();
  const Pace::Wait busy = Wait(true);
  EXPECT_EQ(busy.state, READER_NAPS);
  EXPECT_EQ(busy.longest, Pace::kBusyNap);
  now_ += Pace::kPerWakeUp;
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
