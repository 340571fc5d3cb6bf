// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "ruleset/rule_test.h"

namespace nezuban::ruleset {
namespace {

TEST(DefaultRules, PassTheirTestsAndAllHaveSome) {
  const std::string paths[] = {NEZUBAN_DEFAULT_RULES, NEZUBAN_DEFAULT_RULES "/../strict"};
  Diagnostics diagnostics;
  const TestRun run = RunTests(paths, {}, diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  EXPECT_GT(run.report.outcomes.size(), 50U);
  for (const TestOutcome& outcome : run.report.outcomes) {
    EXPECT_EQ(outcome.failure, "")
        << ToString(outcome.at) << ": " << outcome.rule << ", " << outcome.name;
  }
  EXPECT_TRUE(run.untested.empty()) << run.untested[0];
}

TEST(DefaultRules, AskOnlyOfEventsThatAreCaptured) {
  const std::string paths[] = {NEZUBAN_DEFAULT_RULES};
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::Load(paths, diagnostics);
  ASSERT_NE(ruleset, nullptr) << diagnostics.ToString();
  fields::EventTypes wanted;
  for (const int type :
       {EVENT_EXEC,   EVENT_MOUNT,  EVENT_DUP,    EVENT_CONNECT, EVENT_NAMESPACE, EVENT_OPEN,
        EVENT_ROOT,   EVENT_PTRACE, EVENT_BPF,    EVENT_MODULE,  EVENT_KEYCTL,    EVENT_CREDENTIALS,
        EVENT_SIGNAL, EVENT_RENAME, EVENT_UNLINK, EVENT_LINK,    EVENT_CGROUP,    EVENT_MKNOD,
        EVENT_UTIME,  EVENT_MEMFD,  EVENT_MMAP})
    wanted.set(type);
  EXPECT_EQ(ruleset->EventTypes(), wanted);
}

// Those that are opted in to use no word of the others, and change none.
TEST(DefaultRules, GoWithTheStrictOnes) {
  const std::string both[] = {NEZUBAN_DEFAULT_RULES, NEZUBAN_DEFAULT_RULES "/../strict"};
  Diagnostics diagnostics;
  const auto alone = Ruleset::Load(std::span(both).first(1), diagnostics);
  const auto together = Ruleset::Load(both, diagnostics);
  ASSERT_NE(together, nullptr);
  EXPECT_EQ(diagnostics.ToString(), "");
  for (const Rule& rule : alone->rules()) {
    EXPECT_EQ(together->FindRule(rule.name)->identity, rule.identity);
  }
  EXPECT_GT(together->rules().size(), alone->rules().size());
}

}  // namespace
}  // namespace nezuban::ruleset
