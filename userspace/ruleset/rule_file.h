// SPDX-License-Identifier: Apache-2.0
// A rule file's items as they are written: rules, macros and lists, with positions, not yet merged.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "alert/alert.h"
#include "base/diagnostics.h"
#include "ruleset/correlation_item.h"
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
  // Of an item without fields: read when the shape of the exception it adds to is known.
  std::optional<YamlNode> unread_values;
  bool has_values = false;
  std::vector<ExceptionTuple> tuples;

  // How messages about it begin.
  std::string Named() const { return "exception '" + name.text + "': "; }
};

struct RuleItem {
  SourceText name;
  std::optional<SourceText> desc, condition, output;
  std::optional<alert::Priority> priority;
  std::optional<std::string> source;
  std::optional<bool> enabled, alert, warn_evttypes, skip_if_unknown_filter;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::vector<ExceptionItem>> exceptions;
  std::optional<AfterItem> after;
  std::optional<CountItem> count;
  // Changes a rule that is there: by key. Empty: defines it anew.
  std::map<std::string, Merge, std::less<>> overrides;
};

// An item with an error, or a whole file that is no YAML: told already, so nothing is said where
// others refer to what it would have defined.
struct BrokenItem {
  enum class Kind { kList, kMacro, kRule, kFile } kind = Kind::kFile;
  std::string name;
};

using Item = std::variant<ListItem, MacroItem, RuleItem, BrokenItem>;

// The keys that an item may have; others are warned of.
std::span<const std::string_view> ListKeys();
std::span<const std::string_view> MacroKeys();
std::span<const std::string_view> RuleKeys();

// Appends the file's items. Every problem goes to `diagnostics`; of an item with an error only its
// name is kept. `file` must outlive the items.
void ParseRuleFile(std::string_view text, std::string_view file, std::vector<Item>& items,
                   Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
