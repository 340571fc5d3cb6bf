// SPDX-License-Identifier: Apache-2.0
#include "filter/compile.h"

#include <utility>

#include "filter/check.h"

namespace nezuban::filter {
namespace {

// Emits backwards: what a test jumps to is there before it.
class Emitter {
 public:
  Emitter(std::vector<Problem>& problems, TestPool& pool) : problems_(problems), pool_(pool) {}

  // The index of the first test of `expr`, which goes on to `yes` or `no`.
  int Emit(const Expr& expr, int yes, int no, bool negated) {
    if (depth_ >= kMaxDepth || steps_.size() >= kMaxTests) {
      TooLarge();
      return no;
    }
    ++depth_;
    const int entry = EmitNode(expr, yes, no, negated);
    --depth_;
    return entry;
  }

  bool failed() const { return failed_; }
  std::vector<Step> TakeSteps() { return std::move(steps_); }

 private:
  int EmitNode(const Expr& expr, int yes, int no, bool negated) {
    if (const auto* comparison = std::get_if<Comparison>(&expr.node)) {
      return EmitTest(*comparison, yes, no, negated);
    }
    if (const auto* negation = std::get_if<Not>(&expr.node)) {
      return Emit(*negation->child, no, yes, !negated);
    }
    if (const auto* all = std::get_if<And>(&expr.node)) {
      for (auto child = all->children.rbegin(); child != all->children.rend(); ++child) {
        yes = Emit(*child, yes, no, negated);
      }
      return yes;
    }
    if (const auto* any = std::get_if<Or>(&expr.node)) {
      for (auto child = any->children.rbegin(); child != any->children.rend(); ++child) {
        no = Emit(*child, yes, no, negated);
      }
      return no;
    }
    const auto& macro = std::get<MacroName>(expr.node);
    Fail({Severity::kError, macro.at, "undefined macro '" + macro.name + "'", {}});
    return no;
  }

  int EmitTest(const Comparison& comparison, int yes, int no, bool negated) {
    TestPtr test = pool_.Get(comparison, problems_);
    if (test == nullptr) {
      failed_ = true;
      return no;
    }
    steps_.push_back({std::move(test), yes, no, negated});
    return static_cast<int>(steps_.size()) - 1;
  }

  void Fail(Problem problem) {
    failed_ = true;
    problems_.push_back(std::move(problem));
  }

  void TooLarge() {
    if (too_large_) return;
    too_large_ = true;
    Fail({Severity::kError, 0, "the condition with its macros is too large or too deep", {}});
  }

  std::vector<Problem>& problems_;
  TestPool& pool_;
  std::vector<Step> steps_;
  int depth_ = 0;
  bool failed_ = false;
  bool too_large_ = false;
};

}  // namespace

TestPtr TestPool::Get(const Comparison& comparison, std::vector<Problem>& problems) {
  std::string text = ToString(comparison);
  if (const auto at = by_text_.find(text); at != by_text_.end()) return at->second;
  auto test = MakeTest(comparison, problems);
  if (!test) return nullptr;
  return by_text_.emplace(std::move(text), std::make_shared<const Test>(std::move(*test)))
      .first->second;
}

std::optional<Program> Compile(const Expr& expr, std::vector<Problem>& problems) {
  TestPool pool;
  return Compile(expr, problems, pool);
}

std::optional<Program> Compile(const Expr& expr, std::vector<Problem>& problems, TestPool& pool) {
  Emitter emitter(problems, pool);
  const int entry = emitter.Emit(expr, Program::kMatch, Program::kNoMatch, false);
  if (emitter.failed()) return std::nullopt;
  return Program(emitter.TakeSteps(), entry);
}

}  // namespace nezuban::filter
