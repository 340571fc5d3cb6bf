// SPDX-License-Identifier: Apache-2.0
// Any bytes as a test file, for rules that ask for fields of every type.
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "ruleset/junit.h"
#include "ruleset/rule_test.h"
#include "ruleset/ruleset.h"

using namespace nezuban;

namespace {

std::shared_ptr<const ruleset::Ruleset> SmallRuleset() {
  const ruleset::Ruleset::File files[] = {
      {"r",
       "- rule: r\n  desc: d\n  priority: debug\n  output: o\n"
       "  condition: evt.type=execve and proc.name=sh and not proc.aname in (sshd)\n"
       "- rule: net\n  desc: d\n  priority: debug\n  output: o\n"
       "  condition: evt.type=connect and fd.rnet in (10.0.0.0/8) and fd.rport > 80 and\n"
       "    not proc.cmdline glob *x* and not evt.failed = true\n"
       "- rule: after\n  desc: d\n  priority: debug\n  output: o\n  condition: evt.type=execve\n"
       "  after: {rule: net, within: 5s, same: [container.id, proc.aname]}\n"
       "  count: {at_least: 2, within: 3s, by: [proc.pid], distinct: proc.args}\n"}};
  Diagnostics diagnostics;
  auto ruleset = ruleset::Ruleset::FromFiles(files, diagnostics);
  CHECK(ruleset != nullptr);
  return ruleset;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const ruleset::Ruleset> rules = SmallRuleset();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  ruleset::TestReport report;
  ruleset::RunTestFile(
      *rules, text, "fuzz",
      [](const auto&, const auto&, const auto&) { return nezuban::Result<std::uint64_t>(1); },
      report, diagnostics);
  for (const Diagnostic& d : diagnostics.all()) CHECK(d.position.file == "fuzz");
  CHECK(report.failed() <= report.outcomes.size());
  CHECK(ruleset::ToJUnit(report, diagnostics).ends_with("</testsuites>\n"));
  return 0;
}
