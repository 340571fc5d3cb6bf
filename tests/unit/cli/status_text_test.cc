// SPDX-License-Identifier: Apache-2.0
#include "cli/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nezuban::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

rpc::NodeStatus SomeStatus() {
  rpc::NodeStatus status;
  status.version = "0.1.0";
  status.hostname = "node-1";
  status.node = "worker-1";
  status.cluster = "east";
  status.problem = "no open";
  status.kernel_release = "6.1";
  status.subscribers = 2;
  status.processes = 345;
  status.rules = {3, "00ff", 1'000'000'000, 7, "r:1: bad", 2'000'000'000};
  status.hold = {9, 1, 5, 3, 2};
  status.metadata = {21, 22, 23, 24, 25, 26, 27, 28, true, 29, 61, 62, 63, 64, 65};
  status.api_server = {true, true, 71, 72, 73, 74, 75, 76, 77, 78};
  status.correlation = {6, 700, 8};
  status.store.deleted = 31;
  status.store.failing = true;
  status.store.fault = "disk full";
  status.events = {{"connect", 10, 5, 3, {{"ring full", 2}, {"recursion", 0}}}};
  status.sinks = {{"siem", "syslog", 11, 12, 13, 14, 15, 16, "peer is down"}};
  status.sensors = {
      {"connect", rpc::SensorKind::kTracepoint, "tp_btf/sys_exit", true, "no fentry"}};
  return status;
}

TEST(StatusText, IsReadable) {
  const std::string text = StatusText(SomeStatus());
  EXPECT_THAT(text, HasSubstr("nezuban 0.1.0 on node-1, kernel 6.1"));
  EXPECT_THAT(text, HasSubstr("NOT HEALTHY: no open\n"));
  EXPECT_THAT(text, HasSubstr("processes known                    345\n"));
  EXPECT_THAT(text, HasSubstr("  the store fails: disk full\n"));
  EXPECT_THAT(text, HasSubstr("  rules: generation 3, version 00ff, loaded 1970-01-01T00:00:01."));
  EXPECT_THAT(text, HasSubstr("  refused at 1970-01-01T00:00:02.000000000Z: r:1: bad\n"));
  EXPECT_THAT(text, HasSubstr("  connect                 10           5           3           2"
                              "  (ring full 2)\n"));
  EXPECT_THAT(text, HasSubstr("  siem          syslog              11        13        14        15"
                              "  peer is down\n"));
  EXPECT_THAT(text, HasSubstr("  connect       tracepoint  proved  tp_btf/sys_exit: no fentry\n"));
}

TEST(StatusText, EscapesWhatCameFromOutside) {
  rpc::NodeStatus status = SomeStatus();
  status.hostname = status.version = status.events[0].event = status.sensors[0].why =
      status.rules.error = status.store.fault = "\x1b[2J";
  EXPECT_THAT(StatusText(status), Not(HasSubstr("\x1b")));
  EXPECT_THAT(StatusJson(status), Not(HasSubstr("\x1b")));
}

TEST(StatusJson, HasEveryMember) {
  EXPECT_EQ(
      StatusJson(SomeStatus()),
      R"({"version":"0.1.0","kernel_release":"6.1","hostname":"node-1","node":"worker-1","cluster":"east",)"
      R"("problem":"no open",)"
      R"("start_time":"1970-01-01T00:00:00.000000000Z","rules_loaded":0,"alerts":0,)"
      R"("alerts_dropped":0,"alerts_held_back":0,"subscribers":2,"subscriber_drops":0,)"
      R"("store_alerts":0,"store_bytes":0,"store_deleted":31,"store_damaged":0,"store_unwritten":0,)"
      R"("store_faults":0,"store_failing":1,"processes":345,)"
      R"("processes_evicted":0,"containers":0,"lines_dropped":0,"records_missing":0,"origins_lost":0,)"
      R"("containers_unmarked":0,"table_heals":0,"processes_healed":0,"events_held":9,"held_now":1,"held_resolved":5,"held_expired":3,)"
      R"("held_overflowed":2,"correlated_groups":6,"correlated_bytes":700,"correlated_evicted":8,)"
      R"("metadata_lookups":21,"metadata_found":22,"metadata_unknown":23,"metadata_pending":27,)"
      R"("metadata_slow":24,"metadata_slowest_ms":28,"metadata_failed":25,"metadata_dropped":26,)"
      R"("metadata_reachable":1,"metadata_events":61,"names_read":62,"names_unreadable":63,"names_stuck":64,)"
      R"("names_dropped":65,"api_server_asked":1,"api_server_reachable":1,"api_server_requests":71,)"
      R"("api_server_failed":72,"api_server_refused":73,"api_server_events":74,"api_server_unreadable":75,)"
      R"("api_server_dropped":76,"api_server_pods":77,"api_server_pending":78,)"
      R"("alerts_without_metadata":29,"malformed_records":0,"store_fault":"disk full","rules":{"generation":3,"version":"00ff",)"
      R"("loaded_time":"1970-01-01T00:00:01.000000000Z","count":7,"error":"r:1: bad",)"
      R"("error_time":"1970-01-01T00:00:02.000000000Z"},)"
      R"("events":[{"event":"connect","seen":10,"delivered":5,"filtered":3,)"
      R"("dropped":{"ring full":2,"recursion":0}}],)"
      R"("sensors":[{"event":"connect","kind":"tracepoint","hook":"tp_btf/sys_exit",)"
      R"("proved":true,"why":"no fentry"}],)"
      R"("sinks":[{"name":"siem","type":"syslog","sent":11,"filtered":12,"retried":13,)"
      R"("refused":14,"lost":15,"position":16,"problem":"peer is down"}]})");
}

}  // namespace
}  // namespace nezuban::cli
