// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace nezuban::rpc {

// Why alerts were lost; the values of GapReason in alert_service.proto, where each is explained.
enum class LossReason : std::uint8_t {
  kUnspecified,
  kSubscriberSlow,
  kMemoryLimit,
  kNodeBusy,
  kAlertTooLarge,
};

// In words: "the subscriber was too slow".
std::string_view ToString(LossReason reason);

// Alerts that were lost one after the other.
struct Loss {
  std::uint64_t count = 0;
  std::int64_t first_ns = 0;  // event times, since the epoch
  std::int64_t last_ns = 0;
  LossReason reason = LossReason::kUnspecified;
};

}  // namespace nezuban::rpc
