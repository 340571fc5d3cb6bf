// SPDX-License-Identifier: Apache-2.0
#include "ruleset/junit.h"

#include <map>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace nezuban::ruleset {
namespace {

// XML 1.0 has no place for control characters, escaped or not; Printable makes text of them.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out + '"';
}

std::string Case(const TestOutcome& outcome) {
  const std::string head = "    <testcase classname=" + Quoted(outcome.rule) +
                           " name=" + Quoted(outcome.name) + " file=" + Quoted(outcome.at.file) +
                           " line=" + Quoted(std::to_string(outcome.at.line));
  if (outcome.failure.empty()) return head + "/>\n";
  return head + ">\n      <failure message=" + Quoted(outcome.failure) + "/>\n    </testcase>\n";
}

std::string ErrorCase(const Diagnostic& problem) {
  return "    <testcase classname=\"load\" name=" + Quoted(ToString(problem.position)) +
         ">\n      <error message=" + Quoted(ToString(problem)) + "/>\n    </testcase>\n";
}

}  // namespace

std::string ToJUnit(const TestReport& report, const Diagnostics& diagnostics) {
  struct Suite {
    std::string cases;
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
  };
  std::map<std::string, Suite> suites;
  for (const TestOutcome& outcome : report.outcomes) {
    Suite& suite = suites[outcome.at.file];
    suite.cases += Case(outcome);
    ++suite.tests;
    if (!outcome.failure.empty()) ++suite.failures;
  }
  for (const Diagnostic& problem : diagnostics.all()) {
    if (problem.severity != Severity::kError) continue;
    Suite& suite = suites[problem.position.file];
    suite.cases += ErrorCase(problem);
    ++suite.tests;
    ++suite.errors;
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& [file, suite] : suites) {
    out += "  <testsuite name=" + Quoted(file) + " tests=" + Quoted(std::to_string(suite.tests)) +
           " failures=" + Quoted(std::to_string(suite.failures)) +
           " errors=" + Quoted(std::to_string(suite.errors)) + ">\n" + suite.cases +
           "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace nezuban::ruleset
