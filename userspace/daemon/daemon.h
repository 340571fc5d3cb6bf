// SPDX-License-Identifier: Apache-2.0
// The monitor: loads rules, opens the sensors, serves gRPC, until it is told to stop.
#pragma once

#include <functional>
#include <optional>

#include "daemon/config.h"

namespace nezuban::daemon {

// Reads the configuration again, as at the start; nullopt once every problem is on standard error.
using ConfigReader = std::function<std::optional<Config>()>;

// Runs until SIGTERM or SIGINT. At SIGHUP it takes over what `read_again` gives, as far as that
// needs no restart, and loads its rules again. Returns the process's exit code: 0 stopped on
// request, 1 bad rules, 2 cannot run here. What went wrong is on standard error. Nothing stays
// attached, the socket is removed. Main thread only.
int RunDaemon(Config config, const ConfigReader& read_again);

}  // namespace nezuban::daemon
