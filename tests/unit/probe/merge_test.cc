// SPDX-License-Identifier: Apache-2.0
#include "probe/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/probe/fake_ring.h"

namespace nezuban::probe {
namespace {

// A record's bytes: of it only lane and time count here.
std::string Record(int lane, std::uint64_t time_ns) {
  record_header header{};
  header.lane = static_cast<std::uint8_t>(lane);
  header.time_ns = time_ns;
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

class Merge : public ::testing::Test {
 protected:
  void Vital(std::uint64_t time_ns) { vital_.Write(Record(LANE_VITAL, time_ns)); }
  void Bulk(std::uint64_t time_ns) { bulk_.Write(Record(LANE_BULK, time_ns)); }

  // What comes out, as "v10 b20".
  std::string Drain(std::size_t limit = 100) {
    RingReader vital = vital_.Reader();
    RingReader bulk = bulk_.Reader();
    std::string out;
    const std::size_t count = DrainInOrder(vital, bulk, limit, [&](auto bytes) {
      const auto* header = reinterpret_cast<const record_header*>(bytes.data());
      out += (out.empty() ? "" : " ") + std::string(header->lane == LANE_VITAL ? "v" : "b") +
             std::to_string(header->time_ns);
    });
    EXPECT_EQ(count, out.empty() ? 0 : 1 + std::count(out.begin(), out.end(), ' '));
    return out;
  }

  FakeRing vital_;
  FakeRing bulk_;
};

TEST_F(Merge, NothingAtAll) { EXPECT_EQ(Drain(), ""); }

TEST_F(Merge, OneLaneAlone) {
  Vital(1);
  Vital(2);
  EXPECT_EQ(Drain(), "v1 v2");
  Bulk(3);
  EXPECT_EQ(Drain(), "b3");
}

TEST_F(Merge, ByTime) {
  for (std::uint64_t time : {10u, 30u, 50u}) Vital(time);
  for (std::uint64_t time : {5u, 20u, 40u, 60u, 70u}) Bulk(time);
  EXPECT_EQ(Drain(), "b5 v10 b20 v30 b40 v50 b60 b70");
}

TEST_F(Merge, VitalFirstAtTheSameTime) {
  Bulk(10);
  Vital(10);
  EXPECT_EQ(Drain(), "v10 b10");
}

// CPUs take their times before they reserve: a lane is not sorted, and is not reordered.
TEST_F(Merge, KeepsTheOrderWithinALane) {
  for (std::uint64_t time : {10u, 9u, 30u}) Vital(time);
  for (std::uint64_t time : {20u, 19u}) Bulk(time);
  EXPECT_EQ(Drain(), "v10 v9 b20 b19 v30");
}

TEST_F(Merge, NothingOvertakesAVitalRecordBeingWritten) {
  Vital(10);
  const std::string slow = Record(LANE_VITAL, 20);
  const std::uint64_t at = vital_.Reserve(slow);
  Bulk(15);
  Bulk(30);
  EXPECT_EQ(Drain(), "v10");
  vital_.Commit(at, slow);
  EXPECT_EQ(Drain(), "b15 v20 b30");
}

TEST_F(Merge, VitalRecordsDoNotWaitForABulkOneBeingWritten) {
  const std::string slow = Record(LANE_BULK, 5);
  const std::uint64_t at = bulk_.Reserve(slow);
  Vital(10);
  EXPECT_EQ(Drain(), "v10");
  bulk_.Commit(at, slow);
  EXPECT_EQ(Drain(), "b5");
}

TEST_F(Merge, StopsAtTheLimit) {
  for (std::uint64_t time : {1u, 3u, 5u}) Vital(time);
  Bulk(2);
  EXPECT_EQ(Drain(2), "v1 b2");
  EXPECT_EQ(Drain(2), "v3 v5");
}

}  // namespace
}  // namespace nezuban::probe
