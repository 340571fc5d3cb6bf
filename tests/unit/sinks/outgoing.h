// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>  // NOLINT: mkdtemp

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "base/check.h"
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

// A directory of its own (0700), removed with all that is in it.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "nezuban-sinks-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

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
