// SPDX-License-Identifier: Apache-2.0
#include "alert/alert.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "base/text.h"

namespace nezuban::alert {
namespace {

constexpr std::array<std::string_view, 8> kPriorities = {
    "Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"};

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, LowerAscii, LowerAscii);
}

}  // namespace

std::string_view ToString(Priority priority) {
  return kPriorities.at(static_cast<std::size_t>(priority));
}

bool ParsePriority(std::string_view text, Priority& priority) {
  if (EqualsIgnoringCase(text, "info")) text = "Informational";
  for (std::size_t i = 0; i < kPriorities.size(); ++i) {
    if (!EqualsIgnoringCase(text, kPriorities[i])) continue;
    priority = static_cast<Priority>(i);
    return true;
  }
  return false;
}

std::string FormatTime(std::int64_t time_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t ns = time_ns % kSecond;
  std::time_t seconds = time_ns / kSecond;
  if (ns < 0) {
    ns += kSecond;
    --seconds;
  }
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%09dZ", static_cast<int>(ns));
  return std::string(text.data(), size) + fraction.data();
}

std::string ToText(const Alert& alert) {
  return FormatTime(alert.time_ns) + ": " + std::string(ToString(alert.priority)) + " " +
         Printable(alert.message);
}

}  // namespace nezuban::alert
