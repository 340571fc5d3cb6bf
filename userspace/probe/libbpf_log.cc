// SPDX-License-Identifier: Apache-2.0
#include "probe/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>

#include "base/text.h"

namespace nezuban::probe {
namespace {

struct Destination {
  std::mutex mutex;
  Logger logger;
};

// Never destroyed: libbpf may print while the process ends.
Destination& TheDestination() {
  static auto* destination = new Destination;
  return *destination;
}

thread_local int quiet_depth = 0;
thread_local std::string first_warning;

std::string_view LevelName(libbpf_print_level level) {
  if (level == LIBBPF_WARN) return quiet_depth > 0 ? "debug" : "warn";
  return level == LIBBPF_INFO ? "info" : "debug";
}

int Print(libbpf_print_level level, const char* format, va_list args) noexcept {
  char text[1024];
  std::vsnprintf(text, sizeof text, format, args);
  const std::string_view line = Trim(text);
  if (level == LIBBPF_WARN && quiet_depth > 0 && first_warning.empty()) first_warning = line;
  Destination& to = TheDestination();
  std::lock_guard lock(to.mutex);
  if (to.logger) to.logger(LevelName(level), line);
  return 0;
}

}  // namespace

void SetLogger(Logger logger) {
  Destination& to = TheDestination();
  {
    std::lock_guard lock(to.mutex);
    to.logger = std::move(logger);
  }
  libbpf_set_print(Print);
}

QuietLog::QuietLog() {
  libbpf_set_print(Print);
  ++quiet_depth;
  first_warning.clear();
}

QuietLog::~QuietLog() { --quiet_depth; }

std::string QuietLog::FirstWarning() { return first_warning; }

}  // namespace nezuban::probe
