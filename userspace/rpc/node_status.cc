// SPDX-License-Identifier: Apache-2.0
#include "rpc/node_status.h"

#include "base/check.h"

namespace nezuban::rpc {

std::string_view ToString(SensorKind kind) {
  static constexpr std::string_view kNames[] = {"none", "object", "tracepoint"};
  const auto index = static_cast<std::size_t>(kind);
  CHECK(index < std::size(kNames));
  return kNames[index];
}

NodeTotals Totals(const NodeStatus& status) {
  NodeTotals totals;
  for (const EventStatus& event : status.events) {
    totals.seen += event.seen;
    totals.delivered += event.delivered;
    totals.filtered += event.filtered;
    for (const auto& [reason, count] : event.dropped) totals.dropped += count;
  }
  return totals;
}

}  // namespace nezuban::rpc
