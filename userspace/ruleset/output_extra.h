// SPDX-License-Identifier: Apache-2.0
// What the configuration adds to the output of rules, whoever wrote them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "ruleset/output_format.h"
#include "ruleset/rule_book.h"

namespace nezuban::ruleset {

// One entry of append_output. A rule has to fit all that is given of source, rule and tags.
struct OutputExtra {
  std::string source;
  std::string rule;               // its exact name
  std::vector<std::string> tags;  // all of them
  std::string output;             // a format, put after the rule's own and a blank
  // Keys of output_fields and their formats; "%proc.name" gives the value with its type.
  std::vector<std::pair<std::string, std::string>> fields;
  bool suggested = false;  // container and pod, those that the rule does not print
};

// An entry as YAML: {match: {tags: [x]}, extra_output: "…", extra_fields: [proc.name, {k: "…"}],
// suggested_output: true}.
Result<OutputExtra> ParseOutputExtra(std::string_view yaml);

// NAME=VALUE, or a YAML map of such, added to `fields`.
Status AddStaticFields(std::string_view text, StaticFields& fields);

// The entries with their formats made.
class OutputExtras {
 public:
  // Problems of the formats are told once, whatever rules they are for.
  OutputExtras(std::span<const OutputExtra> extras, const StaticFields& statics,
               Diagnostics& diagnostics);

  void AddTo(const RuleSpec& rule, OutputFormat& output) const;

 private:
  struct Ready {
    OutputExtra entry;
    std::vector<OutputFormat> output;  // none or one
    std::vector<std::pair<std::string, OutputFormat>> fields;
  };
  std::vector<Ready> entries_;
  std::vector<std::pair<std::string, OutputFormat>> suggested_;  // by field
};

}  // namespace nezuban::ruleset
