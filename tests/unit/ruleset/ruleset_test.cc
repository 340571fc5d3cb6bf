// SPDX-License-Identifier: Apache-2.0
#include "ruleset/ruleset.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nezuban::ruleset {
namespace {

std::string RuleYaml(const std::string& name, const std::string& condition,
                     const std::string& more = "") {
  return "- rule: " + name + "\n  desc: d\n  condition: " + condition +
         "\n  output: o %proc.name\n  priority: WARNING\n" + more;
}

// The condition of the rule r, resolved; or the diagnostics.
std::string Resolved(const std::vector<std::string>& files) {
  std::vector<Ruleset::File> named;
  for (std::size_t i = 0; i < files.size(); ++i) {
    named.push_back({std::string(1, static_cast<char>('a' + i)), files[i]});
  }
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::FromFiles(named, diagnostics);
  if (ruleset == nullptr) return diagnostics.ToString();
  const Rule* rule = ruleset->FindRule("r");
  return rule == nullptr ? "no rule: " + diagnostics.ToString() : rule->condition;
}

std::string Warnings(const std::string& file, const LoadOptions& options = {}) {
  const Ruleset::File files[] = {{"a", file}};
  Diagnostics diagnostics;
  EXPECT_NE(Ruleset::FromFiles(files, diagnostics, options), nullptr) << diagnostics.ToString();
  return diagnostics.ToString();
}

TEST(Ruleset, RulesLessSevereThanAskedForAreCheckedAndLeftOut) {
  const auto rule = [](const std::string& name, const std::string& priority) {
    return "- rule: " + name +
           "\n  desc: d\n  condition: evt.type=execve\n  output: o\n  priority: " + priority + "\n";
  };
  const Ruleset::File files[] = {
      {"a", rule("severe", "error") + rule("just", "warning") + rule("mild", "notice")}};
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::FromFiles(files, diagnostics, {.least = alert::Priority::kWarning});
  ASSERT_NE(ruleset, nullptr) << diagnostics.ToString();
  EXPECT_EQ(ruleset->rules().size(), 2U);
  EXPECT_NE(ruleset->FindRule("just"), nullptr);
  EXPECT_EQ(ruleset->FindRule("mild"), nullptr);
  const Ruleset::File wrong[] = {{"a", rule("mild", "notice") + RuleYaml("r", "proc.nmae = x")}};
  EXPECT_EQ(Ruleset::FromFiles(wrong, diagnostics, {.least = alert::Priority::kEmergency}),
            nullptr);
}

constexpr char kPlainRule[] =
    "- list: l1\n  items: [cat, dog]\n"
    "- macro: m1\n  condition: evt.type=execve\n"
    "- rule: r\n  desc: d\n  condition: m1 and proc.name in (l1)\n  output: x %proc.name\n"
    "  priority: notice\n  tags: [t2, t1]\n";

TEST(Ruleset, ResolvesMacrosAndLists) {
  EXPECT_EQ(Resolved({kPlainRule}), "(evt.type = execve and proc.name in (cat, dog))");
  // A macro may stand behind the rule that uses it.
  EXPECT_EQ(Resolved({RuleYaml("r", "later") + "- macro: later\n  condition: proc.pid=1\n"}),
            "proc.pid = 1");
  // Empty lists, lists of lists, items with blanks and quotes of their own.
  EXPECT_EQ(Resolved({"- list: none\n  items: []\n" + RuleYaml("r", "proc.name in (x, none)")}),
            "proc.name in (x)");
  EXPECT_EQ(Resolved({"- list: a\n  items: [b, 'x y']\n- list: b\n  items: ['\"(z)\"', 5]\n" +
                      RuleYaml("r", "proc.name in (a)")}),
            "proc.name in (\"(z)\", 5, \"x y\")");
  EXPECT_EQ(Resolved({"- list: self\n  items: [self, z]\n" + RuleYaml("r", "proc.name in (self)")}),
            "proc.name in (self, z)");
  EXPECT_EQ(Resolved({"- list: one\n  items: [cat]\n" +
                      RuleYaml("r", "proc.name = one or proc.cmdline contains \"x one y\"")}),
            "(proc.name = cat or proc.cmdline contains \"x one y\")");
}

TEST(Ruleset, AppendsAndOverrides) {
  EXPECT_EQ(Resolved({kPlainRule,
                      "- list: l1\n  append: true\n  items: [cow]\n"
                      "- macro: m1\n  append: true\n  condition: or evt.type=execveat\n"
                      "- rule: r\n  append: true\n  condition: and not proc.pname=x\n"}),
            "((evt.type = execve or evt.type = execveat) and proc.name in (cat, dog, cow) and "
            "not proc.pname = x)");
  // Text is appended, with the precedence that comes of it.
  EXPECT_EQ(
      Resolved({RuleYaml("r", "evt.type=execve or proc.name=cat") +
                "- rule: r\n  condition: and proc.pid=20\n  override: {condition: append}\n"}),
      "(evt.type = execve or (proc.name = cat and proc.pid = 20))");
  EXPECT_EQ(Resolved({kPlainRule, "- macro: m1\n  condition: evt.type=connect\n"}),
            "(evt.type = connect and proc.name in (cat, dog))");
  EXPECT_EQ(Resolved({RuleYaml("r", "evt.type=execve"), RuleYaml("r", "evt.type=connect")}),
            "evt.type = connect");
}

TEST(Ruleset, AddsExceptions) {
  const std::string rule = RuleYaml("r", "evt.type=execve or proc.name=cat");
  EXPECT_EQ(Resolved({rule + "  exceptions:\n    - name: e\n      fields: proc.name\n"
                             "      values: [cat, 'd g']\n"}),
            "((evt.type = execve or proc.name = cat) and not ((proc.name in (cat, \"d g\"))))");
  EXPECT_EQ(Resolved({rule + "  exceptions:\n    - name: e\n      fields: [proc.name, fd.name]\n"
                             "      comps: [startswith oneof, '=']\n"
                             "      values: [[ca, /etc], [[a, b], \"x'y\"]]\n"}),
            "((evt.type = execve or proc.name = cat) and not (("
            "proc.name startswith oneof (ca) and fd.name = /etc) or ("
            "proc.name startswith oneof (a, b) and fd.name = \"x'y\")))");
  EXPECT_EQ(Resolved({rule + "  exceptions:\n    - name: e\n      fields: [proc.name]\n"
                             "      comps: [in]\n      values: [['(x, y)'], [z], [[q, r]]]\n"}),
            "((evt.type = execve or proc.name = cat) and not ((proc.name in (x, y)) or "
            "(proc.name in (z)) or (proc.name in (q, r))))");
  EXPECT_EQ(Resolved({rule + "  exceptions:\n    - name: e\n      fields: [proc.name]\n",
                      "- rule: r\n  exceptions:\n    - name: e\n"
                      "      values: [[val(proc.pname)]]\n  override: {exceptions: append}\n"}),
            "((evt.type = execve or proc.name = cat) and not ((proc.name = val(proc.pname))))");
  EXPECT_EQ(Resolved({rule + "  exceptions: []\n"}), "(evt.type = execve or proc.name = cat)");
}

struct Bad {
  std::string yaml;
  std::string errors;
};

TEST(Ruleset, TellsEveryProblemWithItsPlace) {
  const Bad kCases[] = {
      {"x: 1\n", "a:1:1: error: a rule file is a sequence of rules, macros and lists\n"},
      {"- 5\n", "a:1:3: error: an item must be a map with a key rule, macro or list\n"},
      {"- rule: [\n", "a:2:1: error: YAML: end of sequence flow not found\n"},
      {"- list: l\n", "a:1:3: error: 'items' is missing\n"},
      {"- list: l\n  items: [a, ~, [b]]\n",
       "a:2:14: error: the items of a list must be texts or numbers\n"
       "a:2:17: error: the items of a list must be texts or numbers\n"},
      {"- macro: m\n  condition: ''\n",
       "a:2:14: error: 'condition' must be a text that is not empty\n"},
      {"- rule: r\n  desc: d\n  condition: evt.type=execve\n  priority: warnin\n  output: o\n",
       "a:4:13: error: unknown priority 'warnin', did you mean 'warning'?\n"},
      {"- rule: r\n  desc: d\n  condition: evt.type=execve\n  priority: low\n",
       "a:4:13: error: unknown priority 'low'\na:1:3: error: rule 'r' has no 'output'\n"},
      {RuleYaml("r", "spawnd") + "- macro: spawned\n  condition: evt.type=execve\n",
       "a:3:14: error: undefined macro 'spawnd', did you mean 'spawned'?\n"},
      {RuleYaml("r", "a") + "- macro: a\n  condition: b\n- macro: b\n  condition: a\n",
       "a:7:14: error: macro 'b' is defined only further down, a macro can use those before it\n"},
      {"- macro: a\n  condition: proc.pid = 1\n- macro: b\n  condition: a\n"
       "- macro: a\n  condition: b\n" +
           RuleYaml("r", "a"),
       "a:4:14: error: macro 'a' refers to itself\n"},
      {RuleYaml("r", "a and proc.xxxxxxx = 1") + "- macro: a\n  condition: proc.yyyyyyy = 1\n" +
           RuleYaml("s", "a or proc.zzzzzzz = 1"),
       "a:3:20: error: unknown field 'proc.xxxxxxx'\na:7:14: error: unknown field 'proc.yyyyyyy'\n"
       "a:10:19: error: unknown field 'proc.zzzzzzz'\n"},
      {RuleYaml("r", "evt.type=execve", "  tags: abc\n  enabled: maybe\n"),
       "a:7:12: error: 'enabled' must be true or false\na:6:9: error: tags must be a sequence\n"},
      {RuleYaml("r", "proc.name = l") + "- list: l\n  items: [a, b]\n",
       "a:3:26: error: list 'l' has 2 items; '=' takes one value, write in (l)\n"},
      {"- rule: nope\n  enabled: false\n",
       "a:1:3: warning: a rule with nothing but 'enabled' is deprecated, add override: {enabled: "
       "replace}\n"
       "a:1:9: error: no rule 'nope' to change\n"},
      {"- list: nope\n  items: [x]\n  append: true\n",
       "a:3:11: warning: 'append: true' is deprecated, write override: {items: append}\n"
       "a:1:9: error: no list 'nope' to append to\n"},
      {RuleYaml("r", "evt.type=execve") +
           "- rule: r\n  condition: and proc.pid=1\n  priority: debug\n"
           "  override: {condition: append}\n",
       "a:8:3: error: 'priority' has no entry in 'override'\n"},
      {"- required_engine_version: 0.64.0\n",
       "a:1:28: error: needs engine version '0.64.0'; this is 0.63.0\n"},
      {RuleYaml("r", "evt.type=execve",
                "  exceptions:\n    - name: e\n      fields: [proc.name, fd.name]\n"
                "      values: [[cat]]\n"),
       "a:9:16: error: exception 'e': each of 'values' must be a sequence of 2, one per field\n"},
      {RuleYaml("r", "evt.type=execve",
                "  exceptions:\n    - name: e\n      fields: not.exist\n      values: [x]\n"),
       "a:8:15: error: unknown field 'not.exist'\n"},
      {RuleYaml("r", "evt.type=execve",
                "  exceptions:\n    - name: e\n      fields: proc.name\n      comps: startswith\n"
                "      values: [x]\n"),
       "a:9:14: error: exception 'e': one field takes an operator for lists, not 'startswith', "
       "write "
       "fields: [proc.name] for tuples of one\n"},
  };
  for (const Bad& bad : kCases) EXPECT_EQ(Resolved({bad.yaml}), bad.errors) << bad.yaml;
}

TEST(Ruleset, WarnsAndGoesOn) {
  EXPECT_EQ(Warnings(RuleYaml("r", "evt.type=execve", "  tag: [x]\n")),
            "a:6:3: warning: unknown key 'tag', did you mean 'tags'?\n");
  EXPECT_EQ(Warnings(RuleYaml("r", "proc.name=cat")),
            "a:3:14: warning: rule 'r' is asked of every event, start the condition with "
            "evt.type\n");
  EXPECT_EQ(Warnings(RuleYaml("r", "proc.name=cat", "  warn_evttypes: false\n")), "");
  EXPECT_EQ(Warnings(RuleYaml("r", "evt.type=semop")),
            "a:3:23: warning: never occurs, because it is not captured yet: semop\n"
            "a:3:14: warning: rule 'r' can never match: no event it asks for is captured\n");
  const std::string unused = RuleYaml("r", "evt.type=execve") +
                             "- macro: m\n  condition: proc.pid=1\n- list: l\n  items: [a]\n";
  EXPECT_EQ(Warnings(unused), "");
  EXPECT_EQ(Warnings(unused, {.warn_unused = true}),
            "a:6:10: warning: macro 'm' is not used\na:8:9: warning: list 'l' is not used\n");
  EXPECT_EQ(Warnings(RuleYaml("r", "evt.type=execve", "  enabled: true\n  enabled: false\n")),
            "a:7:3: warning: key 'enabled' is given twice; the first counts\n");
  EXPECT_EQ(Warnings(RuleYaml("r", "evt.type=execve", "  source: k8s_audit\n")),
            "a:1:9: warning: rule 'r' is skipped: no source 'k8s_audit'\n");
  EXPECT_EQ(Warnings(RuleYaml("r", "proc.nmae=x", "  skip-if-unknown-filter: true\n")),
            "a:3:14: warning: unknown field 'proc.nmae'; rule 'r' is skipped, did you mean "
            "'proc.name'?\n");
  EXPECT_EQ(Warnings("- required_engine_version: 0.57.0\n- required_plugin_versions:\n"
                     "  - {name: container, version: 0.4.0}\n-\n"),
            "");
}

// Each macro twice as large as the one before: 2^60 comparisons, were they written out.
TEST(Ruleset, RefusesMacrosThatExplode) {
  std::string yaml = "- macro: m0\n  condition: proc.pid = 1\n";
  for (int i = 1; i <= 60; ++i) {
    const std::string last = "m" + std::to_string(i - 1);
    yaml += "- macro: m" + std::to_string(i) + "\n  condition: " + last + " and " + last + "\n";
  }
  const std::string errors = Resolved({yaml + RuleYaml("r", "m60")});
  EXPECT_NE(errors.find("has more than 100000 comparisons"), std::string::npos) << errors;
}

TEST(Ruleset, RefusesMacrosNestedTooDeeply) {
  std::string yaml = "- macro: m0\n  condition: proc.pid = 1\n";
  for (int i = 1; i <= 3000; ++i) {
    yaml +=
        "- macro: m" + std::to_string(i) + "\n  condition: not m" + std::to_string(i - 1) + "\n";
  }
  const std::string errors = Resolved({yaml + RuleYaml("r", "m3000")});
  EXPECT_NE(errors.find("more than 100 levels deep"), std::string::npos) << errors.substr(0, 200);
}

TEST(Ruleset, RefusesListsNestedTooDeeply) {
  std::string yaml = "- list: l0\n  items: [x]\n";
  for (int i = 1; i <= 3000; ++i) {
    yaml += "- list: l" + std::to_string(i) + "\n  items: [l" + std::to_string(i - 1) + "]\n";
  }
  const std::string errors = Resolved({yaml + RuleYaml("r", "proc.name in (l3000)")});
  EXPECT_NE(errors.find("more than 100 levels deep"), std::string::npos) << errors.substr(0, 200);
}

TEST(Ruleset, RefusesYamlThatExplodes) {
  std::string yaml = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    yaml += "- &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) yaml += (k > 0 ? ", " : "") + last;
    yaml += "]\n";
  }
  EXPECT_NE(Resolved({yaml}).find("too many values"), std::string::npos);
  EXPECT_NE(Resolved({std::string(10'000, '[')}).find("error"), std::string::npos);
  EXPECT_NE(Resolved({"&a [*a]"}).find("an alias within what it stands for"), std::string::npos);
  // The parser stays where it is at such a bracket.
  EXPECT_NE(Resolved({"&a.^*a,a]"}).find("unexpected character"), std::string::npos);
}

TEST(Ruleset, KeepsTheOrderOfFirstDefinition) {
  const Ruleset::File files[] = {
      {"a", RuleYaml("one", "evt.type=execve") + RuleYaml("two", "evt.type=execve")},
      {"b", RuleYaml("one", "evt.type=connect") + "- rule: two\n  enabled: false\n"}};
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::FromFiles(files, diagnostics);
  ASSERT_NE(ruleset, nullptr) << diagnostics.ToString();
  ASSERT_EQ(ruleset->rules().size(), 2U);
  EXPECT_EQ(ruleset->rules()[0].name, "one");
  EXPECT_EQ(ruleset->rules()[0].priority, alert::Priority::kWarning);
  EXPECT_FALSE(ruleset->rules()[1].enabled);
  // A disabled rule needs no events.
  EXPECT_EQ(ruleset->EventTypes(), fields::EventTypes().set(EVENT_CONNECT));
}

}  // namespace
}  // namespace nezuban::ruleset
