// SPDX-License-Identifier: Apache-2.0
// What a subscriber asked for, checked.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "base/result.h"

namespace nezuban::v1 {
class SubscribeRequest;
}

namespace nezuban::rpc {

// The bounds every request must keep to.
struct SubscriptionLimits {
  std::size_t max_globs = 64;
  std::size_t max_glob_bytes = 256;
  std::chrono::milliseconds min_heartbeat{1000};
  std::chrono::milliseconds max_heartbeat{3600 * 1000};
  std::chrono::milliseconds default_heartbeat{10 * 1000};
};

struct Subscription {
  alert::Priority min_priority = alert::Priority::kDebug;
  std::vector<std::string> rule_globs;  // any of them; none: all rules
  std::chrono::milliseconds heartbeat{10 * 1000};

  // Whether it asks for alerts of this rule and priority.
  bool Wants(alert::Priority priority, std::string_view rule) const;
};

// Checks a request. The error says which member, and what was expected; exit_code 1.
Result<Subscription> ParseSubscription(const v1::SubscribeRequest& request,
                                       const SubscriptionLimits& limits);

}  // namespace nezuban::rpc
