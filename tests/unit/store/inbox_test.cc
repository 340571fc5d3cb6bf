// SPDX-License-Identifier: Apache-2.0
#include "store/inbox.h"

#include <gtest/gtest.h>

#include "testlib/alert_builder.h"

namespace nezuban::store {
namespace {

using testlib::NumberedAlert;

// "5" an alert, "3..9*7" a gap of seven with these times.
std::string Drain(Inbox& inbox) {
  std::string text;
  while (!inbox.empty()) {
    const Inbox::Item item = inbox.Pop();
    text += text.empty() ? "" : " ";
    if (const auto* gap = std::get_if<StoredGap>(&item)) {
      text += std::to_string(gap->first_ns) + ".." + std::to_string(gap->last_ns) + "*" +
              std::to_string(gap->count);
    } else {
      text += std::get<0>(item)->id;
    }
  }
  return text;
}

TEST(Inbox, WhatDoesNotFitIsAGapAtItsPlace) {
  Inbox inbox(4, 1 << 20);
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(inbox.Push(NumberedAlert(i)), i <= 4);
  EXPECT_EQ(inbox.alerts(), 4u);
  EXPECT_EQ(Drain(inbox), "1 2 3 4 5..10*6");
  EXPECT_TRUE(inbox.Push(NumberedAlert(11)));
  EXPECT_EQ(Drain(inbox), "11");
}

TEST(Inbox, TakesNothingUntilHalfOfItWasTaken) {
  Inbox inbox(4, 1 << 20);
  for (int i = 1; i <= 5; ++i) inbox.Push(NumberedAlert(i));
  inbox.Pop();
  EXPECT_FALSE(inbox.Push(NumberedAlert(6)));
  inbox.Pop();
  EXPECT_TRUE(inbox.Push(NumberedAlert(7)));
  EXPECT_EQ(Drain(inbox), "3 4 5..6*2 7");
}

TEST(Inbox, LossesDoNotBecomePartOfAnotherGap) {
  Inbox inbox(1, 1 << 20);
  inbox.Push(NumberedAlert(1));
  inbox.AddGap({0, 0, 0, 50, 60, GapReason::kRestart});
  inbox.Push(NumberedAlert(70));
  EXPECT_EQ(Drain(inbox), "1 50..60*0 70..70*1");
}

TEST(Inbox, IsBoundedInBytes) {
  Inbox inbox(1000, 100'000);
  int taken = 0;
  for (int i = 1; i <= 100; ++i) {
    taken += inbox.Push(NumberedAlert(i, "rule", alert::Priority::kDebug, 9'000)) ? 1 : 0;
  }
  EXPECT_GT(taken, 8);
  EXPECT_LT(taken, 12);
  EXPECT_FALSE(inbox.Push(NumberedAlert(101, "rule", alert::Priority::kDebug, 200'000)));
}

}  // namespace
}  // namespace nezuban::store
