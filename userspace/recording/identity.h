// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace nezuban::recording {

// Which node and run a recording is of.
struct Identity {
  std::string version;  // of the monitor
  std::string hostname;
  std::string run_id;  // ids of alerts begin with it
  std::string kernel_release;
  std::uint64_t clock_tick_ns = 0;
  std::string node = {};  // of alerts
  std::string cluster = {};
};

}  // namespace nezuban::recording
