// SPDX-License-Identifier: Apache-2.0
#include "filter/rule_network.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "filter/check.h"
#include "filter/compile.h"
#include "filter/parser.h"
#include "testlib/random_conditions.h"
#include "testlib/scale.h"

namespace nezuban::filter {
namespace {

using fields::Absent;
using fields::FieldMap;
using fields::Text;
using fields::Unknown;
using fields::Value;
using testlib::RandomConditions;

// Rules and the network of them.
class Rules {
 public:
  explicit Rules(const std::vector<std::string>& conditions) {
    TestPool pool;
    std::vector<Problem> problems;
    for (const std::string& condition : conditions) {
      auto expr = Parse(condition);
      EXPECT_TRUE(expr.has_value()) << condition;
      auto program = Compile(*expr, problems, pool);
      EXPECT_TRUE(program.has_value()) << condition;
      programs_.push_back(std::move(*program));
    }
    std::vector<const Program*> pointers;
    for (const Program& program : programs_) pointers.push_back(&program);
    network_.emplace(pointers);
  }

  const std::vector<Program>& programs() const { return programs_; }
  const RuleNetwork& network() const { return *network_; }

  // "0 yes, 3 possible" of the network.
  std::string Answers(std::size_t event, const fields::FieldSource& source,
                      RuleMatching matching = RuleMatching::kAll) {
    arena_.Reset();
    std::string text;
    for (const auto& [rule, answer] : network_->Match(event, source, arena_, scratch_, matching)) {
      text += text.empty() ? "" : ", ";
      text += std::to_string(rule) + (answer == Answer::kYes ? " yes" : " possible");
    }
    return text;
  }

  // The same of each Program alone.
  std::string AnswersOfPrograms(const fields::FieldSource& source) {
    std::string text;
    for (std::size_t i = 0; i < programs_.size(); ++i) {
      arena_.Reset();
      const Answer answer = programs_[i].Run(source, arena_);
      if (answer == Answer::kNo) continue;
      text += text.empty() ? "" : ", ";
      text += std::to_string(i) + (answer == Answer::kYes ? " yes" : " possible");
    }
    return text;
  }

  std::uint32_t rules_run() const { return scratch_.rules_run(); }

 private:
  std::vector<Program> programs_;
  std::optional<RuleNetwork> network_;
  fields::Arena arena_;
  RuleNetwork::Scratch scratch_;
};

TEST(RuleNetwork, AnswersAsEachProgramAlone) {
  constexpr unsigned kSeed = 20'261'123;
  constexpr int kWorlds = 60;
  constexpr int kEvents = 40;
  int answered = 0;
  std::size_t asked = 0;
  std::size_t run = 0;
  for (int w = 0; w < testlib::Scaled(kWorlds); ++w) {
    const unsigned seed = kSeed + static_cast<unsigned>(w);
    RandomConditions world(seed, 4 + static_cast<std::size_t>(w % 5));
    std::vector<std::string> conditions;
    for (std::size_t n = 1 + world.Pick(30); n > 0; --n) {
      conditions.push_back(world.Condition(static_cast<int>(world.Pick(4))));
    }
    Rules rules(conditions);
    for (int e = 0; e < kEvents; ++e) {
      FieldMap map;
      const testlib::EventName name = world.FillEvent(map);
      const std::string wanted = rules.AnswersOfPrograms(map.source());
      ASSERT_EQ(rules.Answers(name.bit(), map.source()), wanted)
          << "seed " << seed << ", event " << e;
      answered += !wanted.empty();
      run += rules.rules_run();
      asked += conditions.size();
    }
  }
  EXPECT_GT(answered, testlib::Scaled(kWorlds * kEvents / 2));
  EXPECT_LT(run, asked * 2 / 3);  // or the network would prove little
}

std::size_t Exec() { return EventNameBit(EVENT_EXEC, 0); }

void Set(FieldMap& map, const std::string& name, const Value& value) {
  map.Set(*fields::ResolveField(name, std::nullopt), value);
}

FieldMap& ExecOf(FieldMap& map, const Value& proc_name) {
  Set(map, "evt.type", "execve");
  Set(map, "proc.name", proc_name);
  return map;
}

// A thousand rules, each for a name of its own.
std::vector<std::string> Thousand(const std::string& op) {
  std::vector<std::string> conditions;
  for (int i = 0; i < 1000; ++i) {
    conditions.push_back("evt.type = execve and proc.pid > 0 and proc.name " + op + " x" +
                         std::to_string(i) + "y");
  }
  return conditions;
}

TEST(RuleNetwork, RunsOnlyTheRulesThatAValueLeadsTo) {
  struct Indexed {
    std::string op;
    std::string matching;  // what only rule 7 says yes to
    std::uint32_t run;     // rules run for it
  };
  const Indexed kCases[] = {
      {"=", "x7y", 1},         {"==", "x7y", 1},         {"startswith", "x7yz", 1},
      {"endswith", "zx7y", 1}, {"contains", "zx7yz", 1}, {"icontains", "zX7Yz", 1},
      {"glob", "x7y", 1},      {"iglob", "X7Y", 1},      {"pmatch", "//x7y//a", 1},
      {"= anyof", "x7y", 1},   {"= allof", "x7y", 1},    {"= oneof", "x7y", 1},
  };
  for (const Indexed& c : kCases) {
    std::string op = c.op;
    std::vector<std::string> conditions = Thousand(op);
    for (std::string& condition : conditions) {
      if (op.find("of") == std::string::npos && op != "pmatch") continue;
      const std::size_t at = condition.rfind(' ') + 1;
      condition = condition.substr(0, at) + "(" + condition.substr(at) + ")";
    }
    Rules rules(conditions);
    FieldMap map;
    ExecOf(map, Text(c.matching));
    Set(map, "proc.pid", std::int64_t{1});
    EXPECT_EQ(rules.Answers(Exec(), map.source()), "7 yes") << c.op;
    EXPECT_EQ(rules.rules_run(), c.run) << c.op;
    FieldMap other;
    ExecOf(other, "nothing");
    EXPECT_EQ(rules.Answers(Exec(), other.source()), "") << c.op;
    EXPECT_EQ(rules.rules_run(), 0U) << c.op;
    FieldMap absent;
    Set(absent, "evt.type", "execve");
    EXPECT_EQ(rules.Answers(Exec(), absent.source()), "") << c.op;
    EXPECT_EQ(rules.rules_run(), 0U) << c.op;
  }
}

TEST(RuleNetwork, ALiteralHeadDoesNotDecideAPattern) {
  Rules rules({"evt.type = execve and proc.name pmatch (/a/?/c)",
               "evt.type = execve and proc.name glob /a/?/c"});
  FieldMap map;
  EXPECT_EQ(rules.Answers(Exec(), ExecOf(map, "/a/b").source()), "");
  EXPECT_EQ(rules.Answers(Exec(), ExecOf(map, "/a/b/c/d").source()), "0 yes");
  EXPECT_EQ(rules.Answers(Exec(), ExecOf(map, "/a/b/c").source()), "0 yes, 1 yes");
}

TEST(RuleNetwork, RunsWhatTruncatedTextMayBe) {
  Rules rules({"evt.type = execve and proc.name = abc", "evt.type = execve and proc.name = b",
               "evt.type = execve and proc.name startswith abcd",
               "evt.type = execve and proc.name startswith a",
               "evt.type = execve and proc.name endswith z",
               "evt.type = execve and not proc.name endswith z",
               "evt.type = execve and proc.name contains ab"});
  FieldMap map;
  ExecOf(map, Text("ab", Text::kTotalUnknown));
  EXPECT_EQ(rules.Answers(Exec(), map.source()),
            "0 possible, 2 possible, 3 yes, 4 possible, 5 possible, 6 yes");
  EXPECT_EQ(rules.rules_run(), 6U);
}

TEST(RuleNetwork, RunsAllThatAnUnknownValueMayLeadTo) {
  Rules rules({"evt.type = execve and proc.name = a", "evt.type = execve and proc.pname = a",
               "evt.type = execve and proc.name = b and proc.pname = b"});
  FieldMap map;
  ExecOf(map, Unknown{});
  EXPECT_EQ(rules.Answers(Exec(), map.source()), "0 possible");
}

TEST(RuleNetwork, LooksUpEachOfSeveralValues) {
  Rules rules({"evt.type = connect and fd.ip = 10.0.0.1", "evt.type = connect and fd.ip = 10.0.0.2",
               "evt.type = connect and fd.ip = 10.0.0.3",
               "evt.type = connect and fd.net = 10.0.0.0/24",
               "evt.type = connect and fd.ip != 10.0.0.1"});
  const auto ip = [](std::uint8_t last) {
    return Value(fields::IpAddress{.bytes = {10, 0, 0, last}});
  };
  FieldMap map;
  Set(map, "evt.type", "connect");
  map.SetList(*fields::ResolveField("fd.ip", std::nullopt), {ip(1), ip(2)});
  map.SetList(*fields::ResolveField("fd.net", std::nullopt), {ip(1), ip(2)});
  const std::size_t connect = EventNameBit(EVENT_CONNECT, 0);
  EXPECT_EQ(rules.Answers(connect, map.source()), "0 yes, 1 yes, 3 yes");
  EXPECT_EQ(rules.rules_run(), 4U);
  map.SetList(*fields::ResolveField("fd.ip", std::nullopt), {ip(1), Unknown{}});
  EXPECT_EQ(rules.Answers(connect, map.source()), "0 yes, 1 possible, 2 possible, 3 yes");
}

TEST(RuleNetwork, ARuleThatMayMatchHidesNoneBehindIt) {
  Rules rules({"evt.type = execve and proc.pname = a", "evt.type = execve and proc.name = a",
               "evt.type = execve and proc.name = a"});
  FieldMap map;
  ExecOf(map, "a");
  Set(map, "proc.pname", Unknown{});
  EXPECT_EQ(rules.Answers(Exec(), map.source()), "0 possible, 1 yes, 2 yes");
  EXPECT_EQ(rules.Answers(Exec(), map.source(), RuleMatching::kFirst), "0 possible, 1 yes");
}

TEST(RuleNetwork, ReadsEachFieldOnce) {
  Rules rules({"evt.type = execve and proc.name = a and proc.pid > 1 and proc.pid < 9",
               "evt.type = execve and tolower(proc.name) = a and not proc.pname = val(proc.name)",
               "evt.type = execve and proc.name contains a and toupper(proc.name) != proc.pname",
               "evt.type = execve and (proc.name != b or proc.aname = x)"});
  struct Counting {
    const FieldMap& map;
    std::map<std::string, int> reads;
  };
  FieldMap map;
  ExecOf(map, "a");
  Set(map, "proc.pname", "b");
  Set(map, "proc.pid", std::int64_t{3});
  Counting counting{map, {}};
  const fields::FieldSource source(&counting, [](const void* self, const fields::FieldRef& ref) {
    auto* c = const_cast<Counting*>(static_cast<const Counting*>(self));
    ++c->reads[ToString(ref)];
    return c->map.Get(ref);
  });
  EXPECT_EQ(rules.Answers(Exec(), source), "0 yes, 1 yes, 2 yes, 3 yes");
  EXPECT_EQ(counting.reads.size(), 4U);
  for (const auto& [name, count] : counting.reads) EXPECT_EQ(count, 1) << name;
}

// Counts how often it is run.
class CountingMatcher final : public Matcher {
 public:
  explicit CountingMatcher(int& runs) : runs_(runs) {}
  Truth Match(const Value&) const noexcept override {
    ++runs_;
    return Truth::kUnknown;
  }

 private:
  int& runs_;
};

TEST(RuleNetwork, RunsEachTestOnce) {
  std::vector<Problem> problems;
  const auto expr = Parse("proc.name glob [ab]*");
  auto made = MakeTest(std::get<Comparison>(expr->node), problems);
  int runs = 0;
  made->matcher = std::make_unique<CountingMatcher>(runs);
  const auto test = std::make_shared<const filter::Test>(std::move(*made));
  std::vector<Program> programs;
  for (int i = 0; i < 5; ++i) {
    programs.emplace_back(
        std::vector<Step>{{test, Program::kMatch, Program::kNoMatch}, {test, 0, Program::kNoMatch}},
        1);
  }
  std::vector<const Program*> pointers;
  for (const Program& program : programs) pointers.push_back(&program);
  const RuleNetwork network(pointers);
  FieldMap map;
  ExecOf(map, "a");
  fields::Arena arena;
  RuleNetwork::Scratch scratch;
  EXPECT_EQ(network.Match(Exec(), map.source(), arena, scratch).size(), 5U);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(network.Match(Exec(), map.source(), arena, scratch).size(), 5U);
  EXPECT_EQ(runs, 2);
}

TEST(RuleNetwork, OneScratchServesOneNetworkAfterTheOther) {
  Rules few({"evt.type = execve and proc.name = a"});
  const std::vector<std::string> conditions(50, "evt.type = execve and proc.name != b");
  Rules many(conditions);
  FieldMap map;
  ExecOf(map, "a");
  fields::Arena arena;
  RuleNetwork::Scratch scratch;
  EXPECT_EQ(few.network().Match(Exec(), map.source(), arena, scratch).size(), 1U);
  EXPECT_EQ(many.network().Match(Exec(), map.source(), arena, scratch).size(), 50U);
  EXPECT_EQ(few.network().Match(Exec(), map.source(), arena, scratch).size(), 1U);
}

TEST(RuleNetwork, PrintsWhatStartsWhat) {
  const Rules rules({"evt.type = execve and proc.name in (a, b)",
                     "evt.type in (execve, execveat) and proc.exepath startswith /tmp",
                     "evt.type = execve and (proc.name in (a, b) or proc.exepath pmatch (/x))",
                     "evt.type = execve and not proc.name = c"});
  const std::string names[] = {"r0", "r1", "r2", "r3"};
  EXPECT_EQ(rules.network().Dump(names),
            "on execve\n"
            "  proc.name: 2 equal\n"
            "    proc.name in (a, b)\n"
            "      r0\n"
            "      r2\n"
            "  proc.exepath: 1 prefixes, 1 paths\n"
            "    proc.exepath startswith /tmp\n"
            "      r1\n"
            "    proc.exepath pmatch (/x)\n"
            "      r2\n"
            "  always\n"
            "      r3\n"
            "on execveat\n"
            "  proc.exepath: 1 prefixes\n"
            "    proc.exepath startswith /tmp\n"
            "      r1\n");
}

}  // namespace
}  // namespace nezuban::filter
