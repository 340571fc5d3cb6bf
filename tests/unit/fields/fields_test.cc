// SPDX-License-Identifier: Apache-2.0
#include "fields/fields.h"

#include <gtest/gtest.h>

#include <set>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

TEST(FieldTable, RowsAreCompleteAndSorted) {
  const auto table = FieldTable();
  ASSERT_GT(table.size(), 90U);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const FieldDef& def = *table[i];
    EXPECT_TRUE(def.doc.ends_with('.') || def.doc.ends_with(".)")) << def.name;
    EXPECT_NE(def.name.find('.'), std::string_view::npos);
    if (i > 0) {
      EXPECT_LT(table[i - 1]->name, def.name);
    }
    EXPECT_EQ(FindField(def.name), &def);
  }
}

struct Resolution {
  std::string_view name;
  std::optional<std::string_view> argument;
  std::string result;  // as printed, or the error
};

TEST(ResolveField, ReadsNamesAndArguments) {
  const Resolution kCases[] = {
      {"proc.name", {}, "proc.name"},
      {"proc.aname", {}, "proc.aname"},
      {"proc.aname", "2", "proc.aname[2]"},
      {"evt.arg.flags", {}, "evt.arg.flags"},
      {"evt.arg", "flags", "evt.arg.flags"},
      {"evt.arg", "3", "evt.arg[3]"},
      {"proc.aname", "-1", "'-1' is not an index of 'proc.aname'"},
      {"proc.aname", "99999999999999999999",
       "'99999999999999999999' is not an index of 'proc.aname'"},
      {"proc.name", "0", "field 'proc.name' takes no argument"},
      {"proc.name.x", {}, "unknown field 'proc.name.x'"},
      {"", {}, "unknown field ''"},
  };
  for (const Resolution& c : kCases) {
    const auto ref = ResolveField(c.name, c.argument);
    EXPECT_EQ(ref ? ToString(*ref) : ref.error().message, c.result) << c.name;
  }
}

TEST(LongestField, StopsWhereTheNameEnds) {
  const std::pair<std::string_view, std::size_t> kCases[] = {
      {"proc.name", 9},       {"proc.namefoo", 9},   {"proc.name.", 9},
      {"proc.aname[2]x", 13}, {"proc.aname[x]", 10}, {"proc.aname[", 10},
      {"evt.arg.flags,", 13}, {"proc.pid.ts", 11},   {"proc.pid.tx", 8},
  };
  for (const auto& [text, length] : kCases) {
    const auto prefix = LongestField(text);
    ASSERT_TRUE(prefix.has_value()) << text;
    EXPECT_EQ(prefix->length, length) << text;
  }
  EXPECT_FALSE(LongestField("proc").has_value());
  EXPECT_FALSE(LongestField("").has_value());
}

// The index of rules believes FieldDef::events: what it leaves out must be absent there.
TEST(FieldTable, FieldsAreAbsentOnEventsTheyAreNotOf) {
  const auto check = [](const testlib::Record& record) {
    Reader reader;
    const event::Event event = record.event();
    const state::EnrichedEvent enriched = reader.Enrich(event);
    const FieldContext context{enriched, reader.arena, "node-1"};
    for (const FieldDef* def : FieldTable()) {
      const Value value = Get({def, {}}, context);
      if (def->events != 0 && (def->events >> event.type() & 1) == 0) {
        EXPECT_TRUE(std::holds_alternative<Absent>(value)) << def->name << " on " << event.name();
      }
    }
  };
  const testlib::Actor actor{.tgid = 7};
  check(testlib::Exec(actor, "/bin/sh").Build());
  check(testlib::Draft<fork_record>(actor).Build());
  check(testlib::Draft<exit_record>(actor).Build());
  check(testlib::Draft<cgroup_record>(actor).Build());
  check(testlib::Draft<mount_record>(actor).Build());
  check(testlib::Draft<dup_record>(actor).Build());
  check(testlib::Draft<connect_record>(actor).Build());
  check(testlib::Draft<socket_record>(actor).Build());
  check(testlib::Draft<bind_record>(actor, EVENT_BIND, 0).Build());
  check(testlib::Draft<bind_record>(actor, EVENT_LISTEN, 0).Build());
  check(testlib::Draft<accept_record>(actor).Build());
  check(testlib::Draft<message_record>(actor, EVENT_SEND, 0).Build());
  check(testlib::Draft<message_record>(actor, EVENT_RECV, 0).Build());
  check(testlib::Draft<recvfd_record>(actor).Build());
  check(testlib::Draft<open_record>(actor).Build());
  check(testlib::Draft<credentials_record>(actor).Build());
  const std::uint64_t calls = event::kTypesOfRecord<call_record>;
  for (event::EventType type = 0; type < NR_EVENTS; ++type)
    if ((calls >> type & 1) != 0) check(testlib::Draft<call_record>(actor, type, 0).Build());
}

TEST(Arena, GivesBackWhatItTook) {
  Arena arena;
  for (int round = 0; round < 100; ++round) {
    arena.Reset();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(arena.Concat({"a", "", "bc"}), "abc");
    EXPECT_EQ(arena.Bytes(1 << 20).size(), std::size_t{1} << 20);
    EXPECT_EQ(arena.Number(INT64_MIN), "-9223372036854775808");
    EXPECT_TRUE(arena.Bytes(0).empty());
  }
}

}  // namespace
}  // namespace nezuban::fields
