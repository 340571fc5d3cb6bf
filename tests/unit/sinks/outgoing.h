// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "sinks/destination.h"
#include "testlib/eventually.h"

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

using testlib::Eventually;

}  // namespace nezuban::sinks
