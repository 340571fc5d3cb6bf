// SPDX-License-Identifier: Apache-2.0
// The monitor: loads rules, opens the sensors, serves gRPC, until it is told to stop.
#pragma once

#include "daemon/config.h"

namespace nezuban::daemon {

// Runs until SIGTERM or SIGINT. Returns the process's exit code: 0 stopped on request, 1 bad rules,
// 2 cannot run here. What went wrong is on standard error. Nothing stays attached, the socket is
// removed. Main thread only.
int RunDaemon(const Config& config);

}  // namespace nezuban::daemon
