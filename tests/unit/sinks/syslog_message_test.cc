// SPDX-License-Identifier: Apache-2.0
#include "sinks/syslog_message.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

const NodeNames kNodeOnly = {"node-1", "", "", "1.0"};

TEST(SyslogMessage, HasEveryPart) {
  Outgoing outgoing = Named("Shell", 42);
  auto& alert = std::get<alert::Alert>(outgoing.what);
  alert.time_ns = 1'234'567'891'234'567'891;
  alert.priority = alert::Priority::kCritical;
  alert.pid = 7;
  alert.container_id = "c0ffee";
  alert.origin_known = false;
  alert.tags = {"T1059", "mitre_execution"};
  alert.fields = {{"proc.name", "sh"}, {"proc.aname[2]", std::int64_t{3}}, {"fd.name", {}}};
  EXPECT_EQ(SyslogMessage(outgoing, {}, kNodeOnly),
            "<26>1 2009-02-13T23:31:31.234567Z node-1 nezuban - alert "
            "[nezuban@32473 id=\"id-Shell\" cursor=\"42\" rule=\"Shell\" source=\"syscall\" "
            "event=\"execve\" pid=\"7\" container=\"c0ffee\" origin=\"unknown\" "
            "tags=\"T1059,mitre_execution\"]"
            "[fields@32473 proc.name=\"sh\" proc.aname[2_=\"3\" fd.name=\"<NA>\"] "
            "\xef\xbb\xbfmessage of Shell");
}

TEST(SyslogMessage, EscapesWhatWouldEndAValueOrALine) {
  Outgoing outgoing = Named("a\"b]c\\d");
  std::get<alert::Alert>(outgoing.what).message = "one\ntwo\x1b[2J\xff end";
  const std::string text = SyslogMessage(outgoing, {}, kNodeOnly);
  EXPECT_NE(text.find("rule=\"a\\\"b\\]c\\\\d\""), std::string::npos) << text;
  EXPECT_NE(text.find("one\\ntwo\\x1b[2J\xef\xbf\xbd end"), std::string::npos) << text;
}

TEST(SyslogMessage, NamesAreWhatTheHeaderAllows) {
  SyslogOptions options;
  options.app_name = "my app";
  options.facility = 10;
  const std::string text = SyslogMessage(Named("r"), options, {"nöde 1", "", "", ""});
  EXPECT_TRUE(text.starts_with("<84>1 1970-01-01T00:00:01.000000Z n__de_1 my_app - alert ["))
      << text;
}

TEST(SyslogMessage, AGapIsAMessage) {
  EXPECT_EQ(SyslogMessage(GapOf(3, 9), {}, kNodeOnly),
            "<28>1 1970-01-01T00:00:02.000000Z node-1 nezuban - gap "
            "[nezubanGap@32473 count=\"3\" cursor=\"9\" "
            "first_time=\"1970-01-01T00:00:01.000000000Z\" "
            "last_time=\"1970-01-01T00:00:02.000000000Z\" reason=\"the store had to delete them\"] "
            "\xef\xbb\xbf"
            "3 alerts lost between 1970-01-01T00:00:01.000000000Z and "
            "1970-01-01T00:00:02.000000000Z: the store had to delete them");
}

TEST(SyslogMessage, IsCutToItsLimitAtACharacter) {
  Outgoing outgoing = Named("r");
  auto& alert = std::get<alert::Alert>(outgoing.what);
  alert.fields = {{"proc.cmdline", std::string(400, 'x')}};
  alert.message = "";
  for (int i = 0; i < 400; ++i) alert.message += "ü";
  for (std::size_t limit = 480; limit < 500; ++limit) {
    SyslogOptions options;
    options.max_bytes = limit;
    const std::string text = SyslogMessage(outgoing, options, kNodeOnly);
    EXPECT_LE(text.size(), limit);
    EXPECT_GE(text.size(), limit - 1);
    EXPECT_EQ(ValidUtf8(text), text);
    EXPECT_EQ(text.find("[fields"), std::string::npos) << "fields go before the message is cut";
  }
}

TEST(SyslogMessage, CanCarryJson) {
  SyslogOptions options;
  options.json = true;
  const std::string text = SyslogMessage(Named("r"), options, kNodeOnly);
  const std::size_t at = text.find("\xef\xbb\xbf{\"ancestors\":");
  EXPECT_NE(at, std::string::npos) << text;
  EXPECT_EQ(text.back(), '}');
}

}  // namespace
}  // namespace nezuban::sinks
