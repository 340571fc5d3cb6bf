// SPDX-License-Identifier: Apache-2.0
#include "rpc/subscription.h"

#include <algorithm>

#include "base/text.h"
#include "nezuban/v1/alert_service.pb.h"
#include "rpc/to_proto.h"

namespace nezuban::rpc {
namespace {

constexpr int kBadInput = 1;
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

Status CheckGlobs(const google::protobuf::RepeatedPtrField<std::string>& globs,
                  const SubscriptionLimits& limits) {
  if (static_cast<std::size_t>(globs.size()) > limits.max_globs) {
    return Fail("rules: expected at most " + std::to_string(limits.max_globs) + " globs, got " +
                    std::to_string(globs.size()),
                kBadInput);
  }
  for (int i = 0; i < globs.size(); ++i) {
    if (!globs[i].empty() && globs[i].size() <= limits.max_glob_bytes) continue;
    return Fail("rules[" + std::to_string(i) + "]: expected a glob of 1 to " +
                    std::to_string(limits.max_glob_bytes) + " bytes, got " +
                    std::to_string(globs[i].size()),
                kBadInput);
  }
  return {};
}

}  // namespace

bool Subscription::Wants(alert::Priority priority, std::string_view rule) const {
  if (priority > min_priority) return false;  // larger is less severe
  return rule_globs.empty() ||
         std::any_of(rule_globs.begin(), rule_globs.end(),
                     [&](const std::string& glob) { return GlobMatch(glob, rule); });
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
  RETURN_IF_ERROR(CheckGlobs(request.rules(), limits));
  subscription.rule_globs.assign(request.rules().begin(), request.rules().end());
  if (request.has_heartbeat_interval()) {
    ASSIGN_OR_RETURN(subscription.heartbeat, ParseHeartbeat(request.heartbeat_interval(), limits));
  }
  return subscription;
}

}  // namespace nezuban::rpc
