// SPDX-License-Identifier: Apache-2.0
#include "probe/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
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

// Between a warning and what the verifier said.
constexpr char kReasonMark[] = ": the verifier: ";

thread_local int quiet_depth = 0;
thread_local std::string first_warning;
thread_local std::string refused_program;

std::string_view LevelName(libbpf_print_level level) {
  if (level == LIBBPF_WARN) return quiet_depth > 0 ? "debug" : "warn";
  return level == LIBBPF_INFO ? "info" : "debug";
}

// What is logged of one message: a verifier's log has megabytes.
constexpr std::size_t kLineBytes = 1024;

void KeepWarning(std::string_view text) {
  if (refused_program.empty()) refused_program = ProgramRefusedIn(text);
  if (first_warning.empty()) {
    first_warning = Trim(text.substr(0, kLineBytes));
    return;
  }
  // The log of a program comes right after the warning that it was refused.
  if (const std::string_view reason = VerifierReason(text);
      !reason.empty() && first_warning.find(kReasonMark) == std::string::npos)
    first_warning += kReasonMark + std::string(reason);
}

int Print(libbpf_print_level level, const char* format, va_list args) noexcept {
  va_list again;
  va_copy(again, args);
  const int size = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  std::string text(static_cast<std::size_t>(size > 0 ? size : 0) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), format, args);
  text.pop_back();
  if (level == LIBBPF_WARN && quiet_depth > 0) KeepWarning(text);
  const std::string_view line = Trim(std::string_view(text).substr(0, kLineBytes));
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
  refused_program.clear();
}

QuietLog::~QuietLog() { --quiet_depth; }

std::string ErrnoText(int error) { return std::strerror(error < 0 ? -error : error); }

std::string_view ProgramRefusedIn(std::string_view line) {
  constexpr std::string_view kBegin = "prog '";
  const std::size_t end = line.find("': BPF program load failed");
  const std::size_t begin = line.substr(0, end).rfind(kBegin);
  if (end == std::string_view::npos || begin == std::string_view::npos) return {};
  return line.substr(begin + kBegin.size(), end - begin - kBegin.size());
}

std::string_view VerifierReason(std::string_view text) {
  constexpr std::string_view kBegin = "-- BEGIN PROG LOAD LOG --";
  constexpr std::string_view kStatistics[] = {"\nprocessed ", "\nverification time "};
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return {};
  std::string_view log = text.substr(begin + kBegin.size());
  log = log.substr(0, log.rfind("-- END PROG LOAD LOG --"));
  for (const std::string_view statistics : kStatistics) log = log.substr(0, log.rfind(statistics));
  log = Trim(log);
  return log.substr(log.rfind('\n') + 1);
}

std::string QuietLog::FirstWarning() { return first_warning; }

std::string QuietLog::RefusedProgram() { return refused_program; }

}  // namespace nezuban::probe
