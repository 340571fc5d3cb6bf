// SPDX-License-Identifier: Apache-2.0
// Rules with `after`, `count` and `alert: false`: what files may say, and what sequences give.
#include "ruleset/correlation.h"

#include <gtest/gtest.h>

#include <string>

#include "ruleset/rule_test.h"
#include "ruleset/ruleset.h"

namespace nezuban::ruleset {
namespace {

std::string RuleText(const std::string& name, const std::string& condition,
                     const std::string& more = {}, const std::string& priority = "notice") {
  return "- rule: " + name + "\n  desc: d\n  priority: " + priority +
         "\n  output: o\n  condition: " + condition + "\n" + more;
}

const std::string kCall = RuleText("call", "evt.type = connect and fd.rport = 10250");

std::shared_ptr<const Ruleset> Load(const std::string& text, Diagnostics& diagnostics,
                                    const LoadOptions& options = {}) {
  const Ruleset::File files[] = {{"r", text}};
  return Ruleset::FromFiles(files, diagnostics, options);
}

std::string Problems(const std::string& text, const LoadOptions& options = {}) {
  Diagnostics diagnostics;
  Load(text, diagnostics, options);
  return diagnostics.ToString();
}

// The first line of the rule's own text is line 1 of the file.
std::string ProblemsOf(const std::string& more) {
  return Problems(RuleText("x", "evt.type = connect", "  " + more + "\n"));
}

TEST(CorrelationItem, ReadsDurations) {
  EXPECT_EQ(*ParseDuration("500ms"), 500'000'000U);
  EXPECT_EQ(*ParseDuration("5s"), 5'000'000'000U);
  EXPECT_EQ(*ParseDuration("24h"), kLongestWindowNs);
  EXPECT_EQ(*ParseDuration("1440m"), kLongestWindowNs);
  EXPECT_EQ(*ParseDuration("0s"), 0U);
  const std::pair<const char*, const char*> bad[] = {
      {"", "'' is no duration such as 500ms, 5s, 10m or 1h"},
      {"-5s", "'-5s' is no duration such as 500ms, 5s, 10m or 1h"},
      {"5", "'5' has no unit: ms, s, m or h"},
      {"5 s", "'5 s' has an unknown unit: ms, s, m or h"},
      {"5sec", "'5sec' has an unknown unit: ms, s, m or h"},
      {"25h", "'25h' is more than the 24h a rule may look back"},
      {"99999999999999999999h",
       "'99999999999999999999h' is more than the 24h a rule may look back"},
  };
  for (const auto& [text, message] : bad) {
    const auto duration = ParseDuration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().message, message);
  }
}

TEST(CorrelationItem, TellsWhatIsWrong) {
  EXPECT_EQ(ProblemsOf("count: {at_least: 3, within: 10s, by: [container.id], distinct: fd.rip}"),
            "");
  EXPECT_EQ(ProblemsOf("count: 5"), "r:6:10: error: 'count' must be a map\n");
  EXPECT_EQ(ProblemsOf("count: {at_lest: 3, within: 10s}"),
            "r:6:11: error: unknown key 'at_lest' in 'count', did you mean 'at_least'?\n"
            "r:6:10: error: 'count' has no 'at_least'\n");
  EXPECT_EQ(ProblemsOf("count: {at_least: 0, within: 10s}"),
            "r:6:21: error: 'at_least' must be a number from 1 to 10000\n");
  EXPECT_EQ(ProblemsOf("count: {at_least: 3, within: 0s}"),
            "r:6:32: error: 'within' must be more than 0\n");
  EXPECT_EQ(ProblemsOf("count: {at_least: 3, within: 10}"),
            "r:6:32: error: 'within': '10' has no unit: ms, s, m or h\n");
  EXPECT_EQ(ProblemsOf("count: {at_least: 3, within: 1s, by: [proc.pidd], distinct: val(fd.rip)}"),
            "r:6:41: error: unknown field 'proc.pidd', did you mean 'proc.pid'?\n"
            "r:6:63: error: val() can only stand on the right side of an operator\n");
  EXPECT_EQ(ProblemsOf("count: {at_least: 3, within: 1s, by: {a: b}}"),
            "r:6:40: error: 'by' must be a sequence of fields\n");
  EXPECT_EQ(ProblemsOf("after: {within: 1s, same: [toupper(proc.name)]}"),
            "r:6:10: error: 'after' has no 'rule'\n");
  EXPECT_EQ(ProblemsOf("alert: perhaps"), "r:6:10: error: 'alert' must be true or false\n");
  EXPECT_EQ(ProblemsOf("count: {at_least: 3, within: 1s, distinct: evt.arg.flags}"), "");
  EXPECT_EQ(ProblemsOf("count: {at_least: 3, within: 1s, distinct: mount.source}"),
            "r:1:9: warning: rule 'x' can never alert: no event of it has mount.source\n");
}

TEST(Correlation, FindsTheOtherRule) {
  const std::string after = "  after: {rule: NAME, within: 5s, same: [container.id]}\n";
  const auto with = [&](const std::string& name) {
    std::string more = after;
    return RuleText("run", "evt.type = execve", more.replace(more.find("NAME"), 4, name));
  };
  EXPECT_EQ(Problems(with("call") + kCall), "") << "in any order";
  EXPECT_EQ(Problems(kCall + with("cal")),
            "r:11:17: error: no rule 'cal', which rule 'run' comes after, did you mean 'call'?\n");
  EXPECT_EQ(Problems(with("run")),
            "r:6:17: error: rule 'run' waits for itself: 'run' after 'run'\n");
  EXPECT_EQ(Problems(with("call") +
                     RuleText("call", "evt.type = connect", "  after: {rule: run, within: 5s}\n")),
            "r:6:17: error: rule 'run' waits for itself: 'run' after 'call' after 'run'\n"
            "r:12:17: error: rule 'call' waits for itself: 'call' after 'run' after 'call'\n");
  EXPECT_EQ(Problems(with("call") + RuleText("call", "evt.type = connect", "  enabled: false\n")),
            "r:6:17: warning: rule 'run' can never alert: rule 'call', which it comes after, is "
            "disabled\n");
  EXPECT_EQ(Problems(with("call") + RuleText("call", "x = 1", "  source: k8s_audit\n")),
            "r:7:9: warning: rule 'call' is skipped: no source 'k8s_audit'\n"
            "r:6:17: warning: rule 'run' can never alert: rule 'call', which it comes after, is "
            "skipped\n");
  EXPECT_EQ(Problems(with("call") + RuleText("call", "evt.type = nonsense")),
            "r:11:25: error: unknown event 'nonsense'\n")
      << "one mistake, told once";
}

// Rules 0 … `last`, each after the one before.
std::string Chain(int last) {
  std::string text = RuleText("0", "evt.type = connect");
  for (int i = 1; i <= last; ++i) {
    text += RuleText(std::to_string(i), "evt.type = connect",
                     "  after: {rule: '" + std::to_string(i - 1) + "', within: 5s}\n");
  }
  return text;
}

TEST(Correlation, ChainsAreNotEndless) {
  EXPECT_EQ(Problems(Chain(16)), "");
  EXPECT_EQ(Problems(Chain(17)),
            "r:107:18: error: rule '17' comes after more than 16 others, one after the other\n");
  EXPECT_EQ(Problems(Chain(300)),
            "r:107:18: error: rule '17' comes after more than 16 others, one after the other\n");
  std::string ring = Chain(30);
  ring.insert(ring.find("- rule: 1"), "  after: {rule: '30', within: 5s}\n");
  EXPECT_EQ(Problems(ring),
            "r:6:18: error: rule '0' comes after more than 16 others, one after the other\n");
}

// What is remembered for a rule must not be taken for that of one after something else.
TEST(Correlation, WhatItComesAfterIsPartOfWhatARuleIs) {
  const auto table = [](const std::string& condition) {
    Diagnostics diagnostics;
    const auto rules =
        Load(RuleText("c", "evt.type = connect", "  after: {rule: b, within: 5s}\n") +
                 RuleText("b", "evt.type = connect", "  after: {rule: a, within: 5s}\n") +
                 RuleText("a", condition),
             diagnostics);
    EXPECT_NE(rules, nullptr) << diagnostics.ToString();
    return rules == nullptr ? 0 : rules->rules()[0].after->table;
  };
  EXPECT_EQ(table("evt.type = dup"), table("evt.type = dup"));
  EXPECT_NE(table("evt.type = dup"), table("evt.type = execve"));
}

TEST(Correlation, WarnsOfSilentRulesThatFeedNone) {
  EXPECT_EQ(Problems(RuleText("x", "evt.type = connect", "  alert: false\n")),
            "r:1:9: warning: rule 'x' is silent, and no rule that is enabled comes after it\n");
}

TEST(Correlation, OverridesReplaceAndTakeAway) {
  const std::string counted =
      RuleText("x", "evt.type = connect", "  count: {at_least: 3, within: 1s}\n");
  Diagnostics diagnostics;
  const auto rules = Load(counted +
                              "- rule: x\n  count: {at_least: 9, within: 2s}\n"
                              "  override: {count: replace}\n",
                          diagnostics);
  ASSERT_NE(rules, nullptr) << diagnostics.ToString();
  EXPECT_EQ(rules->rules()[0].count->rule.at_least, 9U);
  const auto none =
      Load(counted + "- rule: x\n  count: ~\n  override: {count: replace}\n", diagnostics);
  ASSERT_NE(none, nullptr) << diagnostics.ToString();
  EXPECT_FALSE(none->rules()[0].count);
  EXPECT_TRUE(Problems(counted + "- rule: x\n  count: {at_least: 9, within: 2s}\n"
                                 "  override: {count: append}\n")
                  .starts_with("r:9:21: error: 'count' can only be replaced\n"));
}

// Less severe than what is wanted, but another needs it: it stays and is silent.
TEST(Correlation, ARuleThatFeedsAnotherOutlivesThePriority) {
  Diagnostics diagnostics;
  const auto rules =
      Load(RuleText("a", "evt.type = connect", "", "debug") +
               RuleText("b", "evt.type = dup", "", "debug") +
               RuleText("c", "evt.type = execve", "  after: {rule: a, within: 5s}\n", "critical"),
           diagnostics, {.least = alert::Priority::kWarning});
  ASSERT_NE(rules, nullptr) << diagnostics.ToString();
  ASSERT_EQ(rules->rules().size(), 2U);
  EXPECT_FALSE(rules->rules()[0].alerts);
  EXPECT_TRUE(rules->rules()[1].alerts);
  EXPECT_EQ(rules->rules()[1].after->rule, 0U);
  EXPECT_EQ(diagnostics.ToString(), "");
}

std::string Failures(const std::string& rules_text, const std::string& tests) {
  Diagnostics diagnostics;
  const auto rules = Load(rules_text, diagnostics);
  if (rules == nullptr) return diagnostics.ToString();
  TestReport report;
  RunTestFile(*rules, tests, "t", {}, report, diagnostics);
  std::string failures = diagnostics.ToString();
  for (const TestOutcome& outcome : report.outcomes) {
    if (!outcome.failure.empty()) failures += outcome.name + ": " + outcome.failure + "\n";
  }
  return failures;
}

const std::string kRun = RuleText("run", "evt.type = execve",
                                  "  after: {rule: call, within: 5s, same: [container.id]}\n");
const std::string kScan =
    RuleText("scan", "evt.type = connect",
             "  count: {at_least: 3, within: 10s, by: [container.id], distinct: fd.rip}\n");

std::string Sequence(const std::string& rule, const std::string& events, int alerts) {
  return "tests:\n- {rule: " + rule + ", alerts: " + std::to_string(alerts) + ", sequence: [" +
         events + "]}\n";
}

TEST(Sequence, JoinsByTimeAndFields) {
  const std::string call = "{at: 1s, evt.type: connect, fd.rport: 10250, container.id: a}";
  const auto run = [](const std::string& at, const std::string& id) {
    return "{at: " + at + ", evt.type: execve, container.id: " + id + "}";
  };
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", call + ", " + run("2s", "a"), 1)), "");
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", call + ", " + run("2s", "b"), 0)), "");
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", call + ", " + run("2s", "~"), 1)), "");
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", call + ", " + run("6s", "a"), 1)), "");
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", call + ", " + run("7s", "a"), 0)), "");
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", run("1s", "a") + ", " + call, 0)), "");
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", call + ", {at: 2s, evt.type: execve}", 0)), "")
      << "what is absent is the same as nothing";
  const std::string absent = "{at: 1s, evt.type: connect, fd.rport: 10250}, ";
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", absent + "{at: 2s, evt.type: execve}", 0)), "")
      << "not even as what is absent";
  const std::string unknown = "{at: 1s, evt.type: connect, fd.rport: 10250, container.id: ~}, ";
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", unknown + "{at: 2s, evt.type: execve}", 0)), "")
      << "nor as what is not known";
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", unknown + run("2s", "b"), 1)), "");
  EXPECT_EQ(Failures(kCall + kRun, Sequence("run", call + ", " + run("2s", "b"), 1)),
            "sequence: gave 0 alerts, not 1\n");
}

TEST(Sequence, Counts) {
  const auto connect = [](const std::string& at, const std::string& id, const std::string& ip) {
    return "{at: " + at + ", evt.type: connect, container.id: " + id + ", fd.rip: " + ip + "}";
  };
  const std::string two =
      connect("0s", "a", "10.0.0.1") + "," + connect("1s", "a", "10.0.0.2") + ",";
  EXPECT_EQ(Failures(kScan, Sequence("scan", two + connect("2s", "a", "10.0.0.3"), 1)), "");
  EXPECT_EQ(Failures(kScan, Sequence("scan", two + connect("2s", "a", "10.0.0.1"), 0)), "");
  EXPECT_EQ(Failures(kScan, Sequence("scan", two + connect("2s", "b", "10.0.0.3"), 0)), "");
  EXPECT_EQ(Failures(kScan, Sequence("scan", two + connect("12s", "a", "10.0.0.3"), 0)), "");
  // One window, one alert.
  EXPECT_EQ(Failures(kScan, Sequence("scan",
                                     two + connect("2s", "a", "10.0.0.3") + "," +
                                         connect("3s", "a", "10.0.0.4"),
                                     1)),
            "");
}

// a after b after c, and only if b was counted twice.
TEST(Sequence, ChainsRules) {
  const std::string rules = RuleText("c", "evt.type = execve", "  after: {rule: b, within: 5s}\n") +
                            RuleText("b", "evt.type = dup",
                                     "  after: {rule: a, within: 5s}\n  alert: false\n"
                                     "  count: {at_least: 2, within: 5s}\n") +
                            RuleText("a", "evt.type = connect", "  alert: false\n");
  const std::string exec = "{at: 4s, evt.type: execve}";
  const std::string dup = "{at: 2s, evt.type: dup}, ";
  const std::string connect = "{at: 1s, evt.type: connect}, ";
  EXPECT_EQ(Failures(rules, Sequence("c", connect + dup + dup + exec, 1)), "");
  EXPECT_EQ(Failures(rules, Sequence("c", connect + dup + exec, 0)), "");
  EXPECT_EQ(Failures(rules, Sequence("c", dup + dup + exec, 0)), "");
}

TEST(Sequence, TellsMistakes) {
  EXPECT_EQ(
      Failures(kScan, "tests:\n- {rule: scan, alerts: 1, sequence: [{evt.type: connect}]}\n"),
      "t:2:38: error: each event has its time: 'at': '' is no duration such as 500ms, 5s, 10m "
      "or 1h\n");
  EXPECT_EQ(Failures(kScan, "tests:\n- {rule: scan, sequence: []}\n"),
            "t:2:3: error: 'sequence' has events and 'alerts' how many they must give\n");
  EXPECT_EQ(Failures(kScan, Sequence("scan", "{at: 2s}, {at: 1s}", 0)),
            "t:2:53: error: 'at' is earlier than that of the event before\n");
}

}  // namespace
}  // namespace nezuban::ruleset
