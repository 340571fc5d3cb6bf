// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "daemon/config.h"

namespace nezuban::daemon {

struct RecordOptions {
  std::string file;
  std::uint64_t seconds = 0;    // 0: until it is told to stop
  std::uint64_t max_bytes = 0;  // 0: as large as it gets
};

// Records everything the sensors deliver until SIGTERM, SIGINT or a limit. Returns the process's
// exit code: 0 recorded, 1 the file exists, 2 cannot run or write here. Main thread only.
int RunRecord(const Config& config, const RecordOptions& options);

}  // namespace nezuban::daemon
