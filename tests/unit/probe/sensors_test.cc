// SPDX-License-Identifier: Apache-2.0
#include "probe/sensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace nezuban::probe {
namespace {

TEST(Sensors, EveryEventHasOneAndAKindComesInARow) {
  for (event::EventType event = 0; event < NR_EVENTS; ++event) {
    const auto rows = SensorsFor(event, SensorChoice::kAuto);
    ASSERT_FALSE(rows.empty()) << event::MainName(event);
    // Object sensors first: they see what tracepoints on system calls do not.
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(), [](auto* a, auto* b) {
      return a->kind < b->kind;
    })) << event::MainName(event);
  }
}

TEST(Sensors, RowsAreComplete) {
  for (const SensorRow& row : Sensors()) {
    EXPECT_NE(row.kind, SensorKind::kNone) << row.hook;
    EXPECT_FALSE(row.hook.empty());
    EXPECT_FALSE(row.programs.empty()) << row.hook;
    for (const ProgramRow& program : row.programs) {
      const bool on_function = program.attachment != Attachment::kTracepoint &&
                               program.attachment != Attachment::kSyscallExit;
      // A tracepoint that not every kernel has names the function whose presence tells.
      const bool tells = program.attachment == Attachment::kTracepoint && program.optional;
      EXPECT_EQ(!program.function.empty(), on_function || tells) << program.name;
      EXPECT_EQ(!program.syscalls.empty(), program.attachment == Attachment::kSyscallExit)
          << program.name;
    }
  }
}

// Two programs for one system call would silently replace each other in the dispatcher's array: of
// one event only one row is loaded, of two events any two.
TEST(Sensors, ASystemCallHasOneProgram) {
  struct User {
    const SensorRow* row;
    std::string program;
  };
  // One program may make several events: it stands in the row of each.
  std::multimap<int, User> native;
  std::multimap<int, User> compat;
  const auto is_only = [](std::multimap<int, User>& users, int number, const User& user) {
    if (number < 0) return true;
    const auto [first, last] = users.equal_range(number);
    const bool only = std::all_of(first, last, [&](const auto& other) {
      return other.second.program == user.program ||
             (other.second.row->event == user.row->event && other.second.row != user.row);
    });
    users.emplace(number, user);
    return only;
  };
  for (const SensorRow& row : Sensors()) {
    for (const ProgramRow& program : row.programs) {
      for (const SyscallNumbers& numbers : program.syscalls) {
        EXPECT_TRUE(is_only(native, numbers.x86_64, {&row, program.name})) << program.name;
        EXPECT_TRUE(is_only(compat, numbers.i386, {&row, program.name})) << program.name;
      }
    }
  }
}

// The others are attached once for each row they stand in: two rows' would make each record twice.
TEST(Sensors, OnlyProgramsThatAreCalledServeSeveralEvents) {
  std::map<std::string, event::EventType> event_of;
  for (const SensorRow& row : Sensors())
    for (const ProgramRow& program : row.programs)
      if (program.attachment != Attachment::kSyscallExit &&
          program.attachment != Attachment::kTailCalled) {
        EXPECT_EQ(event_of.emplace(program.name, row.event).first->second, row.event)
            << program.name;
      }
}

TEST(Sensors, ADatagramIsAConnectionToo) {
  EXPECT_EQ(SensorsNeeded(EventSet().set(EVENT_CONNECT)),
            EventSet().set(EVENT_CONNECT).set(EVENT_SEND));
  EXPECT_EQ(SensorsNeeded(EventSet().set(EVENT_OPEN)), EventSet().set(EVENT_OPEN));
}

TEST(Sensors, ChoiceOfAKind) {
  for (event::EventType event = 0; event < NR_EVENTS; ++event) {
    const auto all = SensorsFor(event, SensorChoice::kAuto);
    for (const auto& [choice, kind] :
         {std::pair{SensorChoice::kObject, SensorKind::kObject},
          std::pair{SensorChoice::kTracepoint, SensorKind::kTracepoint}}) {
      const auto rows = SensorsFor(event, choice);
      const bool has_kind = std::any_of(all.begin(), all.end(),
                                        [kind = kind](auto* row) { return row->kind == kind; });
      if (!has_kind) {
        EXPECT_EQ(rows, all) << event::MainName(event);
        continue;
      }
      ASSERT_FALSE(rows.empty());
      for (const SensorRow* row : rows) EXPECT_EQ(row->kind, kind);
    }
  }
}

TEST(Sensors, Words) {
  EXPECT_EQ(ParseSensorChoice("auto"), SensorChoice::kAuto);
  EXPECT_EQ(ParseSensorChoice("object"), SensorChoice::kObject);
  EXPECT_EQ(ParseSensorChoice("tracepoint"), SensorChoice::kTracepoint);
  EXPECT_EQ(ParseSensorChoice("Auto"), std::nullopt);
  EXPECT_EQ(ParseSensorChoice(""), std::nullopt);
  EXPECT_EQ(ToString(SensorKind::kNone), "none");
  EXPECT_EQ(ToString(SensorKind::kObject), "object");
  EXPECT_EQ(ToString(SensorKind::kTracepoint), "tracepoint");
}

}  // namespace
}  // namespace nezuban::probe
