// SPDX-License-Identifier: Apache-2.0
#include "store/row.h"

#include <gtest/gtest.h>

#include "entries.h"

namespace nezuban::store {
namespace {

TEST(Row, KeepsAlertsAndGaps) {
  const Entry alert = NumberedEntry(7);
  const auto back = FromRow(ToRow(alert));
  ASSERT_TRUE(back);
  const auto& stored = std::get<StoredAlert>(*back);
  EXPECT_EQ(stored.cursor, 7u);
  EXPECT_EQ(stored.time_ns, 7);
  EXPECT_EQ(stored.priority, alert::Priority::kWarning);
  EXPECT_EQ(stored.rule, "rule");
  EXPECT_EQ(*stored.bytes, "alert 7");
  const Entry gap = StoredGap{3, 9, 7, 11, 12, GapReason::kRetention};
  const auto same = FromRow(ToRow(gap));
  ASSERT_TRUE(same);
  EXPECT_EQ(Show({*same}), "3-9:5*7");
  EXPECT_EQ(std::get<StoredGap>(*same).last_ns, 12);
}

TEST(Row, AnyChangeIsNoticed) {
  const Entry alert = NumberedEntry(7);
  const Row good = ToRow(alert);
  for (std::int64_t Row::*number : {&Row::cursor, &Row::last, &Row::first_ns, &Row::last_ns,
                                    &Row::count, &Row::priority, &Row::reason, &Row::checksum}) {
    for (int bit = 0; bit < 64; ++bit) {
      Row bad = good;
      bad.*number ^= static_cast<std::int64_t>(std::uint64_t{1} << bit);
      EXPECT_FALSE(FromRow(bad)) << bit;
    }
  }
  for (std::string_view Row::*text : {&Row::rule, &Row::bytes}) {
    std::string changed(good.*text);
    for (char& c : changed) {
      c ^= 1;
      Row bad = good;
      bad.*text = changed;
      EXPECT_FALSE(FromRow(bad));
      c ^= 1;
    }
    Row shorter = good;
    shorter.*text = (good.*text).substr(1);
    EXPECT_FALSE(FromRow(shorter));
  }
  Row moved = good;  // the end of one text is the beginning of the other
  const std::string both = std::string(good.rule) + std::string(good.bytes);
  moved.rule = std::string_view(both).substr(0, 5);
  moved.bytes = std::string_view(both).substr(5);
  EXPECT_FALSE(FromRow(moved));
}

}  // namespace
}  // namespace nezuban::store
