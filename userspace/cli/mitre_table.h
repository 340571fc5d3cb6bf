// SPDX-License-Identifier: Apache-2.0
// Which of MITRE ATT&CK's techniques rules are about, by their tags: T1059.004, mitre_execution.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ruleset/ruleset.h"

namespace nezuban::cli {

// The name of a technique; empty: not one we know.
std::string_view TechniqueName(std::string_view id);

// A Markdown table, a row for each technique that an enabled rule has: id, name, the tactics those
// rules name, and how many they are.
std::string MitreTable(std::span<const ruleset::Rule> rules);

}  // namespace nezuban::cli
