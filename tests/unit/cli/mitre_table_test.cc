// SPDX-License-Identifier: Apache-2.0
#include "cli/mitre_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace nezuban::cli {
namespace {

std::shared_ptr<const ruleset::Ruleset> DefaultRules() {
  const std::string paths[] = {NEZUBAN_RULES "/default"};
  Diagnostics diagnostics;
  auto rules = ruleset::Ruleset::Load(paths, diagnostics);
  EXPECT_NE(rules, nullptr) << diagnostics.ToString();
  return rules;
}

TEST(MitreTable, CountsEnabledRulesByTechnique) {
  Diagnostics diagnostics;
  const auto text = [](const std::string& name, const std::string& tags) {
    return "- rule: " + name +
           "\n  desc: d\n  output: o\n  priority: debug\n  condition: "
           "evt.type = execve\n  tags: [" +
           tags + "]\n";
  };
  const ruleset::Ruleset::File files[] = {
      {"r", text("a", "container, T1611, mitre_privilege_escalation") +
                text("b", "T1611, T1059, mitre_execution, Text") + text("c", "T1068") +
                "  enabled: false\n"}};
  const auto rules = ruleset::Ruleset::FromFiles(files, diagnostics);
  ASSERT_NE(rules, nullptr) << diagnostics.ToString();
  EXPECT_EQ(MitreTable(rules->rules()),
            "| technique | name | tactics of the rules | rules |\n|---|---|---|---|\n"
            "| T1059 | Command and Scripting Interpreter | execution | 1 |\n"
            "| T1611 | Escape to Host | execution, privilege escalation | 2 |\n");
}

TEST(MitreTable, DefaultRulesSayWhatTheyAreAbout) {
  const auto rules = DefaultRules();
  for (const ruleset::Rule& rule : rules->rules()) {
    const auto has = [&](auto condition) { return std::ranges::any_of(rule.tags, condition); };
    EXPECT_TRUE(has([](const auto& tag) { return tag.starts_with("mitre_"); })) << rule.name;
    EXPECT_TRUE(has([](const auto& tag) { return !TechniqueName(tag).empty(); })) << rule.name;
    EXPECT_TRUE(has([](const auto& tag) { return tag == "container" || tag == "host"; }))
        << rule.name;
    for (const std::string& tag : rule.tags) {
      const bool known = tag[0] != 'T' || !TechniqueName(tag).empty();
      EXPECT_TRUE(known) << rule.name << ": " << tag;
    }
  }
}

TEST(MitreTable, IsShownInTheReadme) {
  std::ifstream file(NEZUBAN_RULES "/README.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(MitreTable(DefaultRules()->rules())), std::string::npos)
      << "put what `nezuban rules list --mitre rules/default` prints there";
}

}  // namespace
}  // namespace nezuban::cli
