// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace nezuban::daemon {
namespace {

constexpr std::array<std::pair<char, int>, 4> kUnits = {
    {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 24 * 3600}}};

}  // namespace

std::string OneOf(const std::string& value, std::span<const std::string_view> allowed,
                  std::string& out) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) {
    out = value;
    return {};
  }
  std::string expected = "expected one of";
  for (std::string_view a : allowed) expected += ' ' + std::string(a);
  return expected;
}

std::string Number(const std::string& value, std::size_t low, std::size_t high, std::size_t& out) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < low || number > high) {
    return "expected a number from " + std::to_string(low) + " to " + std::to_string(high);
  }
  out = number;
  return {};
}

std::string SetText(std::string& out, const Values& values) {
  out = values.back();
  return {};
}

std::string SetList(std::vector<std::string>& out, const Values& values) {
  out = values;
  return {};
}

std::string Duration(const std::string& value, std::chrono::seconds& out) {
  const auto unit =
      std::ranges::find(kUnits, value.empty() ? '\0' : value.back(), &std::pair<char, int>::first);
  std::size_t number = 0;
  constexpr std::size_t kMaxDays = 36'500;
  if (unit == kUnits.end() ||
      !Number(value.substr(0, value.size() - 1), 1, kMaxDays * 24 * 3600, number).empty() ||
      number > kMaxDays * 24 * 3600 / static_cast<std::size_t>(unit->second)) {
    return "expected a time such as 90s, 15m, 12h or 7d";
  }
  out = std::chrono::seconds(number * static_cast<std::size_t>(unit->second));
  return {};
}

std::string SetPriority(const std::string& value, alert::Priority& out) {
  return alert::ParsePriority(value, out) ? "" : "expected a priority from Emergency to Debug";
}

std::string YesOrNo(const std::string& value, bool& out) {
  if (value != "true" && value != "false") return "expected true or false";
  out = value == "true";
  return {};
}

std::string Shown(const std::string& value) { return value; }

std::string Shown(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

std::string Shown(std::size_t value) { return std::to_string(value); }

std::string Shown(bool value) { return value ? "true" : "false"; }

std::string Shown(alert::Priority value) { return std::string(alert::ToString(value)); }

std::string Shown(std::chrono::seconds value) {
  const auto unit = std::ranges::find_if(
      kUnits.rbegin(), kUnits.rend(), [&](const auto& u) { return value.count() % u.second == 0; });
  return std::to_string(value.count() / unit->second) + unit->first;
}

}  // namespace nezuban::daemon
