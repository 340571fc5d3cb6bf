// SPDX-License-Identifier: Apache-2.0
#include "store/recent.h"

#include <gtest/gtest.h>

#include "entries.h"

namespace nezuban::store {
namespace {

TEST(Recent, GivesWhatComesAfter) {
  Recent recent(1 << 20);
  for (const Entry& entry : NumberedEntries(5, 7)) recent.Push(entry);
  recent.Push(StoredGap{8, 10, 3, 0, 0, GapReason::kNodeBusy});
  recent.Push(NumberedEntry(11));
  EXPECT_EQ(recent.first(), 5u);
  EXPECT_EQ(Show(recent.After(4, 99, 1 << 20)), "5 6 7 8-10:3*3 11");
  EXPECT_EQ(Show(recent.After(6, 2, 1 << 20)), "7 8-10:3*3");
  EXPECT_EQ(Show(recent.After(8, 99, 1 << 20)), "9-10:3*2 11");
  EXPECT_EQ(Show(recent.After(5, 99, 1)), "6");
  EXPECT_EQ(Show(recent.After(11, 99, 1 << 20)), "");
}

TEST(Recent, LetsTheOldestGoButNeverTheLast) {
  Recent recent(5'000);
  for (const Entry& entry : NumberedEntries(1, 10, 1'000)) recent.Push(entry);
  Cursor evicted = 0;
  while (const auto entry = recent.Evict()) evicted = LastCursor(*entry);
  EXPECT_EQ(recent.first(), evicted + 1);
  EXPECT_LE(recent.bytes(), 5'000u);
  EXPECT_GE(recent.size(), 3u);
  recent.Push(NumberedEntry(11, 100'000));
  while (recent.Evict()) {
  }
  EXPECT_EQ(Show(recent.After(0, 99, 1 << 20)), "11");
}

}  // namespace
}  // namespace nezuban::store
