// SPDX-License-Identifier: Apache-2.0
// Random conditions × random events: the Program answers as a plain walk of the tree does, and its
// set of events holds every one on which it did not say no.
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

using fields::FieldMap;
using testlib::RandomConditions;

// Kleene's logic, the tree as it stands. Makes each comparison's test once.
class TreeWalk {
 public:
  Truth operator()(const Expr& expr, const fields::FieldSource& source, fields::Arena& arena) {
    if (const auto* comparison = std::get_if<Comparison>(&expr.node)) {
      auto& test = tests_[comparison];
      std::vector<Problem> problems;
      if (!test) test = MakeTest(*comparison, problems);
      return test->Evaluate(source, arena);
    }
    if (const auto* negation = std::get_if<Not>(&expr.node)) {
      return Negate((*this)(*negation->child, source, arena));
    }
    if (const auto* all = std::get_if<And>(&expr.node)) {
      Truth truth = Truth::kTrue;
      for (const Expr& child : all->children) truth = Both(truth, (*this)(child, source, arena));
      return truth;
    }
    Truth truth = Truth::kFalse;
    for (const Expr& child : std::get<Or>(expr.node).children) {
      truth = Either(truth, (*this)(child, source, arena));
    }
    return truth;
  }

 private:
  std::map<const Comparison*, std::optional<Test>> tests_;
};

constexpr Answer Expected(Truth truth) {
  return truth == Truth::kTrue    ? Answer::kYes
         : truth == Truth::kFalse ? Answer::kNo
                                  : Answer::kPossible;
}

constexpr unsigned kSeed = 20'261'122;
constexpr int kWorlds = 60;
constexpr int kConditions = 10;
constexpr int kEvents = 12;

class DifferentialTest : public ::testing::Test {
 protected:
  void Compare(RandomConditions& world, const std::string& condition) {
    const auto expr = Parse(condition);
    ASSERT_TRUE(expr.has_value());
    std::vector<Problem> problems;
    const auto program = Compile(*expr, problems);
    ASSERT_TRUE(program.has_value());
    TreeWalk walk;
    for (int e = 0; e < kEvents; ++e) {
      FieldMap map;
      const testlib::EventName name = world.FillEvent(map);
      arena_.Reset();
      const Answer got = program->Run(map.source(), arena_);
      ASSERT_EQ(got, Expected(walk(*expr, map.source(), arena_))) << "event " << e;
      ++answers_[static_cast<int>(got)];
      if (got != Answer::kNo) {
        ASSERT_TRUE(program->events()[name.bit()]) << "event " << e;
        ASSERT_TRUE(program->Types()[name.type]) << "event " << e;
      }
      if (got == Answer::kPossible) {
        ASSERT_FALSE(program->UncertainFields(map.source(), arena_).empty()) << "event " << e;
      }
    }
  }

  fields::Arena arena_;
  int answers_[3] = {0, 0, 0};
};

TEST_F(DifferentialTest, ProgramAnswersAsTheTreeWalk) {
  std::set<std::string> operators;
  for (int w = 0; w < testlib::Scaled(kWorlds); ++w) {
    RandomConditions world(kSeed + static_cast<unsigned>(w));
    for (int i = 0; i < kConditions; ++i) {
      const std::string condition = world.Condition(4);
      SCOPED_TRACE("seed " + std::to_string(kSeed + static_cast<unsigned>(w)) + ": " + condition);
      Compare(world, condition);
      if (HasFatalFailure()) return;
    }
    operators.insert(world.operators().begin(), world.operators().end());
  }
  // The generator reaches every operator, and all three answers often enough to mean something.
  for (const OperatorDef& op : OperatorTable()) {
    EXPECT_TRUE(operators.contains(std::string(op.spelling))) << op.spelling;
  }
  for (const int count : answers_) EXPECT_GT(count, testlib::Scaled(500));
}

}  // namespace
}  // namespace nezuban::filter
