// SPDX-License-Identifier: Apache-2.0
#include "cli/alert_lines.h"

#include <gtest/gtest.h>

namespace nezuban::cli {
namespace {

alert::Alert SomeAlert() {
  alert::Alert alert;
  alert.time_ns = 1'000'000'005;
  alert.rule = "reverse shell";
  alert.priority = alert::Priority::kCritical;
  alert.message = "sh on a socket";
  return alert;
}

TEST(AlertLine, SaysWhereItHappened) {
  const std::string id(64, 'a');
  const struct {
    bool container_known, origin_known;
    std::string container_id, runtime, origin;
    std::string place;
  } kCases[] = {
      {true, true, "", "", "", "[host]"},
      {true, true, id, "containerd", id, "[containerd aaaaaaaaaaaa]"},
      {true, true, id, "", id, "[aaaaaaaaaaaa]"},
      {true, true, "", "", id, "[host, from container aaaaaaaaaaaa]"},
      {true, false, "", "", "", "[host, origin unknown]"},
      {false, true, "", "", id, "[container unknown, from container aaaaaaaaaaaa]"},
  };
  for (const auto& c : kCases) {
    alert::Alert alert = SomeAlert();
    alert.container_known = c.container_known;
    alert.origin_known = c.origin_known;
    alert.container_id = c.container_id;
    alert.container_runtime = c.runtime;
    alert.origin = c.origin;
    EXPECT_EQ(AlertLine(alert, false),
              "1970-01-01T00:00:01.000000005Z Critical reverse shell: sh on a socket " + c.place);
  }
}

// What a process is called must not reach the terminal as commands, nor look like another line.
TEST(AlertLine, EscapesWhatCameFromOutside) {
  alert::Alert alert = SomeAlert();
  const std::string evil = "\x1b[2J\r\nforged \x7f\xc2\x9b";
  alert.message = alert.rule = alert.container_id = alert.container_runtime = alert.origin = evil;
  for (const bool colour : {false, true}) {
    std::string line = AlertLine(alert, colour);
    EXPECT_EQ(line.find_first_of("\r\n\x7f"), std::string::npos);
    EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(line.find("\x1b[2J"), std::string::npos);
    EXPECT_NE(line.find("\\x1b[2J\\r\\nforged"), std::string::npos);
    EXPECT_EQ(line.find('\x1b') != std::string::npos, colour);
  }
}

TEST(AlertLine, TellsWhatItCameAfter) {
  alert::Alert alert = SomeAlert();
  alert.related = {{"id", "kubelet \x1b called", alert.time_ns - 1'203'000'000, false},
                   {"id", "earlier", alert.time_ns - 2'000'000'000, false}};
  EXPECT_NE(AlertLine(alert, false).find(" (1.203 s after: kubelet \\x1b called) ["),
            std::string::npos);
}

TEST(AlertLine, TellsOfLosses) {
  alert::Alert alert = SomeAlert();
  alert.lost_before = 7;
  EXPECT_TRUE(AlertLine(alert, false).ends_with("(events lost before: 7)"));
}

TEST(GapLine, SaysHowManyAndWhy) {
  const store::StoredGap one{5, 5, 1, 0, 0, store::GapReason::kNodeBusy};
  EXPECT_EQ(GapLine(one, false),
            "-- 1 alert lost between 1970-01-01T00:00:00.000000000Z and "
            "1970-01-01T00:00:00.000000000Z: the node made alerts too fast");
  EXPECT_EQ(GapLine({5, 9, 0, 0, 0, store::GapReason::kRestart}, false).substr(0, 42),
            "-- nobody knows how many alerts were lost ");
  EXPECT_EQ(GapJson({7, 9, 3, 0, 1, store::GapReason::kSubscriberSlow}),
            R"({"gap":{"count":3,"first_cursor":7,"first_time":"1970-01-01T00:00:00.000000000Z",)"
            R"("last_cursor":9,"last_time":"1970-01-01T00:00:00.000000001Z",)"
            R"("reason":"the subscriber was too slow"}})");
}

}  // namespace
}  // namespace nezuban::cli
