// SPDX-License-Identifier: Apache-2.0
// What this kernel and these privileges allow, event by event.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rpc/node_status.h"

namespace nezuban::daemon {

// Opens and proves the sensors as the daemon would, `choice` being auto, object or tracepoint, and
// detaches them again. A running daemon is not disturbed. Error: nothing can be attached here.
Result<std::vector<rpc::SensorStatus>> ExamineSensors(const std::string& choice);

}  // namespace nezuban::daemon
