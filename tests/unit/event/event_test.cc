// SPDX-License-Identifier: Apache-2.0
#include "event/event.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>

#include "base/text.h"
#include "testlib/record_builder.h"

namespace nezuban::event {
namespace {

TEST(EventTable, EveryNameLeadsBackToItsEvent) {
  std::set<std::string_view> seen;
  for (EventType type = 0; type < NR_EVENTS; ++type) {
    std::uint8_t variant = 0;
    for (const std::string_view name : Split(EventTable()[type].names, ' ')) {
      ASSERT_FALSE(name.empty());
      EXPECT_TRUE(seen.insert(name).second) << name << " is the name of two events";
      EXPECT_EQ(NameOf(type, variant), name);
      const auto found = FindEvent(name);
      ASSERT_TRUE(found.has_value()) << name;
      EXPECT_EQ(found->type, type);
      EXPECT_EQ(found->variant, variant);
      ++variant;
    }
    EXPECT_EQ(NameOf(type, variant), "") << "no name past the last";
    EXPECT_EQ(MainName(type), NameOf(type, 0));
    EXPECT_LT(EventTable()[type].lane, NR_LANES);
  }
}

TEST(EventTable, RefusesWhatItDoesNotKnow) {
  for (const std::string_view name :
       {"", "exec", "execve ", " execve", "execve execveat", "EXECVE"}) {
    EXPECT_FALSE(FindEvent(name).has_value()) << name;
  }
  EXPECT_EQ(NameOf(NR_EVENTS, 0), "");
  EXPECT_EQ(NameOf(0xffff, 0xff), "");
}

TEST(EventTable, NamesDropReasons) {
  std::set<std::string_view> seen;
  for (int reason = 0; reason < NR_DROP_REASONS; ++reason) {
    EXPECT_TRUE(seen.insert(DropReasonName(reason)).second);
  }
  EXPECT_EQ(DropReasonName(DROP_RING_FULL), "ring full");
  EXPECT_EQ(DropReasonName(-1), "unknown");
  EXPECT_EQ(DropReasonName(NR_DROP_REASONS), "unknown");
}

TEST(Event, CommEndsAtItsNulOrAtItsSixteenthByte) {
  auto exit = testlib::Exit({.comm = "sleep"});
  EXPECT_EQ(exit.Build().event().comm(), "sleep");
  std::memset(exit->hdr.comm, 'x', COMM_LEN);
  EXPECT_EQ(exit.Build().event().comm(), std::string(COMM_LEN, 'x'));
  exit->hdr.comm[0] = '\0';
  EXPECT_EQ(exit.Build().event().comm(), "");
}

}  // namespace
}  // namespace nezuban::event
