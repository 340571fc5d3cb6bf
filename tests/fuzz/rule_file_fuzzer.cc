// SPDX-License-Identifier: Apache-2.0
// Any bytes as a rule file, and as a test file for a small set of rules.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "ruleset/rule_test.h"
#include "ruleset/ruleset.h"

using namespace nezuban;

namespace {

std::shared_ptr<const ruleset::Ruleset> SmallRuleset() {
  const ruleset::Ruleset::File files[] = {
      {"r",
       "- rule: r\n  desc: d\n  priority: debug\n  output: o\n  condition: evt.type=execve\n"}};
  Diagnostics diagnostics;
  auto ruleset = ruleset::Ruleset::FromFiles(files, diagnostics);
  CHECK(ruleset != nullptr);
  return ruleset;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const ruleset::Ruleset> small = SmallRuleset();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const ruleset::Ruleset::File files[] = {{"fuzz", text}};
  Diagnostics diagnostics;
  const auto ruleset = ruleset::Ruleset::FromFiles(files, diagnostics);
  CHECK((ruleset == nullptr) == diagnostics.has_errors());
  for (const Diagnostic& d : diagnostics.all()) CHECK(d.position.file == "fuzz");

  Diagnostics ignored;
  ruleset::TestReport report;
  ruleset::RunTestFile(
      *small, text, "fuzz",
      [](const auto&, const auto&, const auto&) { return nezuban::Result<std::uint64_t>(1); },
      report, ignored);
  return 0;
}
