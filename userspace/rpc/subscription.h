// SPDX-License-Identifier: Apache-2.0
// What a subscriber asked for, checked.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "base/result.h"
#include "fields/arena.h"
#include "rpc/alert_condition.h"
#include "store/store.h"

namespace nezuban::v1 {
class SubscribeRequest;
}

namespace nezuban::rpc {

// The bounds every request must keep to.
struct SubscriptionLimits {
  std::size_t max_globs = 64;  // and tags
  std::size_t max_glob_bytes = 256;
  std::size_t max_condition_bytes = std::size_t{16} << 10;
  std::chrono::milliseconds min_heartbeat{1000};
  std::chrono::milliseconds max_heartbeat{3600 * 1000};
  std::chrono::milliseconds default_heartbeat{10 * 1000};
};

struct Subscription {
  alert::Priority min_priority = alert::Priority::kDebug;
  std::vector<std::string> rule_globs;  // any of them; none: all rules
  std::vector<std::string> tags;        // any of them; none: all alerts
  std::optional<AlertCondition> condition;
  std::chrono::milliseconds heartbeat{10 * 1000};
  store::Start start;
  std::string name;

  // Whether it asks for this alert. `whole` is called only if its priority and rule do not decide;
  // the arena is the thread's.
  bool Wants(alert::Priority priority, std::string_view rule,
             const std::function<const alert::Alert&()>& whole, fields::Arena& arena) const;
};

// Whether a client may use that name for itself. The error says what was expected; exit_code 1.
Status CheckName(std::string_view name);

// Checks a request. The error says which member, and what was expected; exit_code 1.
Result<Subscription> ParseSubscription(const v1::SubscribeRequest& request,
                                       const SubscriptionLimits& limits);

}  // namespace nezuban::rpc
