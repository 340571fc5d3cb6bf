// SPDX-License-Identifier: Apache-2.0
#include "daemon/sequence.h"

#include <gtest/gtest.h>

namespace nezuban::daemon {
namespace {

record_header Header(std::uint32_t cpu, std::uint8_t lane, std::uint64_t seq) {
  record_header header{};
  header.cpu = cpu;
  header.lane = lane;
  header.seq = seq;
  return header;
}

TEST(SequenceTracker, NothingMissingWithoutRecords) { EXPECT_EQ(SequenceTracker().missing(), 0u); }

TEST(SequenceTracker, CountsGapsPerCpuAndLane) {
  SequenceTracker tracker;
  for (std::uint64_t seq : {0, 1, 3}) tracker.Observe(Header(0, LANE_VITAL, seq));
  for (std::uint64_t seq : {0, 5}) tracker.Observe(Header(2, LANE_BULK, seq));
  tracker.Observe(Header(0, LANE_BULK, 0));
  EXPECT_EQ(tracker.missing(), 1u + 4u);
}

TEST(SequenceTracker, ALateRecordFillsItsGap) {
  SequenceTracker tracker;
  for (std::uint64_t seq : {0, 2}) tracker.Observe(Header(0, LANE_VITAL, seq));
  EXPECT_EQ(tracker.missing(), 1u);
  tracker.Observe(Header(0, LANE_VITAL, 1));
  EXPECT_EQ(tracker.missing(), 0u);
}

TEST(SequenceTracker, CountingBeginsWithTheLowestThatCame) {
  SequenceTracker tracker;
  tracker.Observe(Header(1, LANE_VITAL, 7));
  EXPECT_EQ(tracker.missing(), 0u);
  tracker.Observe(Header(1, LANE_VITAL, 5));
  EXPECT_EQ(tracker.missing(), 1u);
}

TEST(SequenceTracker, AnImpossibleCpuIsIgnored) {
  SequenceTracker tracker;
  tracker.Observe(Header(0xffffffffu, LANE_VITAL, 1));
  EXPECT_EQ(tracker.missing(), 0u);
}

}  // namespace
}  // namespace nezuban::daemon
