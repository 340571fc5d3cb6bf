// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_test.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "ruleset/junit.h"

namespace nezuban::ruleset {
namespace {

constexpr char kTestedRules[] =
    "- rule: shell\n  desc: d\n  priority: debug\n  output: o\n"
    "  condition: evt.type=execve and proc.name=sh and not proc.aname in (sshd)\n"
    "- rule: net\n  desc: d\n  priority: debug\n  output: o\n"
    "  condition: evt.type=connect and fd.sockfamily=ip and fd.rnet in (10.0.0.0/8)\n";

struct Result {
  std::string failures;
  std::string errors;
};

// The recordings there are: three.nzb gives three alerts.
nezuban::Result<std::uint64_t> Recorded(const Ruleset&, const Rule& rule, const std::string& path) {
  EXPECT_EQ(rule.name, "shell");
  if (path == "dir/three.nzb") return 3;
  return Fail("open " + path + ": No such file or directory", 1);
}

Result Outcome(const std::string& tests) {
  const Ruleset::File files[] = {{"r", kTestedRules}};
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::FromFiles(files, diagnostics);
  EXPECT_NE(ruleset, nullptr) << diagnostics.ToString();
  TestReport report;
  RunTestFile(*ruleset, tests, "dir/t", Recorded, report, diagnostics);
  Result result{{}, diagnostics.ToString()};
  for (const TestOutcome& outcome : report.outcomes) {
    if (outcome.failure.empty()) continue;
    result.failures += ToString(outcome.at) + " " + outcome.rule + ", " + outcome.name + ": " +
                       outcome.failure + "\n";
  }
  return result;
}

TEST(RuleTest, PassesWhatIsAsExpected) {
  const Result result = Outcome(
      "tests:\n"
      "- rule: shell\n"
      "  match:\n"
      "  - {evt.type: execve, proc.name: sh}\n"
      "  - {evt.type: execve, proc.name: ~}\n"
      "  - {evt.type: execve, proc.name: sh, proc.aname: [bash, ~]}\n"
      "  no_match:\n"
      "  - {evt.type: execve, proc.name: bash}\n"
      "  - {evt.type: connect, proc.name: sh}\n"
      "  - {evt.type: execve, proc.name: sh, proc.aname: [bash, sshd]}\n"
      "- rule: net\n"
      "  match:\n"
      "  - {evt.type: connect, fd.rip: 10.1.2.3}\n"
      "  no_match:\n"
      "  - {evt.type: connect, fd.rip: 192.168.1.1}\n"
      "  - {evt.type: connect, fd.type: unix}\n");
  EXPECT_EQ(result.failures, "");
  EXPECT_EQ(result.errors, "");
}

// What follows from other fields is there, and unknown where they are.
TEST(RuleTest, DerivesWhatIsLeftOut) {
  const Ruleset::File files[] = {
      {"r",
       "- rule: cmdline\n  desc: d\n  priority: debug\n  output: o\n"
       "  condition: evt.type=execve and evt.dir = \"<\" and proc.cmdline = \"sh -c id\"\n"
       "- rule: family\n  desc: d\n  priority: debug\n  output: o\n"
       "  condition: evt.type=connect and fd.typechar = 4 and not fd.sockfamily = unix\n"}};
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::FromFiles(files, diagnostics);
  ASSERT_NE(ruleset, nullptr) << diagnostics.ToString();
  TestReport report;
  RunTestFile(*ruleset,
              "tests:\n- rule: cmdline\n"
              "  match: [{evt.type: execve, proc.name: sh, proc.args: -c id}]\n"
              "  no_match: [{evt.type: execve, proc.name: sh}, {evt.type: execve, proc.args: x}]\n"
              "- rule: family\n"
              "  match: [{evt.type: connect, fd.type: ipv4}, {evt.type: connect, fd.type: ~}]\n"
              "  no_match: [{evt.type: connect, fd.type: file}, {evt.type: connect}]\n",
              "t", Recorded, report, diagnostics);
  EXPECT_EQ(report.outcomes.size(), 7U);
  for (const TestOutcome& outcome : report.outcomes) {
    EXPECT_EQ(outcome.failure, "") << outcome.rule << " " << outcome.name;
  }
}

TEST(RuleTest, NamesWhatIsNot) {
  EXPECT_EQ(
      Outcome("tests:\n- rule: shell\n  name: a\n  match:\n  - {proc.name: bash}\n"
              "  no_match:\n  - {evt.type: connect}\n  - {evt.type: execve, proc.name: sh}\n")
          .failures,
      "dir/t:5:5 shell, a: match 1: did not match\ndir/t:8:5 shell, a: no_match 2: matched\n");
}

TEST(RuleTest, CountsTheAlertsOfARecording) {
  EXPECT_EQ(Outcome("tests:\n- {rule: shell, recording: three.nzb, alerts: 3}\n"
                    "- {rule: shell, name: a, recording: three.nzb, alerts: 2}\n"
                    "- {rule: shell, recording: none.nzb, alerts: 0}\n")
                .failures,
            "dir/t:3:37 shell, a: recording three.nzb: gave 3 alerts, not 2\n"
            "dir/t:4:28 shell, recording none.nzb: open dir/none.nzb: No such file or directory\n");
  EXPECT_EQ(Outcome("tests:\n- {rule: shell, recording: three.nzb}\n"
                    "- {rule: shell, recording: three.nzb, alerts: many}\n")
                .errors,
            "dir/t:2:3: error: 'recording' names a file and 'alerts' how many it must give\n"
            "dir/t:3:47: error: 'many' is not a decimal number\n");
}

TEST(RuleTest, TellsMistakesInTheFile) {
  EXPECT_EQ(Outcome("tests:\n- rule: shel\n- match: []\n- rule: shell\n  nomatch: []\n"
                    "  match: [{proc.nmae: x}, {proc.pid: x}, 5]\n")
                .errors,
            "dir/t:2:9: error: no rule 'shel', did you mean 'shell'?\n"
            "dir/t:3:3: error: 'rule' is missing\n"
            "dir/t:5:3: error: unknown key 'nomatch' in a test, did you mean 'no_match'?\n"
            "dir/t:6:12: error: unknown field 'proc.nmae', did you mean 'proc.name'?\n"
            "dir/t:6:38: error: 'x' is not a decimal number, which proc.pid is\n"
            "dir/t:6:42: error: an event must be a map of fields\n");
  EXPECT_EQ(Outcome("- x\n").errors,
            "dir/t:1:1: error: a test file is a map with a sequence 'tests'\n");
}

TEST(RuleTest, WritesJUnit) {
  TestReport report;
  report.outcomes = {{{"t.yaml", 5, 3}, "a <b> & \"c\"", "match 1", ""},
                     {{"t.yaml", 6, 3}, "r", "no_match 1\x1b", "matched"}};
  Diagnostics diagnostics;
  diagnostics.Warning({"w.yaml", 1, 1}, "w");
  diagnostics.Error({"u.yaml", 1, 2}, "e");
  EXPECT_EQ(ToJUnit(report, diagnostics),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"t.yaml\" tests=\"2\" failures=\"1\" errors=\"0\">\n"
            "    <testcase classname=\"a &lt;b&gt; &amp; &quot;c&quot;\" name=\"match 1\" "
            "file=\"t.yaml\" line=\"5\"/>\n"
            "    <testcase classname=\"r\" name=\"no_match 1\\x1b\" file=\"t.yaml\" line=\"6\">\n"
            "      <failure message=\"matched\"/>\n    </testcase>\n  </testsuite>\n"
            "  <testsuite name=\"u.yaml\" tests=\"1\" failures=\"0\" errors=\"1\">\n"
            "    <testcase classname=\"load\" name=\"u.yaml:1:2\">\n"
            "      <error message=\"u.yaml:1:2: error: e\"/>\n    </testcase>\n  </testsuite>\n"
            "</testsuites>\n");
}

}  // namespace
}  // namespace nezuban::ruleset
