// SPDX-License-Identifier: Apache-2.0
// Records in, alerts out.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "ruleset/ruleset.h"
#include "testlib/record_builder.h"

// Counts the allocations of this program.
namespace {
std::size_t allocations = 0;
}
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace nezuban::ruleset {
namespace {

constexpr char kMatchedRules[] =
    "- rule: first\n  desc: d\n  priority: critical\n  tags: [b, a]\n"
    "  condition: evt.type=execve and proc.name=sh\n"
    "  output: shell %proc.cmdline of %container.id (%proc.exepath)\n"
    "- rule: second\n  desc: d\n  priority: debug\n  output: o\n"
    "  condition: evt.type in (execve, connect) and container.origin != host\n"
    "- rule: third\n  desc: d\n  priority: debug\n  output: o\n"
    "  condition: evt.type=execve and proc.args contains nothing\n";

class MatchTest : public ::testing::Test {
 protected:
  MatchTest() {
    Diagnostics diagnostics;
    const Ruleset::File files[] = {{"r", kMatchedRules}};
    ruleset_ = Ruleset::FromFiles(files, diagnostics);
    EXPECT_NE(ruleset_, nullptr) << diagnostics.ToString();
    host_.id = "host";
    host_.runtime = "host";
    container_.id = "3ad7b26ded6d";
    container_.full_id = "3ad7b26ded6dffffffff";
    container_.runtime = "runc";
  }

  std::vector<alert::Alert> Match(const testlib::Record& record, const state::Container* origin) {
    const event::Event event = record.event();
    const state::Process& process = processes_.Apply(event, 0);
    const state::EnrichedEvent enriched{event, &process, &host_, origin, processes_, 1'000'000};
    std::vector<alert::Alert> alerts;
    ruleset_->Match(enriched, matching_,
                    [&](alert::Alert alert) { alerts.push_back(std::move(alert)); });
    return alerts;
  }

  std::shared_ptr<const Ruleset> ruleset_;
  Matching matching_{{"node-1", "boot"}};
  state::ProcessTable processes_;
  state::Container host_;
  state::Container container_;
};

TEST_F(MatchTest, EveryMatchingRuleAlertsInOrder) {
  const auto record =
      testlib::Exec({.tgid = 7, .comm = "sh"}, "/bin/sh", testlib::Argv({"sh", "-c", "id"}))
          .Build();
  const auto alerts = Match(record, &container_);
  ASSERT_EQ(alerts.size(), 2U);
  EXPECT_EQ(alerts[0].rule, "first");
  EXPECT_EQ(alerts[1].rule, "second");
  const alert::Alert& alert = alerts[0];
  EXPECT_EQ(alert.message, "shell sh -c id of host (/bin/sh)");
  EXPECT_EQ(alert.priority, alert::Priority::kCritical);
  EXPECT_EQ(alert.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(alert.hostname, "node-1");
  EXPECT_EQ(alert.event_type, "execve");
  EXPECT_EQ(alert.container_id, "");
  EXPECT_EQ(alert.origin, "3ad7b26ded6dffffffff");
  EXPECT_EQ(alert.pid, 7U);
  EXPECT_EQ(alert.time_ns, 1'002'000);
  EXPECT_TRUE(alert.uncertain.empty());
  ASSERT_FALSE(alert.ancestors.empty());
  EXPECT_EQ(alert.ancestors[0].exe_path, "/bin/sh");
  EXPECT_EQ(matching_.alerts_by_rule()[0], 1U);
  EXPECT_EQ(matching_.alerts_by_rule()[2], 0U);
}

TEST_F(MatchTest, TheFirstDefinedAloneAlertsWhereThatIsAskedFor) {
  const auto record = testlib::Exec({.tgid = 7, .comm = "sh"}, "/bin/sh").Build();
  const event::Event event = record.event();
  const state::Process& process = processes_.Apply(event, 0);
  const state::EnrichedEvent enriched{event, &process, &host_, &container_, processes_, 0};
  Matching matching({"node-1", "boot"}, nullptr, filter::RuleMatching::kFirst);
  std::vector<std::string> rules;
  ruleset_->Match(enriched, matching,
                  [&](const alert::Alert& alert) { rules.push_back(alert.rule); });
  EXPECT_EQ(rules, std::vector<std::string>{"first"});
}

TEST_F(MatchTest, TheSameEventAndRuleGiveTheSameId) {
  const auto record = testlib::Exec({.tgid = 7, .comm = "sh"}, "/bin/sh").Build();
  const auto once = Match(record, &container_);
  const auto again = Match(record, &container_);
  ASSERT_EQ(once.size(), 2U);
  EXPECT_EQ(once[0].id, again[0].id);
  EXPECT_NE(once[0].id, once[1].id);
  EXPECT_EQ(once[0].id.substr(0, 11), "boot.0.0.0.");
}

// Sequence numbers begin anew with every start of the monitor; the boot's id does not.
TEST_F(MatchTest, ALaterEventOfTheSameNumberHasAnotherId) {
  const auto once = Match(
      testlib::Exec({.tgid = 7, .comm = "sh", .time_ns = 2000}, "/bin/sh").Build(), &container_);
  const auto again = Match(
      testlib::Exec({.tgid = 7, .comm = "sh", .time_ns = 2001}, "/bin/sh").Build(), &container_);
  ASSERT_EQ(once.size(), 2U);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_NE(once[0].id, again[0].id);
}

TEST_F(MatchTest, AncestorsAreNeverYoungerThanTheirChildren) {
  auto younger = testlib::Exec({.tgid = 8, .start_ns = 9'000'000'000, .comm = "sshd"}, "/sshd");
  younger->ppid = 7;
  Match(younger.Build(), &host_);
  auto exec = testlib::Exec({.tgid = 7, .start_ns = 1'000'000'000, .comm = "sh"}, "/bin/sh");
  exec->ppid = 8;
  const auto alerts = Match(exec.Build(), &host_);
  ASSERT_EQ(alerts.size(), 1U);
  ASSERT_EQ(alerts[0].ancestors.size(), 1U);
  EXPECT_EQ(alerts[0].ancestors[0].pid, 7U);
}

TEST_F(MatchTest, WhatIsNotKnownAlertsAndSaysSo) {
  const auto record = testlib::Exec({.tgid = 7, .comm = "cat"}, "/bin/cat").Build();
  const auto alerts = Match(record, nullptr);
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].rule, "second");
  EXPECT_EQ(alerts[0].uncertain, std::vector<std::string>{"container.origin"});
  EXPECT_FALSE(alerts[0].origin_known);
}

TEST_F(MatchTest, SecretsAreMaskedInWhatIsToldNotInWhatDecides) {
  Diagnostics diagnostics;
  const Ruleset::File files[] = {
      {"r",
       "- {rule: r, desc: d, priority: debug, condition: evt.type=execve and proc.args contains "
       "'two words', output: 'password=%proc.cmdline %proc.args[0] %proc.acmdline[0]'}\n"}};
  ruleset_ = Ruleset::FromFiles(files, diagnostics);
  ASSERT_NE(ruleset_, nullptr) << diagnostics.ToString();
  Matching matching({"node-1", "boot"}, *Redactor::Make());
  const auto record =
      testlib::Exec({.tgid = 7, .comm = "x"}, "/x", testlib::Argv({"x", "--token=two words", "y"}))
          .Build();
  const event::Event event = record.event();
  const state::Process& process = processes_.Apply(event, 0);
  std::vector<alert::Alert> alerts;
  ruleset_->Match({event, &process, &host_, &host_, processes_, 0}, matching,
                  [&](alert::Alert alert) { alerts.push_back(std::move(alert)); });
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].message, "password=* --token=*** y --token=*** x --token=*** y");
  EXPECT_EQ(alerts[0].fields[0].second, alert::FieldValue("x --token=*** y"));
}

TEST_F(MatchTest, WhatCouldStillChangeItWaitsIfItMay) {
  const auto record = testlib::Exec({.tgid = 7, .comm = "sh"}, "/bin/sh").Build();
  const event::Event event = record.event();
  const state::Process& process = processes_.Apply(event, 0);
  const state::EnrichedEvent enriched{event, &process, &host_, nullptr, processes_, 0};
  std::vector<std::string> alerts;
  std::vector<std::uint32_t> waiting;
  const Ruleset::AlertHandler on_alert = [&](const alert::Alert& a) { alerts.push_back(a.rule); };
  const Ruleset::WaitHandler on_wait = [&](std::uint32_t rule) { waiting.push_back(rule); };
  ruleset_->Match(enriched, matching_, on_alert, &on_wait);
  EXPECT_TRUE(alerts.empty());
  EXPECT_EQ(waiting, (std::vector<std::uint32_t>{0, 1})) << "certain, but of which container?";
  ruleset_->Ask(1, enriched, matching_, on_alert);
  EXPECT_EQ(alerts, std::vector<std::string>{"second"});
}

// Where the first alone alerts, one that is held and may still fall away takes the event from none.
TEST_F(MatchTest, AHeldMatchOfASequenceHidesNoOther) {
  const std::string rule = "  desc: d\n  priority: debug\n  output: o\n  condition: evt.type=";
  const std::string text = "- rule: then\n" + rule +
                           "execve\n  after: {rule: feeder, within: 5s, same: [container.origin]}\n"
                           "- rule: plain\n" +
                           rule + "execve\n- rule: feeder\n" + rule + "execve\n";
  Diagnostics diagnostics;
  const Ruleset::File files[] = {{"r", text}};
  const auto rules = Ruleset::FromFiles(files, diagnostics);
  ASSERT_NE(rules, nullptr) << diagnostics.ToString();
  const auto record = testlib::Exec({.tgid = 7, .comm = "sh"}, "/bin/sh").Build();
  const event::Event event = record.event();
  const state::Process& process = processes_.Apply(event, 0);
  Matching matching({"node-1", "boot"}, nullptr, filter::RuleMatching::kFirst);
  std::vector<std::string> alerts;
  std::vector<std::uint32_t> waiting;
  const Ruleset::AlertHandler on_alert = [&](const alert::Alert& a) { alerts.push_back(a.rule); };
  const Ruleset::WaitHandler on_wait = [&](std::uint32_t index) { waiting.push_back(index); };
  rules->BeginWait(2, matching);  // a match of the feeder, earlier
  rules->Match({event, &process, &host_, &host_, processes_, 0}, matching, on_alert, &on_wait);
  EXPECT_EQ(waiting, std::vector<std::uint32_t>{0});
  EXPECT_EQ(alerts, std::vector<std::string>{"plain"});
  waiting.clear();
  alerts.clear();
  // The origin is not known: "plain" waits, and alerts for certain. The feeder would be a second.
  rules->Match({event, &process, &host_, nullptr, processes_, 0}, matching, on_alert, &on_wait);
  EXPECT_EQ(waiting, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_TRUE(alerts.empty());
}

// What can give no alert is not held, unless others hear of it and would not know whose it is.
TEST_F(MatchTest, WhatGivesNoAlertDoesNotWait) {
  const auto rule = [](const std::string& name, const std::string& more) {
    return "- rule: " + name + "\n  desc: d\n  priority: debug\n  output: '%container.id'\n" +
           "  condition: evt.type=execve\n  " + more + "\n";
  };
  Diagnostics diagnostics;
  const Ruleset::File files[] = {
      {"r", rule("silent", "alert: false") + rule("follower", "after: {rule: silent, within: 5s}") +
                rule("divided", "alert: false") +
                rule("after it", "after: {rule: divided, within: 5s, same: [container.origin]}") +
                rule("count", "count: {at_least: 3, within: 5s}")}};
  const auto rules = Ruleset::FromFiles(files, diagnostics);
  ASSERT_NE(rules, nullptr) << diagnostics.ToString();
  std::vector<std::uint32_t> waiting;
  const Ruleset::WaitHandler on_wait = [&](std::uint32_t index) { waiting.push_back(index); };
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto record =
        testlib::Exec({.tgid = 7, .comm = "sh", .time_ns = 2000 + i}, "/bin/sh").Build();
    const event::Event event = record.event();
    const state::Process& process = processes_.Apply(event, 0);
    waiting.clear();
    rules->Match(
        {event, &process, &host_, nullptr, processes_, 0}, matching_,
        [](const alert::Alert&) { FAIL(); }, &on_wait);
    EXPECT_EQ(waiting, i == 0   ? (std::vector<std::uint32_t>{2})
                       : i == 1 ? (std::vector<std::uint32_t>{1, 2})
                                : (std::vector<std::uint32_t>{1, 2, 4}))
        << i;
  }
}

TEST_F(MatchTest, AnEventThatMatchesNothingAllocatesNothing) {
  const auto record =
      testlib::Exec({.tgid = 7, .comm = "cat"}, "/bin/cat", testlib::Argv({"cat", "x"})).Build();
  const event::Event event = record.event();
  const state::Process& process = processes_.Apply(event, 0);
  const state::EnrichedEvent enriched{event, &process, &host_, &host_, processes_, 0};
  int alerts = 0;
  const Ruleset::AlertHandler handler = [&](const alert::Alert&) { ++alerts; };
  ruleset_->Match(enriched, matching_, handler);
  const std::size_t before = allocations;
  ruleset_->Match(enriched, matching_, handler);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(alerts, 0);
}

// Every kind of look-up, computed values, and rules that are run because nothing can be looked up.
TEST_F(MatchTest, LookingValuesUpAllocatesNothing) {
  std::string rules;
  for (const char* condition :
       {"proc.name in (a, b)", "proc.exepath startswith /opt", "proc.exepath endswith .sh",
        "proc.args contains secret", "proc.args icontains SECRET",
        "proc.exepath pmatch (/srv, /a/b)", "proc.exepath glob \"/x/*/y\"",
        "tolower(proc.name) = z", "proc.pid in (1, 2)", "proc.aname = sshd",
        "not proc.exepath startswith /bin", "proc.args regex \"x+\""}) {
    rules += "- rule: r" + std::to_string(rules.size()) +
             "\n  desc: d\n  priority: debug\n  output: o\n  condition: evt.type = execve and " +
             condition + "\n";
  }
  Diagnostics diagnostics;
  const Ruleset::File files[] = {{"r", rules}};
  ruleset_ = Ruleset::FromFiles(files, diagnostics);
  ASSERT_NE(ruleset_, nullptr) << diagnostics.ToString();
  auto exec = testlib::Exec({.tgid = 7, .comm = "cat"}, "/bin/cat", testlib::Argv({"cat", "q"}));
  exec->ppid = 0;
  const auto record = exec.Build();
  const event::Event event = record.event();
  const state::Process& process = processes_.Apply(event, 0);
  const state::EnrichedEvent enriched{event, &process, &host_, &host_, processes_, 0};
  int alerts = 0;
  const Ruleset::AlertHandler handler = [&](const alert::Alert&) { ++alerts; };
  ruleset_->Match(enriched, matching_, handler);
  const std::size_t before = allocations;
  ruleset_->Match(enriched, matching_, handler);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(alerts, 0);
}

}  // namespace
}  // namespace nezuban::ruleset
