// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nezuban::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Exposition, TellsWhatTheStatusTells) {
  rpc::NodeStatus status;
  status.version = "1.0";
  status.hostname = "a\"b\\c\nd";
  status.alerts = 7;
  status.store.unwritten = 9;
  status.rules.error = "bad";
  status.start_time_ns = 5'000'000'000;
  status.events = {{"connect", 10, 5, 3, {{"ring full", 2}}}};
  status.sinks = {{"siem", "syslog", 11, 12, 13, 14, 15, 16, "down"}};
  const std::string text = Exposition(status);
  EXPECT_THAT(text, HasSubstr("# TYPE nezuban_alerts_total counter\nnezuban_alerts_total 7\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE nezuban_subscribers gauge\n"));
  EXPECT_THAT(text, HasSubstr("nezuban_store_unwritten_total 9\n"));
  EXPECT_THAT(text, HasSubstr("nezuban_rules_refused 1\n"));
  EXPECT_THAT(text, HasSubstr("nezuban_start_time_seconds 5\n"));
  EXPECT_THAT(text, HasSubstr("nezuban_events_seen_total{event=\"connect\"} 10\n"));
  EXPECT_THAT(
      text, HasSubstr("nezuban_events_dropped_total{event=\"connect\",reason=\"ring full\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("nezuban_sink_sent_total{sink=\"siem\",type=\"syslog\"} 11\n"));
  EXPECT_THAT(text, HasSubstr("nezuban_sink_failing{sink=\"siem\",type=\"syslog\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("hostname=\"a\\\"b\\\\c\\nd\""));
}

TEST(Exposition, HasNoFamilyWithoutMetrics) {
  EXPECT_THAT(Exposition({}), Not(HasSubstr("nezuban_sink")));
  EXPECT_THAT(Exposition({}), Not(HasSubstr("nezuban_events_seen")));
}

}  // namespace
}  // namespace nezuban::metrics
