// SPDX-License-Identifier: Apache-2.0
// RuleBook: the items of all files merged into one set, redefinitions and overrides applied.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "ruleset/rule_file.h"

namespace nezuban::ruleset {

struct RuleSpec {
  SourceText name, desc, condition, output;
  alert::Priority priority = alert::Priority::kDebug;
  std::string source = "syscall";
  bool enabled = true;
  bool warn_evttypes = true;
  bool skip_if_unknown_filter = false;
  std::vector<std::string> tags;  // sorted, each once
  std::vector<ExceptionItem> exceptions;
};

struct MacroSpec {
  SourceText name, condition;
};

struct ListSpec {
  SourceText name;
  std::vector<SourceText> items;
};

// A redefinition replaces the whole object but keeps the place of the first definition.
class RuleBook {
 public:
  void Add(Item item, Diagnostics& diagnostics);

  const std::vector<RuleSpec>& rules() const { return rules_; }
  const std::map<std::string, MacroSpec, std::less<>>& macros() const { return macros_; }
  const std::map<std::string, ListSpec, std::less<>>& lists() const { return lists_; }

 private:
  void AddList(ListItem item, Diagnostics& diagnostics);
  void AddMacro(MacroItem item, Diagnostics& diagnostics);
  void AddRule(RuleItem item, Diagnostics& diagnostics);
  void Change(RuleSpec& rule, RuleItem& item, Diagnostics& diagnostics);

  std::vector<RuleSpec> rules_;  // in order of first definition
  std::map<std::string, std::size_t, std::less<>> rule_index_;
  std::map<std::string, MacroSpec, std::less<>> macros_;
  std::map<std::string, ListSpec, std::less<>> lists_;
};

}  // namespace nezuban::ruleset
