// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_book.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nezuban::ruleset {
namespace {

template <typename Map>
std::string NearestName(std::string_view name, const Map& map) {
  std::vector<std::string_view> names;
  for (const auto& [key, value] : map) names.push_back(key);
  return NearestHint(name, names);
}

bool Appends(const RuleItem& item, std::string_view key) {
  const auto at = item.overrides.find(key);
  return at != item.overrides.end() && at->second == Merge::kAppend;
}

void SortTags(std::vector<std::string>& tags) {
  std::ranges::sort(tags);
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
}

void MergeText(SourceText& target, std::optional<SourceText>& value, bool append) {
  if (!value) return;
  if (append) {
    target.Append(*value);
  } else {
    target = std::move(*value);
  }
}

// An exception needs its fields, unless it adds values to one that is there.
void AddExceptions(RuleSpec& rule, std::vector<ExceptionItem> added, Diagnostics& diagnostics) {
  for (ExceptionItem& item : added) {
    const auto existing = std::ranges::find(rule.exceptions, item.name.text,
                                            [](const auto& e) { return e.name.text; });
    if (existing == rule.exceptions.end()) {
      if (item.fields.empty()) {
        diagnostics.Error(item.name.Start(),
                          "exception '" + item.name.text + "' is new and has no 'fields'");
      } else {
        rule.exceptions.push_back(std::move(item));
      }
      continue;
    }
    if (!item.fields.empty()) {
      diagnostics.Error(item.name.Start(), "exception '" + item.name.text +
                                               "' is there already: only values can be added");
      continue;
    }
    for (ExceptionTuple& tuple : item.tuples) {
      if (tuple.elements.size() == existing->fields.size()) {
        existing->tuples.push_back(std::move(tuple));
      } else {
        diagnostics.Error(tuple.at, "exception '" + item.name.text + "' has " +
                                        std::to_string(existing->fields.size()) +
                                        " fields: as many values are wanted");
      }
    }
  }
}

}  // namespace

void RuleBook::Add(Item item, Diagnostics& diagnostics) {
  if (auto* list = std::get_if<ListItem>(&item)) {
    AddList(std::move(*list), diagnostics);
  } else if (auto* macro = std::get_if<MacroItem>(&item)) {
    AddMacro(std::move(*macro), diagnostics);
  } else {
    AddRule(std::move(std::get<RuleItem>(item)), diagnostics);
  }
}

void RuleBook::AddList(ListItem item, Diagnostics& diagnostics) {
  const auto existing = lists_.find(item.name.text);
  if (item.merge == Merge::kReplace) {
    std::string name = item.name.text;
    lists_.insert_or_assign(std::move(name), ListSpec{std::move(item.name), std::move(item.items)});
  } else if (existing == lists_.end()) {
    diagnostics.Error(item.name.Start(), "no list '" + item.name.text + "' to append to",
                      NearestName(item.name.text, lists_));
  } else {
    for (SourceText& text : item.items) existing->second.items.push_back(std::move(text));
  }
}

void RuleBook::AddMacro(MacroItem item, Diagnostics& diagnostics) {
  const auto existing = macros_.find(item.name.text);
  if (item.merge == Merge::kReplace) {
    std::string name = item.name.text;
    macros_.insert_or_assign(std::move(name),
                             MacroSpec{std::move(item.name), std::move(item.condition)});
  } else if (existing == macros_.end()) {
    diagnostics.Error(item.name.Start(), "no macro '" + item.name.text + "' to append to",
                      NearestName(item.name.text, macros_));
  } else {
    existing->second.condition.Append(item.condition);
  }
}

void RuleBook::AddRule(RuleItem item, Diagnostics& diagnostics) {
  const auto existing = rule_index_.find(item.name.text);
  if (!item.overrides.empty()) {
    if (existing == rule_index_.end()) {
      diagnostics.Error(item.name.Start(), "no rule '" + item.name.text + "' to change",
                        NearestName(item.name.text, rule_index_));
    } else {
      Change(rules_[existing->second], item, diagnostics);
    }
    return;
  }
  RuleSpec rule{.name = item.name,
                .desc = std::move(*item.desc),
                .condition = std::move(*item.condition),
                .output = std::move(*item.output),
                .priority = *item.priority,
                .source = item.source.value_or("syscall"),
                .enabled = item.enabled.value_or(true),
                .warn_evttypes = item.warn_evttypes.value_or(true),
                .skip_if_unknown_filter = item.skip_if_unknown_filter.value_or(false),
                .tags = std::move(item.tags).value_or(std::vector<std::string>())};
  SortTags(rule.tags);
  AddExceptions(rule, std::move(item.exceptions).value_or(std::vector<ExceptionItem>()),
                diagnostics);
  if (existing == rule_index_.end()) {
    rule_index_.emplace(item.name.text, rules_.size());
    rules_.push_back(std::move(rule));
  } else if (rules_[existing->second].source != rule.source) {
    diagnostics.Error(item.name.Start(),
                      "rule '" + item.name.text + "' is redefined with another source");
  } else {
    rules_[existing->second] = std::move(rule);
  }
}

void RuleBook::Change(RuleSpec& rule, RuleItem& item, Diagnostics& diagnostics) {
  if (item.source && *item.source != rule.source) {
    diagnostics.Error(item.name.Start(),
                      "rule '" + item.name.text + "' is changed with another source");
    return;
  }
  MergeText(rule.condition, item.condition, Appends(item, "condition"));
  MergeText(rule.output, item.output, Appends(item, "output"));
  MergeText(rule.desc, item.desc, Appends(item, "desc"));
  if (item.priority) rule.priority = *item.priority;
  if (item.enabled) rule.enabled = *item.enabled;
  if (item.warn_evttypes) rule.warn_evttypes = *item.warn_evttypes;
  if (item.skip_if_unknown_filter) rule.skip_if_unknown_filter = *item.skip_if_unknown_filter;
  if (item.tags) {
    if (!Appends(item, "tags")) rule.tags.clear();
    rule.tags.insert(rule.tags.end(), item.tags->begin(), item.tags->end());
    SortTags(rule.tags);
  }
  if (item.exceptions) {
    if (!Appends(item, "exceptions")) rule.exceptions.clear();
    AddExceptions(rule, std::move(*item.exceptions), diagnostics);
  }
}

}  // namespace nezuban::ruleset
