// SPDX-License-Identifier: Apache-2.0
#include "alert/proto.h"

#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include <limits>

#include "nezuban/v1/alert.pb.h"
#include "testlib/alert_builder.h"

namespace nezuban::alert {
namespace {

constexpr char kReplacement[] = "\xef\xbf\xbd";

TEST(ToProto, KeepsEveryMemberOfAnAlert) {
  const Alert alert = testlib::FullAlert();
  v1::Alert message;
  ToProto(alert, message);
  v1::Alert parsed;
  ASSERT_TRUE(parsed.ParseFromString(message.SerializeAsString()));
  testlib::ExpectEqual(FromProto(parsed), alert);
}

TEST(ToProto, KeepsAnAlertWithNothingInIt) {
  Alert alert;
  alert.container_known = alert.origin_known = false;
  v1::Alert message;
  ToProto(alert, message);
  testlib::ExpectEqual(FromProto(message), alert);
}

TEST(ToProto, MakesTextValidUtf8) {
  Alert alert = testlib::FullAlert();
  alert.message = "cat /tmp/\xff\xfe";
  alert.fields = {{"f", std::string("\xc3(")}, {"l", std::vector<std::string>{"\x80"}}};
  alert.ancestors[0].name = "\xed\xa0\x80";
  v1::Alert message;
  ToProto(alert, message);
  v1::Alert parsed;
  ASSERT_TRUE(parsed.ParseFromString(message.SerializeAsString()));  // refuses any that is not
  EXPECT_EQ(parsed.output(), std::string("cat /tmp/") + kReplacement + kReplacement);
  EXPECT_EQ(parsed.fields(0).string_value(), std::string(kReplacement) + "(");
  EXPECT_EQ(parsed.fields(1).list_value().values(0), kReplacement);
}

TEST(Timestamp, SurvivesAllTimes) {
  for (const std::int64_t time_ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{1795325792123456789},
        std::int64_t{-1'000'000'000}, std::int64_t{-1'000'000'001}}) {
    google::protobuf::Timestamp time;
    ToProto(time_ns, time);
    EXPECT_GE(time.nanos(), 0);
    EXPECT_EQ(FromProto(time), time_ns);
  }
}

TEST(Timestamp, HostileOnesDoNotOverflow) {
  google::protobuf::Timestamp time;
  time.set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(FromProto(time), std::numeric_limits<std::int64_t>::max());
  time.set_seconds(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(FromProto(time), std::numeric_limits<std::int64_t>::min());
  time.set_seconds(1);
  time.set_nanos(-5);
  EXPECT_EQ(FromProto(time), 1'000'000'000);
}

TEST(FromProto, AnUnknownPriorityBecomesSomethingHarmless) {
  v1::Alert message;
  message.set_priority(static_cast<v1::Priority>(77));
  EXPECT_EQ(FromProto(message).priority, Priority::kDebug);
}

TEST(ParseAlert, TakesWhatWasSerialisedAndNothingElse) {
  v1::Alert message;
  ToProto(testlib::FullAlert(), message);
  const std::string bytes = message.SerializeAsString();
  const auto parsed = ParseAlert(bytes);
  ASSERT_TRUE(parsed);
  testlib::ExpectEqual(*parsed, testlib::FullAlert());
  EXPECT_FALSE(ParseAlert(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(ParseAlert("\xff\xff\xff"));
}

}  // namespace
}  // namespace nezuban::alert
