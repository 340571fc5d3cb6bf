// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "rpc/node_status.h"

namespace nezuban::metrics {

// All that a status tells, in the text format of Prometheus, version 0.0.4. Counters count since
// the start.
std::string Exposition(const rpc::NodeStatus& status);

}  // namespace nezuban::metrics
