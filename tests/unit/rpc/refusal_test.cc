// SPDX-License-Identifier: Apache-2.0
#include "rpc/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nezuban/v1/error_details.pb.h"
#include "test_server.h"

namespace nezuban::rpc {
namespace {

using testing::HasSubstr;

v1::ErrorStatus DetailsOf(const grpc::Status& status) {
  v1::ErrorStatus details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  return details;
}

template <typename Detail>
Detail Unpack(const google::protobuf::Any& any) {
  EXPECT_EQ(any.type_url(), "type.googleapis.com/google.rpc." + Detail::descriptor()->name());
  Detail detail;
  EXPECT_TRUE(detail.ParseFromString(any.value()));
  return detail;
}

TEST(Refusal, EachProblemOfARequestHasItsMember) {
  const auto details =
      DetailsOf(BadRequest({"condition:1:14: error: unknown field\nrules[3]: expected a glob", 1}));
  ASSERT_EQ(details.details_size(), 1);
  const auto request = Unpack<v1::BadRequest>(details.details(0));
  ASSERT_EQ(request.field_violations_size(), 2);
  EXPECT_EQ(request.field_violations(0).field(), "condition");
  EXPECT_EQ(request.field_violations(0).description(), "1:14: error: unknown field");
  EXPECT_EQ(request.field_violations(1).field(), "rules[3]");
  EXPECT_EQ(request.field_violations(1).description(), "expected a glob");
}

TEST(Refusal, ALimitSaysOfWhatAndWhenToTryAgain) {
  const auto details = DetailsOf(OverQuota("subscribers", "at most 2", std::chrono::seconds(10)));
  ASSERT_EQ(details.details_size(), 2);
  EXPECT_EQ(Unpack<v1::QuotaFailure>(details.details(0)).violations(0).subject(), "subscribers");
  EXPECT_EQ(Unpack<v1::RetryInfo>(details.details(1)).retry_delay().seconds(), 10);
  const auto never = DetailsOf(OverQuota("x", "too large", std::chrono::seconds(0)));
  EXPECT_EQ(never.details_size(), 1);
}

TEST(Refusal, StaysWithinTheHeadersOfAClient) {
  std::string message;
  for (int i = 0; i < 100; ++i) message += "condition:1:1: " + std::string(100, 'x') + "\n";
  EXPECT_LT(BadRequest({message.substr(0, 1000), 1}).error_details().size(), 3000u);
}

TEST(Refusal, ReachesTheClient) {
  TestServer server({.max_subscribers = 1});
  v1::SubscribeRequest request;
  request.set_condition("alert.rule = a and\n  alert.prioritty = b");
  Reader bad(server.Connect(), request);
  EXPECT_FALSE(bad.Next());
  const auto details = DetailsOf(bad.Finish());
  ASSERT_EQ(details.details_size(), 1);
  const auto violations = Unpack<v1::BadRequest>(details.details(0));
  EXPECT_EQ(violations.field_violations(0).field(), "condition");
  EXPECT_THAT(violations.field_violations(0).description(), HasSubstr("2:3: error: unknown field"));
  Reader first(server.Connect());
  ASSERT_TRUE(first.NextHeartbeat());
  Reader second(server.Connect());
  EXPECT_FALSE(second.Next());
  const auto over = DetailsOf(second.Finish());
  ASSERT_EQ(over.details_size(), 2);
  EXPECT_EQ(Unpack<v1::QuotaFailure>(over.details(0)).violations(0).subject(), "subscribers");
}

}  // namespace
}  // namespace nezuban::rpc
