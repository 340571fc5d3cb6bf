// SPDX-License-Identifier: Apache-2.0
// A rule file's items as they are written: rules, macros and lists, with positions, not yet merged.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "alert/alert.h"
#include "base/diagnostics.h"
#include "ruleset/source_text.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {

// What to do with a value that is there already.
enum class Merge { kReplace, kAppend };

struct ListItem {
  SourceText name;
  std::vector<SourceText> items;
  Merge merge = Merge::kReplace;
};

struct MacroItem {
  SourceText name;
  SourceText condition;
  Merge merge = Merge::kReplace;
};

// One value tuple of an exception. In the scalar form each tuple has one element.
struct ExceptionTuple {
  struct Element {
    std::vector<SourceText> values;
    bool is_list = false;
  };
  Position at;
  std::vector<Element> elements;
};

struct ExceptionItem {
  SourceText name;
  bool scalar_form = false;
  std::vector<SourceText> fields;  // empty: only adds values to one that exists
  std::vector<SourceText> comps;   // as many as fields, defaults filled in
  std::vector<ExceptionTuple> tuples;
};

struct RuleItem {
  SourceText name;
  std::optional<SourceText> desc, condition, output;
  std::optional<alert::Priority> priority;
  std::optional<std::string> source;
  std::optional<bool> enabled, warn_evttypes, skip_if_unknown_filter;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::vector<ExceptionItem>> exceptions;
  // Changes a rule that is there: by key. Empty: defines it anew.
  std::map<std::string, Merge, std::less<>> overrides;
};

using Item = std::variant<ListItem, MacroItem, RuleItem>;

// Appends the file's items. Every problem goes to `diagnostics`; an item with an error is left out.
// `file` must outlive the items.
void ParseRuleFile(std::string_view text, std::string_view file, std::vector<Item>& items,
                   Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
