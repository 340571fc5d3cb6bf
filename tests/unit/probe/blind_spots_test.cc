// SPDX-License-Identifier: Apache-2.0
#include "probe/blind_spots.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace nezuban::probe {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

SensorRow RowOf(event::EventType event, SensorKind kind) {
  for (const SensorRow& row : Sensors())
    if (row.event == event && row.kind == kind) return row;
  ADD_FAILURE() << "no such row";
  return {};
}

TEST(BlindSpots, OfTheKindThatServes) {
  EXPECT_THAT(BlindSpotsOf(RowOf(EVENT_RENAME, SensorKind::kTracepoint)),
              Contains(HasSubstr("symbolic links in them")));
  EXPECT_THAT(BlindSpotsOf(RowOf(EVENT_RENAME, SensorKind::kObject)),
              Not(Contains(HasSubstr("symbolic links in them"))));
}

TEST(BlindSpots, WhereAProgramIsMissing) {
  SensorRow row = RowOf(EVENT_OPEN, SensorKind::kTracepoint);
  EXPECT_THAT(BlindSpotsOf(row), Not(Contains(HasSubstr("before kernel 6.0"))));
  std::erase_if(row.programs,
                [](const ProgramRow& program) { return program.name.starts_with("on_uring_"); });
  EXPECT_THAT(BlindSpotsOf(row), Contains(HasSubstr("before kernel 6.0")));
}

TEST(BlindSpots, WhatWouldSeeIsAProgramOfEachRow) {
  for (const BlindSpot& spot : BlindSpots()) {
    EXPECT_FALSE(spot.words.empty());
    if (spot.seen_by == nullptr) continue;
    for (const SensorRow& row : Sensors()) {
      if (!spot.Concerns(row.event) || spot.kind.value_or(row.kind) != row.kind) continue;
      EXPECT_THAT(BlindSpotsOf(row), Not(Contains(spot.words))) << row.hook;
    }
  }
}

}  // namespace
}  // namespace nezuban::probe
