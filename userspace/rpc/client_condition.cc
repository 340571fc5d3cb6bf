// SPDX-License-Identifier: Apache-2.0
#include "rpc/client_condition.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostics.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/parser.h"
#include "rpc/bad_input.h"

namespace nezuban::rpc {
namespace {

Position PositionAt(std::string_view name, std::string_view text, std::uint32_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {std::string(name), static_cast<int>(std::ranges::count(before, '\n')) + 1,
          static_cast<int>(before.size() - line_start) + 1};
}

// They travel in headers, for which gRPC clients have 8 KiB, twice: as the message, where a byte
// may take three, and in details (rpc/refusal.cc).
constexpr std::size_t kMaxProblems = 16;
constexpr std::size_t kMaxMessage = 1000;

// Only the errors: what a warning says of rules need not hold for what the client asks of.
Error ToError(std::string_view name, std::string_view text,
              const std::vector<filter::Problem>& problems) {
  std::string message;
  std::size_t told = 0;
  for (const filter::Problem& problem : problems) {
    if (problem.severity != Severity::kError) continue;
    const std::string line = ToString(Diagnostic{
        Severity::kError, PositionAt(name, text, problem.at), problem.message, problem.hint});
    if (++told > kMaxProblems || message.size() + line.size() > kMaxMessage) break;
    message += (message.empty() ? "" : "\n") + line;
  }
  if (message.empty()) message = std::string(name) + ": more is wrong with it than can be told";
  return {std::move(message), kBadInput};
}

bool HasErrors(const std::vector<filter::Problem>& problems) {
  return std::ranges::find(problems, Severity::kError, &filter::Problem::severity) !=
         problems.end();
}

// How many comparisons need a regular expression for each of their operands.
struct CountRegexes {
  std::size_t operator()(const filter::Comparison& comparison) const {
    return comparison.op == "regex" ? comparison.right.size() : 0;
  }
  std::size_t operator()(const filter::MacroName&) const { return 0; }
  std::size_t operator()(const filter::Not& node) const { return In(*node.child); }
  std::size_t operator()(const filter::And& node) const { return InAll(node.children); }
  std::size_t operator()(const filter::Or& node) const { return InAll(node.children); }

  static std::size_t In(const filter::Expr& expr) { return std::visit(CountRegexes(), expr.node); }
  static std::size_t InAll(const std::vector<filter::Expr>& children) {
    std::size_t count = 0;
    for (const filter::Expr& child : children) count += In(child);
    return count;
  }
};

}  // namespace

Result<CompiledCondition> CompileCondition(std::string_view name, std::string_view text,
                                           std::size_t max_regexes) {
  const auto expr = filter::Parse(text);
  if (!expr) return tl::unexpected<Error>(ToError(name, text, {expr.error()}));
  const std::size_t regexes = CountRegexes::In(*expr);
  if (regexes > max_regexes) {
    return Fail(std::string(name) + ": expected at most " + std::to_string(max_regexes) +
                    " regular expressions, got " + std::to_string(regexes),
                kBadInput);
  }
  std::vector<filter::Problem> problems;
  filter::Check(*expr, problems);
  if (HasErrors(problems)) return tl::unexpected<Error>(ToError(name, text, problems));
  auto program = filter::Compile(*expr, problems);
  if (!program) return tl::unexpected<Error>(ToError(name, text, problems));
  return CompiledCondition{*std::move(program), regexes};
}

}  // namespace nezuban::rpc
