// SPDX-License-Identifier: Apache-2.0
// From what a file says of a rule to the rule that is asked of events.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/diagnostics.h"
#include "filter/compile.h"
#include "ruleset/output_extra.h"
#include "ruleset/resolve.h"
#include "ruleset/ruleset.h"

namespace nezuban::ruleset {

// Adds to `diagnostics` what was not told before: rules that use one macro all have its problems.
class Reporter {
 public:
  explicit Reporter(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  void Add(Diagnostic problem);

 private:
  Diagnostics& diagnostics_;
  std::set<std::string> told_;
};

// What all rules of a loading share.
struct CompileContext {
  Resolver& resolver;
  filter::TestPool& pool;
  const OutputExtras& extras;
  const LoadOptions& options;
  Reporter& reporter;
};

// Nothing if the rule has an error, or is to be skipped for a name nobody knows; either is
// reported.
std::optional<Rule> CompileRule(const RuleSpec& spec, const CompileContext& context);

}  // namespace nezuban::ruleset
