// SPDX-License-Identifier: Apache-2.0
#include "rpc/subscription.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "nezuban/v1/alert_service.pb.h"

namespace nezuban::rpc {
namespace {

using alert::Priority;

TEST(ParseSubscription, NothingAskedMeansAll) {
  const auto subscription = ParseSubscription({}, {});
  ASSERT_TRUE(subscription);
  EXPECT_TRUE(subscription->Wants(Priority::kDebug, "any"));
  EXPECT_EQ(subscription->heartbeat.count(), 10'000);
}

TEST(ParseSubscription, TakesWhatIsWithinTheLimits) {
  v1::SubscribeRequest request;
  request.set_min_priority(v1::PRIORITY_ERROR);
  for (int i = 0; i < 64; ++i) request.add_rules(std::string(256, '*'));
  request.mutable_heartbeat_interval()->set_seconds(3600);
  const auto subscription = ParseSubscription(request, {});
  ASSERT_TRUE(subscription) << subscription.error().message;
  EXPECT_EQ(subscription->min_priority, Priority::kError);
  EXPECT_EQ(subscription->rule_globs.size(), 64u);
  EXPECT_EQ(subscription->heartbeat.count(), 3600'000);
}

TEST(ParseSubscription, SaysWhatItExpected) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const auto beat = [](std::int64_t seconds, int nanos) {
    return [=](v1::SubscribeRequest& r) {
      r.mutable_heartbeat_interval()->set_seconds(seconds);
      r.mutable_heartbeat_interval()->set_nanos(nanos);
    };
  };
  const auto globs = [](int count, std::size_t size) {
    return [=](v1::SubscribeRequest& r) {
      for (int i = 0; i < count; ++i) r.add_rules(std::string(size, 'a'));
    };
  };
  const auto priority = [](int value) {
    return [=](v1::SubscribeRequest& r) { r.set_min_priority(static_cast<v1::Priority>(value)); };
  };
  const std::string interval = "heartbeat_interval: expected 1000 to 3600000 milliseconds";
  const struct {
    std::function<void(v1::SubscribeRequest&)> make;
    std::string message;
  } kCases[] = {
      {priority(9), "min_priority: expected 1 (emergency) to 8 (debug) or 0 for all, got 9"},
      {priority(-1), "min_priority: expected 1 (emergency) to 8 (debug) or 0 for all, got -1"},
      {globs(65, 1), "rules: expected at most 64 globs, got 65"},
      {globs(30000, 1), "rules: expected at most 64 globs, got 30000"},
      {globs(1, 0), "rules[0]: expected a glob of 1 to 256 bytes, got 0"},
      {globs(1, 257), "rules[0]: expected a glob of 1 to 256 bytes, got 257"},
      {beat(0, 0), interval + ", got 0"},
      {beat(0, 999'000'000), interval + ", got 999"},
      {beat(3600, 1'000'000), interval + ", got 3600001"},
      {beat(-1, 0), interval},
      {beat(1, -1), interval},
      {beat(1, 1'000'000'000), interval},
      {beat(kMax, 0), interval},
  };
  for (const auto& c : kCases) {
    v1::SubscribeRequest request;
    c.make(request);
    const auto subscription = ParseSubscription(request, {});
    ASSERT_FALSE(subscription) << c.message;
    EXPECT_EQ(subscription.error().message, c.message);
    EXPECT_EQ(subscription.error().exit_code, 1);
  }
}

TEST(Subscription, WantsByPriorityAndGlob) {
  const Subscription subscription{.min_priority = Priority::kError,
                                  .rule_globs = {"shell*", "mount"}};
  const struct {
    Priority priority;
    const char* rule;
    bool wanted;
  } kCases[] = {
      {Priority::kError, "shell in a container", true},
      {Priority::kEmergency, "mount", true},
      {Priority::kWarning, "mount", false},
      {Priority::kError, "mounts", false},
      {Priority::kError, "a shell", false},
      {Priority::kDebug, "shell", false},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(subscription.Wants(c.priority, c.rule), c.wanted) << c.rule;
}

}  // namespace
}  // namespace nezuban::rpc
