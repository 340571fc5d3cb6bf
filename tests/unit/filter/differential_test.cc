// SPDX-License-Identifier: Apache-2.0
// Random conditions × random events: the Program answers as a plain walk of the tree does.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "event/event.h"
#include "fields/field_map.h"
#include "fields/fields.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/parser.h"

namespace nezuban::filter {
namespace {

using fields::FieldMap;
using fields::Text;
using fields::Unknown;
using fields::Value;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t Pick(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  std::string Condition(int depth) {
    if (depth == 0) return Leaf();
    switch (Pick(4)) {
      case 0:
        return "not (" + Condition(depth - 1) + ")";
      case 1:
        return Chain(" and ", depth);
      case 2:
        return Chain(" or ", depth);
      default:
        return Leaf();
    }
  }

  // A value of the kind of field; one in four unknown, one in four absent.
  void FillEvent(FieldMap& map, event::EventType type, std::uint8_t variant) {
    Set(map, "evt.type", event::NameOf(type, variant));
    for (const char* name : {"proc.name", "proc.pname", "proc.args"}) {
      if (Pick(4) > 0) Set(map, name, Pick(3) == 0 ? Value(Unknown{}) : AnyText());
    }
    if (Pick(4) > 0) {
      Set(map, "proc.pid",
          Pick(3) == 0 ? Value(Unknown{}) : Value(static_cast<std::int64_t>(Pick(4))));
    }
    const std::vector<Value> chain = {AnyText(), Pick(2) == 0 ? Value(Unknown{}) : AnyText()};
    map.SetList(*fields::ResolveField("proc.aname", std::nullopt), chain);
    const bool has_fd = type == EVENT_CONNECT || type == EVENT_DUP;
    if (has_fd && Pick(4) > 0) {
      Set(map, "fd.rport",
          Pick(3) == 0 ? Value(Unknown{}) : Value(static_cast<std::int64_t>(Pick(3))));
    }
  }

 private:
  std::string Chain(const std::string& word, int depth) {
    std::string text = "(" + Condition(depth - 1);
    for (std::size_t n = Pick(3) + 1; n > 0; --n) text += word + Condition(depth - 1);
    return text + ")";
  }

  std::string Leaf() {
    static const std::vector<std::string> kLeaves = {
        "evt.type = execve",
        "evt.type in (connect, dup2)",
        "evt.type startswith dup",
        "evt.type != mount",
        "proc.name = a",
        "proc.name != ab",
        "proc.name in (a, b, abc)",
        "proc.name contains b",
        "proc.name startswith a",
        "proc.name glob a*",
        "proc.args exists",
        "proc.args endswith c",
        "proc.args != allof (a, ab)",
        "proc.args = oneof (a, abc)",
        "proc.pid = 1",
        "proc.pid < 2",
        "proc.pid in (1, 3)",
        "proc.aname = a",
        "proc.aname != ab",
        "proc.name = val(proc.pname)",
        "fd.rport = 1",
        "fd.rport != 1",
        "fd.rport exists",
        "tolower(proc.name) = a",
        "len(proc.args) > 1",
        "proc.name < 5",
    };
    return kLeaves[Pick(kLeaves.size())];
  }

  Value AnyText() {
    static constexpr std::string_view kTexts[] = {"a", "ab", "abc", "b", ""};
    const std::string_view text = kTexts[Pick(5)];
    return Pick(4) == 0 ? Text(text, 3) : Text(text);
  }

  static void Set(FieldMap& map, const std::string& name, const Value& value) {
    map.Set(*fields::ResolveField(name, std::nullopt), value);
  }

  std::mt19937 random_;
};

Truth Walk(const Expr& expr, const fields::FieldSource& source, fields::Arena& arena) {
  if (const auto* comparison = std::get_if<Comparison>(&expr.node)) {
    std::vector<Problem> problems;
    return MakeTest(*comparison, problems)->Evaluate(source, arena);
  }
  if (const auto* negation = std::get_if<Not>(&expr.node)) {
    return Negate(Walk(*negation->child, source, arena));
  }
  Truth truth = Truth::kTrue;
  if (const auto* all = std::get_if<And>(&expr.node)) {
    for (const Expr& child : all->children) truth = Both(truth, Walk(child, source, arena));
    return truth;
  }
  truth = Truth::kFalse;
  for (const Expr& child : std::get<Or>(expr.node).children) {
    truth = Either(truth, Walk(child, source, arena));
  }
  return truth;
}

constexpr Answer Expected(Truth truth) {
  return truth == Truth::kTrue    ? Answer::kYes
         : truth == Truth::kFalse ? Answer::kNo
                                  : Answer::kPossible;
}

TEST(Differential, ProgramAnswersAsTheTreeWalk) {
  Generator generate(20'261'122);
  fields::Arena arena;
  int answers[3] = {0, 0, 0};
  for (int i = 0; i < 500; ++i) {
    const std::string condition = generate.Condition(4);
    const auto expr = Parse(condition);
    ASSERT_TRUE(expr.has_value()) << condition;
    std::vector<Problem> problems;
    const auto program = Compile(*expr, problems);
    ASSERT_TRUE(program.has_value()) << condition;
    for (int e = 0; e < 12; ++e) {
      const auto type = static_cast<event::EventType>(generate.Pick(NR_EVENTS));
      std::uint8_t variant = static_cast<std::uint8_t>(generate.Pick(4));
      while (event::NameOf(type, variant).empty()) --variant;
      FieldMap map;
      generate.FillEvent(map, type, variant);
      arena.Reset();
      const Answer got = program->Run(map.source(), arena);
      ASSERT_EQ(got, Expected(Walk(*expr, map.source(), arena))) << condition;
      ++answers[static_cast<int>(got)];
      if (got != Answer::kNo) {
        ASSERT_TRUE(program->events()[EventNameBit(type, variant)]) << condition;
        ASSERT_TRUE(program->Types()[type]) << condition;
      }
      ASSERT_EQ(got == Answer::kPossible,
                got == Answer::kPossible && !program->UncertainFields(map.source(), arena).empty());
    }
  }
  // The generator reaches all three answers often enough to mean something.
  for (int count : answers) EXPECT_GT(count, 300);
}

}  // namespace
}  // namespace nezuban::filter
