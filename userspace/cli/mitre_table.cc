// SPDX-License-Identifier: Apache-2.0
#include "cli/mitre_table.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace nezuban::cli {
namespace {

struct Technique {
  std::string_view id;
  std::string_view name;
};

// ATT&CK for Enterprise, version 15; sorted by id.
constexpr Technique kTechniques[] = {
    {"T1003.008", "OS Credential Dumping: /etc/passwd and /etc/shadow"},
    {"T1006", "Direct Volume Access"},
    {"T1014", "Rootkit"},
    {"T1018", "Remote System Discovery"},
    {"T1021.004", "Remote Services: SSH"},
    {"T1027.004", "Obfuscated Files: Compile After Delivery"},
    {"T1040", "Network Sniffing"},
    {"T1041", "Exfiltration Over C2 Channel"},
    {"T1046", "Network Service Discovery"},
    {"T1048", "Exfiltration Over Alternative Protocol"},
    {"T1053.003", "Scheduled Task: Cron"},
    {"T1055.008", "Process Injection: Ptrace System Calls"},
    {"T1057", "Process Discovery"},
    {"T1059", "Command and Scripting Interpreter"},
    {"T1059.004", "Command and Scripting Interpreter: Unix Shell"},
    {"T1059.006", "Command and Scripting Interpreter: Python"},
    {"T1068", "Exploitation for Privilege Escalation"},
    {"T1070", "Indicator Removal"},
    {"T1070.002", "Indicator Removal: Clear Linux or Mac System Logs"},
    {"T1070.003", "Indicator Removal: Clear Command History"},
    {"T1070.004", "Indicator Removal: File Deletion"},
    {"T1070.006", "Indicator Removal: Timestomp"},
    {"T1071", "Application Layer Protocol"},
    {"T1072", "Software Deployment Tools"},
    {"T1095", "Non-Application Layer Protocol"},
    {"T1098.004", "Account Manipulation: SSH Authorized Keys"},
    {"T1105", "Ingress Tool Transfer"},
    {"T1496", "Resource Hijacking"},
    {"T1505.001", "Server Software Component: SQL Stored Procedures"},
    {"T1505.003", "Server Software Component: Web Shell"},
    {"T1528", "Steal Application Access Token"},
    {"T1543.002", "Create or Modify System Process: Systemd Service"},
    {"T1546.004", "Event Triggered Execution: Unix Shell Configuration"},
    {"T1547.006", "Boot or Logon Autostart: Kernel Modules"},
    {"T1548.001", "Abuse Elevation Control Mechanism: Setuid and Setgid"},
    {"T1550.001", "Use Alternate Authentication Material: Application Access Token"},
    {"T1552", "Unsecured Credentials"},
    {"T1552.001", "Unsecured Credentials: Credentials In Files"},
    {"T1552.005", "Unsecured Credentials: Cloud Instance Metadata API"},
    {"T1554", "Compromise Host Software Binary"},
    {"T1562", "Impair Defenses"},
    {"T1562.001", "Impair Defenses: Disable or Modify Tools"},
    {"T1574.006", "Hijack Execution Flow: Dynamic Linker Hijacking"},
    {"T1609", "Container Administration Command"},
    {"T1610", "Deploy Container"},
    {"T1611", "Escape to Host"},
    {"T1613", "Container and Resource Discovery"},
    {"T1620", "Reflective Code Loading"},
};
static_assert(std::ranges::is_sorted(kTechniques, {}, &Technique::id));

constexpr std::string_view kTacticTag = "mitre_";

bool IsTechnique(std::string_view tag) {
  return tag.size() >= 5 && tag[0] == 'T' &&
         tag.find_first_not_of("0123456789.", 1) == std::string_view::npos;
}

std::string TacticOf(std::string_view tag) {
  std::string tactic(tag.substr(kTacticTag.size()));
  std::ranges::replace(tactic, '_', ' ');
  return tactic;
}

}  // namespace

std::string_view TechniqueName(std::string_view id) {
  const auto* at = std::ranges::lower_bound(kTechniques, id, {}, &Technique::id);
  return at != std::end(kTechniques) && at->id == id ? at->name : std::string_view();
}

std::string MitreTable(std::span<const ruleset::Rule> rules) {
  struct Row {
    std::set<std::string> tactics;
    int rules = 0;
  };
  std::map<std::string, Row> rows;
  for (const ruleset::Rule& rule : rules) {
    if (!rule.enabled) continue;
    for (const std::string& tag : rule.tags) {
      if (!IsTechnique(tag)) continue;
      Row& row = rows[tag];
      ++row.rules;
      for (const std::string& other : rule.tags) {
        if (other.starts_with(kTacticTag)) row.tactics.insert(TacticOf(other));
      }
    }
  }
  std::string out = "| technique | name | tactics of the rules | rules |\n|---|---|---|---|\n";
  for (const auto& [id, row] : rows) {
    std::string tactics;
    for (const std::string& tactic : row.tactics) tactics += (tactics.empty() ? "" : ", ") + tactic;
    out += "| " + id + " | " + std::string(TechniqueName(id)) + " | " + Printable(tactics) + " | " +
           std::to_string(row.rules) + " |\n";
  }
  return out;
}

}  // namespace nezuban::cli
