// SPDX-License-Identifier: Apache-2.0
#include "rpc/subscription.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "nezuban/v1/alert_service.pb.h"

namespace nezuban::rpc {
namespace {

using alert::Priority;

// Whether an alert of this priority and rule is wanted, whatever else it has.
bool Wants(const Subscription& subscription, Priority priority, std::string_view rule) {
  fields::Arena arena;
  return subscription.Wants(
      priority, rule,
      []() -> const alert::Alert& {
        ADD_FAILURE() << "not needed";
        static const alert::Alert kNone;
        return kNone;
      },
      arena);
}

TEST(ParseSubscription, NothingAskedMeansAll) {
  const auto subscription = ParseSubscription({}, {});
  ASSERT_TRUE(subscription);
  EXPECT_TRUE(Wants(*subscription, Priority::kDebug, "any"));
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
    EXPECT_EQ(Wants(subscription, c.priority, c.rule), c.wanted) << c.rule;
}

TEST(Subscription, OneOfTheTagsIsEnough) {
  v1::SubscribeRequest request;
  request.add_tags("network");
  request.add_tags("mitre_execution");
  const auto subscription = ParseSubscription(request, {});
  ASSERT_TRUE(subscription);
  const auto wants = [&](std::vector<std::string> tags) {
    alert::Alert alert;
    alert.tags = std::move(tags);
    fields::Arena arena;
    return subscription->Wants(
        Priority::kDebug, "r", [&]() -> const alert::Alert& { return alert; }, arena);
  };
  EXPECT_TRUE(wants({"container", "network"}));
  EXPECT_TRUE(wants({"mitre_execution"}));
  EXPECT_FALSE(wants({"container"}));
  EXPECT_FALSE(wants({}));
}

TEST(ParseSubscription, KnowsWhereToStart) {
  using At = store::Start::At;
  v1::SubscribeRequest request;
  EXPECT_EQ(ParseSubscription(request, {})->start.at, At::kNewest);
  request.set_position(v1::START_POSITION_OLDEST);
  EXPECT_EQ(ParseSubscription(request, {})->start.at, At::kOldest);
  request.set_after_cursor(7);
  EXPECT_EQ(ParseSubscription(request, {})->start.at, At::kAfter);
  EXPECT_EQ(ParseSubscription(request, {})->start.cursor, 7u);
  request.set_position(static_cast<v1::StartPosition>(9));
  EXPECT_EQ(ParseSubscription(request, {}).error().message,
            "position: expected 1 (oldest) or 2 (newest), got 9");
  request.Clear();
  request.set_name("a/b");
  EXPECT_FALSE(ParseSubscription(request, {}));
  request.set_name("a-b");
  EXPECT_EQ(ParseSubscription(request, {})->name, "a-b");
  request.set_name("sink.siem");
  EXPECT_EQ(ParseSubscription(request, {}).error().message,
            "name: what begins with 'sink.' belongs to the monitor's sinks");
  request.set_name("sink-siem");
  EXPECT_TRUE(ParseSubscription(request, {}));
  request.add_tags("");
  EXPECT_EQ(ParseSubscription(request, {}).error().message,
            "tags[0]: expected a tag of 1 to 256 bytes, got 0");
}

}  // namespace
}  // namespace nezuban::rpc
