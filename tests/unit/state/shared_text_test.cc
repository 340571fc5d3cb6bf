// SPDX-License-Identifier: Apache-2.0
#include "state/shared_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace nezuban::state {
namespace {

TEST(SharedText, HoldsBytesOfAnyKind) {
  EXPECT_TRUE(SharedText().empty());
  EXPECT_TRUE(SharedText("").empty());
  EXPECT_EQ(SharedText("").view(), "");
  const std::string bytes("a\0b\xff", 4);
  EXPECT_EQ(SharedText(bytes).view(), bytes);
  EXPECT_EQ(SharedText(std::string(100'000, 'x')).size(), 100'000u);
}

TEST(SharedText, CopiesShareTheBytesAndOutliveTheFirst) {
  std::vector<SharedText> copies;
  const char* where = nullptr;
  {
    const SharedText first("shared");
    where = first.view().data();
    for (int i = 0; i < 3; ++i) copies.push_back(first);
  }
  for (const SharedText& copy : copies) {
    EXPECT_EQ(copy.view(), "shared");
    EXPECT_EQ(copy.view().data(), where);
  }
}

TEST(SharedText, AssignsMovesAndSurvivesItself) {
  SharedText a("a");
  SharedText b("b");
  a = b;
  EXPECT_EQ(a.view(), "b");
  b = "c";
  EXPECT_EQ(a.view(), "b");
  EXPECT_EQ(b.view(), "c");
  const SharedText moved(std::move(a));
  EXPECT_EQ(moved.view(), "b");
  auto& same = b;
  b = same;
  EXPECT_EQ(b.view(), "c");
}

}  // namespace
}  // namespace nezuban::state
