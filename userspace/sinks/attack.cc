// SPDX-License-Identifier: Apache-2.0
#include "sinks/attack.h"

#include <algorithm>
#include <array>

namespace nezuban::sinks {
namespace {

struct Tactic {
  std::string_view tag;
  std::string_view uid;
  std::string_view name;
};
constexpr std::array kTactics = {
    Tactic{"mitre_reconnaissance", "TA0043", "Reconnaissance"},
    Tactic{"mitre_resource_development", "TA0042", "Resource Development"},
    Tactic{"mitre_initial_access", "TA0001", "Initial Access"},
    Tactic{"mitre_execution", "TA0002", "Execution"},
    Tactic{"mitre_persistence", "TA0003", "Persistence"},
    Tactic{"mitre_privilege_escalation", "TA0004", "Privilege Escalation"},
    Tactic{"mitre_defense_evasion", "TA0005", "Defense Evasion"},
    Tactic{"mitre_credential_access", "TA0006", "Credential Access"},
    Tactic{"mitre_discovery", "TA0007", "Discovery"},
    Tactic{"mitre_lateral_movement", "TA0008", "Lateral Movement"},
    Tactic{"mitre_collection", "TA0009", "Collection"},
    Tactic{"mitre_exfiltration", "TA0010", "Exfiltration"},
    Tactic{"mitre_command_and_control", "TA0011", "Command and Control"},
    Tactic{"mitre_impact", "TA0040", "Impact"},
};

bool AllDigits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// T and four digits, then perhaps a point and three.
bool IsTechnique(std::string_view tag) {
  const bool shape = (tag.size() == 5 || (tag.size() == 9 && tag[5] == '.')) && tag[0] == 'T';
  return shape && AllDigits(tag.substr(1, 4)) && (tag.size() == 5 || AllDigits(tag.substr(6)));
}

}  // namespace

std::vector<Attack> AttacksOf(const std::vector<std::string>& tags) {
  std::vector<const Tactic*> tactics;
  std::vector<Attack> attacks;
  for (const std::string& tag : tags) {
    const auto* tactic = std::ranges::find(kTactics, tag, &Tactic::tag);
    if (tactic != kTactics.end()) {
      tactics.push_back(tactic);
    } else if (IsTechnique(tag)) {
      attacks.push_back({{}, {}, tag.substr(0, 5), tag.size() > 5 ? tag : std::string()});
    }
  }
  if (tactics.size() == 1 && !attacks.empty()) {
    for (Attack& attack : attacks) {
      attack.tactic_uid = tactics[0]->uid;
      attack.tactic_name = tactics[0]->name;
    }
    return attacks;
  }
  for (const Tactic* tactic : tactics) attacks.push_back({tactic->uid, tactic->name});
  return attacks;
}

}  // namespace nezuban::sinks
