// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "sinks/destination.h"

namespace nezuban::sinks {

inline alert::Alert AlertOf(const std::string& rule, std::int64_t time_ns = 1'000'000'000) {
  alert::Alert alert;
  alert.id = "id-" + rule;
  alert.rule = rule;
  alert.priority = alert::Priority::kWarning;
  alert.message = "message of " + rule;
  alert.time_ns = time_ns;
  alert.source = "syscall";
  alert.hostname = "node-1";
  alert.event_type = "execve";
  return alert;
}

inline Outgoing Named(const std::string& rule, std::uint64_t cursor = 1) {
  return {cursor, AlertOf(rule)};
}

inline Outgoing GapOf(std::uint64_t count, std::uint64_t cursor = 1) {
  return {cursor, Gap{count, 1'000'000'000, 2'000'000'000, "the store had to delete them"}};
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// False after ten seconds in vain.
inline bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace nezuban::sinks
