// SPDX-License-Identifier: Apache-2.0
// What rule files put together come to, as text.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "ruleset/ruleset.h"

namespace nezuban::ruleset {

// What loading gave: the problems, one a line, then "name: condition" of each rule.
inline std::string Loaded(const std::vector<std::string>& files, const LoadOptions& options = {}) {
  std::vector<Ruleset::File> named;
  for (std::size_t i = 0; i < files.size(); ++i) {
    named.push_back({std::string(1, static_cast<char>('a' + i)), files[i]});
  }
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::FromFiles(named, diagnostics, options);
  std::string out = diagnostics.ToString();
  if (ruleset == nullptr) return out;
  for (const Rule& rule : ruleset->rules()) {
    out += rule.name + (rule.enabled ? ": " : " (off): ") + rule.condition + "\n";
  }
  return out;
}

// Without "a:1:2: " and hints.
inline std::string Short(const std::string& problems) {
  std::string out;
  std::size_t at = 0;
  while (at < problems.size()) {
    const std::size_t end = problems.find('\n', at);
    std::string line = problems.substr(at, end - at);
    const std::size_t kind = std::min(line.find("error: "), line.find("warning: "));
    if (kind != std::string::npos) line = line.substr(kind);
    out += line + "\n";
    at = end + 1;
  }
  return out;
}

struct Case {
  const char* id;
  std::string yaml;
  std::string outcome;  // a part of it
};

inline std::string Rule2(const std::string& condition, const std::string& more = "") {
  return "- rule: r2\n  desc: d\n  condition: " + condition +
         "\n  output: o\n  priority: notice\n" + more;
}

}  // namespace nezuban::ruleset
