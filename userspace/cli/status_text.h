// SPDX-License-Identifier: Apache-2.0
// What `nezuban status` prints.
#pragma once

#include <string>

#include "rpc/node_status.h"

namespace nezuban::cli {

// For people: a summary, and a table with a line per event. Ends with a newline.
std::string StatusText(const rpc::NodeStatus& status);

// For programs: one JSON object, without a newline. Keys are those of GetStatusResponse.
std::string StatusJson(const rpc::NodeStatus& status);

}  // namespace nezuban::cli
