// SPDX-License-Identifier: Apache-2.0
#include "rpc/to_proto.h"

#include <gtest/gtest.h>

#include <atomic>

#include "nezuban/v1/alert.pb.h"
#include "nezuban/v1/alert_service.pb.h"
#include "nezuban/v1/node_service.pb.h"
#include "rpc/envelope.h"
#include "testlib/alert_builder.h"

namespace nezuban::rpc {
namespace {

using testlib::ExpectEqual;
using testlib::FullAlert;

TEST(FromProto, UnknownEnumsBecomeSomethingHarmless) {
  v1::Gap gap;
  gap.set_reason(static_cast<v1::GapReason>(77));
  EXPECT_EQ(FromProto(gap).reason, store::GapReason::kUnspecified);
}

TEST(ToProto, KeepsTheStatus) {
  NodeStatus status;
  status.version = "0.1.0";
  status.kernel_release = "6.1.0";
  status.hostname = "node-1";
  status.start_time_ns = 1795325792000000001;
  status.sensors = {{"execve", SensorKind::kTracepoint, "tp_btf/sys_exit", true, "works"},
                    {"mount", SensorKind::kNone, "", false, "no BTF"}};
  status.events = {{"execve", 10, 5, 3, {{"ring full", 1}, {"malformed", 1}}}};
  status.malformed_records = 2;
  status.rules_loaded = 3;
  status.processes = 4;
  status.processes_evicted = 5;
  status.containers = 6;
  status.alerts = 7;
  status.alerts_dropped = 8;
  status.subscribers = 9;
  status.subscriber_drops = 10;
  status.lines_dropped = 11;
  status.records_missing = 12;
  status.origins_lost = 13;
  status.containers_unmarked = 14;
  status.table_heals = 15;
  status.processes_healed = 16;
  status.rules = {2, "ff", 1'000'000'001, 33, "r:1: bad", 2'000'000'002};
  status.hold = {9, 1, 5, 3, 2};
  status.alerts_held_back = 17;
  status.metadata = {21, 22, 23, 24, 25, 26, 27, 28, true, 29, 61, 62, 63, 64, 65};
  status.api_server = {true, true, 71, 72, 73, 74, 75, 76, 77, 78};
  status.sinks = {{"siem", "syslog", 11, 12, 13, 14, 15, 16, "peer is down"}};
  status.correlation = {6, 700, 8};
  status.store.written = 31;
  status.store.newest = 32;
  status.store.failing = true;
  status.store.fault = "full";
  status.store_id = "ab";
  v1::GetStatusResponse message;
  ToProto(status, message);
  const NodeStatus back = FromProto(message);
  v1::GetStatusResponse again;
  ToProto(back, again);
  EXPECT_EQ(message.DebugString(), again.DebugString());
  EXPECT_EQ(back.lines_dropped, 11u);
  EXPECT_EQ(back.store.written, 31u);
  EXPECT_EQ(back.store.newest, 32u);
  EXPECT_TRUE(back.store.failing);
  EXPECT_EQ(back.store.fault + back.store_id, "fullab");
  EXPECT_EQ(back.table_heals, 15u);
  EXPECT_EQ(back.processes_healed, 16u);
  EXPECT_EQ(back.metadata.names_dropped, 65u);
  EXPECT_TRUE(back.api_server.asked && back.api_server.reachable);
  EXPECT_EQ(back.api_server.requests, 71u);
  EXPECT_EQ(back.api_server.refused, 73u);
  EXPECT_EQ(back.api_server.pending, 78u);
  EXPECT_EQ(back.rules.version, "ff");
  EXPECT_EQ(back.rules.error_time_ns, 2'000'000'002);
  EXPECT_EQ(back.hold.expired, 3u);
  EXPECT_EQ(back.alerts_held_back, 17u);
  EXPECT_EQ(back.metadata.lookups, 21u);
  EXPECT_EQ(back.metadata.pending, 27u);
  EXPECT_TRUE(back.metadata.reachable);
  EXPECT_EQ(back.metadata.alerts_without, 29u);
  ASSERT_EQ(back.sinks.size(), 1u);
  EXPECT_EQ(back.sinks[0].name, "siem");
  EXPECT_EQ(back.sinks[0].filtered, 12u);
  EXPECT_EQ(back.sinks[0].position, 16u);
  EXPECT_EQ(back.sinks[0].problem, "peer is down");
  EXPECT_EQ(back.correlation.groups, 6u);
  EXPECT_EQ(back.correlation.bytes, 700u);
  EXPECT_EQ(back.correlation.evicted, 8u);
  EXPECT_EQ(back.sensors[0].kind, SensorKind::kTracepoint);
  EXPECT_EQ(back.events[0].dropped[1].first, "malformed");
  EXPECT_EQ(back.subscriber_drops, 10u);
  const NodeTotals totals = Totals(back);
  EXPECT_EQ(totals.seen, totals.delivered + totals.filtered + totals.dropped);
}

v1::SubscribeResponse Parse(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(bytes.Dump(&slices).ok());
  std::string flat;
  for (const grpc::Slice& slice : slices) {
    flat.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  v1::SubscribeResponse message;
  EXPECT_TRUE(message.ParseFromString(flat));
  return message;
}

TEST(Envelope, ABatchIsTheMessageProtobufWouldMake) {
  std::atomic<std::size_t> live{0};
  std::vector<EncodedAlertPtr> batch;
  for (const std::size_t size : {0, 1, 127, 128, 16383, 16384, 100000}) {
    alert::Alert alert = FullAlert();
    alert.message = std::string(size, 'x');
    v1::Alert encoded;
    ToProto(alert, encoded);
    const auto bytes = std::make_shared<const std::string>(encoded.SerializeAsString());
    batch.push_back(std::make_shared<const EncodedAlert>(
        store::StoredAlert{1, alert.time_ns, alert.priority, alert.rule, bytes}, live));
  }
  EXPECT_GT(live, 132000u);
  const v1::SubscribeResponse message = Parse(BatchMessage(batch));
  ASSERT_EQ(message.alerts().alerts_size(), 7);
  EXPECT_EQ(message.alerts().alerts(2).output(), std::string(127, 'x'));
  EXPECT_EQ(message.alerts().alerts(6).output(), std::string(100000, 'x'));
  ExpectEqual(FromProto(Parse(BatchMessage({&batch[0], 1})).alerts().alerts(0)), [] {
    alert::Alert alert = FullAlert();
    alert.message.clear();
    return alert;
  }());
  batch.clear();
  EXPECT_EQ(live, 0u);
}

TEST(Envelope, AGapKeepsItsReason) {
  const auto message = Parse(GapMessage({7, 11, 5, 10, 20, store::GapReason::kMemoryLimit}));
  EXPECT_EQ(message.gap().reason(), v1::GAP_REASON_MEMORY_LIMIT);
  EXPECT_EQ(message.gap().count(), 5u);
  EXPECT_EQ(FromProto(message.gap().last_time()), 20);
  const store::StoredGap back = FromProto(message.gap());
  EXPECT_EQ(back.first, 7u);
  EXPECT_EQ(back.last, 11u);
  EXPECT_EQ(back.first_ns, 10);
}

}  // namespace
}  // namespace nezuban::rpc
