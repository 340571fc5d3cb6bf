// SPDX-License-Identifier: Apache-2.0
// What tests of streams ask for, and what comes.
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "nezuban/v1/alert_service.pb.h"

namespace nezuban::rpc {

inline std::vector<int> Sequence(int first, int last) {
  std::vector<int> ids(static_cast<std::size_t>(last - first + 1));
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

inline v1::SubscribeRequest Request(v1::Priority priority, const std::vector<std::string>& globs) {
  v1::SubscribeRequest request;
  request.set_min_priority(priority);
  for (const std::string& glob : globs) request.add_rules(glob);
  return request;
}

inline v1::SubscribeRequest FromOldest(const std::string& name = "") {
  v1::SubscribeRequest request;
  request.set_position(v1::START_POSITION_OLDEST);
  request.set_name(name);
  return request;
}

}  // namespace nezuban::rpc
