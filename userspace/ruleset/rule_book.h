// SPDX-License-Identifier: Apache-2.0
// RuleBook: the items of all files merged into one set, redefinitions and overrides applied.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "ruleset/rule_file.h"

namespace nezuban::ruleset {

// Where something was defined: the file, counted from 0, and the item, counted over all files.
struct Place {
  std::size_t file = 0;
  std::size_t item = 0;
};

struct RuleSpec {
  SourceText name, desc, condition, output;
  alert::Priority priority = alert::Priority::kDebug;
  std::string source = "syscall";
  bool enabled = true;
  bool warn_evttypes = true;
  bool skip_if_unknown_filter = false;
  std::vector<std::string> tags;  // sorted, each once
  std::vector<ExceptionItem> exceptions;
  bool alert = true;
  AfterItem after;  // no rule: none
  CountItem count;  // at_least 0: none
};

struct MacroSpec {
  SourceText name, condition;
  Place first;            // of the definition: those after it can use it
  std::size_t last_item;  // that said something of it: it can use what was defined before
};

struct ListSpec {
  SourceText name;
  std::vector<SourceText> items;
};

// A redefinition replaces the whole object but keeps the place of the first definition.
class RuleBook {
 public:
  // The items that follow are those of file `name`, which lives as long as the book.
  void BeginFile(std::string_view name);
  void Add(Item item, Diagnostics& diagnostics);

  const std::vector<RuleSpec>& rules() const { return rules_; }
  const std::map<std::string, MacroSpec, std::less<>>& macros() const { return macros_; }
  const std::map<std::string, ListSpec, std::less<>>& lists() const { return lists_; }

  // Which file that is; the first of that name.
  std::size_t FileIndex(std::string_view name) const;

  // There was, or may have been, one of this kind and name, but it had errors.
  bool IsBroken(BrokenItem::Kind kind, std::string_view name) const;

 private:
  void AddList(ListItem item, Diagnostics& diagnostics);
  void AddMacro(MacroItem item, Diagnostics& diagnostics);
  void AddRule(RuleItem item, Diagnostics& diagnostics);
  void Define(RuleItem& item, Diagnostics& diagnostics);
  void Change(RuleSpec& rule, RuleItem& item, Diagnostics& diagnostics);

  std::vector<RuleSpec> rules_;  // in order of first definition
  std::map<std::string, std::size_t, std::less<>> rule_index_;
  std::map<std::string, MacroSpec, std::less<>> macros_;
  std::map<std::string, ListSpec, std::less<>> lists_;
  std::map<std::string, std::size_t, std::less<>> files_;
  std::size_t file_ = 0;
  std::size_t items_ = 0;
  bool broken_file_ = false;
  std::set<std::string, std::less<>> broken_[3];  // names by kind
};

}  // namespace nezuban::ruleset
