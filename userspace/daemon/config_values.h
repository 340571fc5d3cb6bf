// SPDX-License-Identifier: Apache-2.0
// How values of the configuration are read. Each gives what was expected, or nothing if it was
// fine.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "daemon/config.h"

namespace nezuban::daemon {

using Values = std::vector<std::string>;

std::string SetText(std::string& out, const Values& values);
std::string SetList(std::vector<std::string>& out, const Values& values);
std::string OneOf(const std::string& value, std::span<const std::string_view> allowed,
                  std::string& out);
std::string Number(const std::string& value, std::size_t low, std::size_t high, std::size_t& out);
// "90s", "15m", "12h", "7d".
std::string Duration(const std::string& value, std::chrono::seconds& out);
std::string SetPriority(const std::string& value, alert::Priority& out);
std::string YesOrNo(const std::string& value, bool& out);

// A value as `nezuban run --help` shows it; empty for what has no short form.
std::string Shown(const std::string& value);
std::string Shown(const std::vector<std::string>& values);
std::string Shown(std::size_t value);
std::string Shown(bool value);
std::string Shown(alert::Priority value);
std::string Shown(std::chrono::seconds value);  // as Duration reads it
template <typename T>
std::string Shown(const T& /*value*/) {
  return {};
}

// The row of a key whose value is that member.
template <auto member>
constexpr ConfigKey Sets(ConfigKey key) {
  key.shown = [](const Config& config) { return Shown(config.*member); };
  return key;
}

// The same, of a key that can be changed while the monitor runs.
template <auto member>
constexpr ConfigKey Reloads(ConfigKey key) {
  key.reload = [](const Config& from, Config& to) { to.*member = from.*member; };
  return Sets<member>(key);
}

// The keys of where alerts go, and of who gets to see them.
std::span<const ConfigKey> DeliveryKeys();
// All others.
std::span<const ConfigKey> WatchKeys();

}  // namespace nezuban::daemon
