// SPDX-License-Identifier: Apache-2.0
#include "rpc/subscription.h"

#include <algorithm>

#include "base/text.h"
#include "nezuban/v1/alert_service.pb.h"
#include "rpc/bad_input.h"
#include "rpc/to_proto.h"

namespace nezuban::rpc {
namespace {

constexpr std::int64_t kMaxDurationSeconds =
    315576000000;  // google.protobuf.Duration: 10,000 years

Result<std::chrono::milliseconds> ParseHeartbeat(const google::protobuf::Duration& asked,
                                                 const SubscriptionLimits& limits) {
  const auto expected = [&] {
    return "heartbeat_interval: expected " + std::to_string(limits.min_heartbeat.count()) + " to " +
           std::to_string(limits.max_heartbeat.count()) + " milliseconds";
  };
  // Before any arithmetic: hostile seconds must not overflow it.
  if (asked.seconds() < 0 || asked.seconds() > kMaxDurationSeconds || asked.nanos() < 0 ||
      asked.nanos() > 999'999'999) {
    return Fail(expected(), kBadInput);
  }
  const std::chrono::milliseconds interval =
      std::chrono::seconds(asked.seconds()) + std::chrono::milliseconds(asked.nanos() / 1'000'000);
  if (interval < limits.min_heartbeat || interval > limits.max_heartbeat) {
    return Fail(expected() + ", got " + std::to_string(interval.count()), kBadInput);
  }
  return interval;
}

Status CheckTexts(std::string_view member, std::string_view what,
                  const google::protobuf::RepeatedPtrField<std::string>& texts,
                  const SubscriptionLimits& limits) {
  const std::string name(member);
  if (static_cast<std::size_t>(texts.size()) > limits.max_globs) {
    return Fail(name + ": expected at most " + std::to_string(limits.max_globs) + " " +
                    std::string(what) + "s, got " + std::to_string(texts.size()),
                kBadInput);
  }
  for (int i = 0; i < texts.size(); ++i) {
    if (!texts[i].empty() && texts[i].size() <= limits.max_glob_bytes) continue;
    return Fail(name + "[" + std::to_string(i) + "]: expected a " + std::string(what) +
                    " of 1 to " + std::to_string(limits.max_glob_bytes) + " bytes, got " +
                    std::to_string(texts[i].size()),
                kBadInput);
  }
  return {};
}

Result<std::optional<AlertCondition>> ParseCondition(const v1::SubscribeRequest& request,
                                                     const SubscriptionLimits& limits) {
  const std::string& text = request.condition();
  if (text.empty()) return std::optional<AlertCondition>();
  if (text.size() > limits.max_condition_bytes) {
    return Fail("condition: expected at most " + std::to_string(limits.max_condition_bytes) +
                    " bytes, got " + std::to_string(text.size()),
                kBadInput);
  }
  ASSIGN_OR_RETURN(AlertCondition condition, AlertCondition::Compile(text));
  return std::optional(std::move(condition));
}

Result<store::Start> ParseStart(const v1::SubscribeRequest& request) {
  using At = store::Start::At;
  if (request.has_after_cursor()) return store::Start{At::kAfter, request.after_cursor()};
  switch (request.position()) {
    case v1::START_POSITION_UNSPECIFIED:
    case v1::START_POSITION_NEWEST:
      return store::Start{At::kNewest};
    case v1::START_POSITION_OLDEST:
      return store::Start{At::kOldest};
    default:
      return Fail(
          "position: expected 1 (oldest) or 2 (newest), got " + std::to_string(request.position()),
          kBadInput);
  }
}

}  // namespace

bool Subscription::Wants(alert::Priority priority, std::string_view rule,
                         const std::function<const alert::Alert&()>& whole,
                         fields::Arena& arena) const {
  if (priority > min_priority) return false;  // larger is less severe
  const auto matches = [&](const std::string& glob) { return GlobMatch(glob, rule); };
  if (!rule_globs.empty() && std::ranges::none_of(rule_globs, matches)) return false;
  if (!tags.empty() && std::ranges::find_first_of(tags, whole().tags) == tags.end()) return false;
  return !condition || condition->Matches(whole(), arena);
}

Status CheckName(std::string_view name) {
  if (!store::IsConsumerName(name)) {
    return Fail("name: expected 1 to 64 letters, digits, '.', '_' and '-'", kBadInput);
  }
  // Else a client could take alerts from a sink that has not delivered them.
  if (name.starts_with(store::kSinkPrefix)) {
    return Fail("name: what begins with '" + std::string(store::kSinkPrefix) +
                    "' belongs to the monitor's sinks",
                kBadInput);
  }
  return {};
}

Result<Subscription> ParseSubscription(const v1::SubscribeRequest& request,
                                       const SubscriptionLimits& limits) {
  Subscription subscription{.heartbeat = limits.default_heartbeat};
  if (request.min_priority() != v1::PRIORITY_UNSPECIFIED &&
      !FromProto(request.min_priority(), subscription.min_priority)) {
    return Fail("min_priority: expected 1 (emergency) to 8 (debug) or 0 for all, got " +
                    std::to_string(request.min_priority()),
                kBadInput);
  }
  RETURN_IF_ERROR(CheckTexts("rules", "glob", request.rules(), limits));
  subscription.rule_globs.assign(request.rules().begin(), request.rules().end());
  RETURN_IF_ERROR(CheckTexts("tags", "tag", request.tags(), limits));
  subscription.tags.assign(request.tags().begin(), request.tags().end());
  ASSIGN_OR_RETURN(subscription.condition, ParseCondition(request, limits));
  ASSIGN_OR_RETURN(subscription.start, ParseStart(request));
  if (!request.name().empty()) RETURN_IF_ERROR(CheckName(request.name()));
  subscription.name = request.name();
  if (request.has_heartbeat_interval()) {
    ASSIGN_OR_RETURN(subscription.heartbeat, ParseHeartbeat(request.heartbeat_interval(), limits));
  }
  return subscription;
}

}  // namespace nezuban::rpc
