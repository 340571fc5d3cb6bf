// SPDX-License-Identifier: Apache-2.0
// MITRE ATT&CK in the tags of rules: tactics as mitre_execution, techniques as T1059.004.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nezuban::sinks {

struct Attack {
  std::string_view tactic_uid = {};  // "TA0002"; empty: none
  std::string_view tactic_name = {};
  std::string technique = {};      // "T1059"; empty: none
  std::string sub_technique = {};  // "T1059.004"; empty: none
};

// One for each technique, with the tactic if there is only one; else one for each tactic besides,
// as tags do not say which belongs to which.
std::vector<Attack> AttacksOf(const std::vector<std::string>& tags);

}  // namespace nezuban::sinks
