// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_book.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "ruleset/exception_item.h"
#include "ruleset/nearest_name.h"

namespace nezuban::ruleset {
namespace {

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

ExceptionItem* FindException(RuleSpec& rule, std::string_view name) {
  const auto at = std::ranges::find(rule.exceptions, name,
                                    [](const auto& e) -> std::string_view { return e.name.text; });
  return at == rule.exceptions.end() ? nullptr : &*at;
}

std::string Named(const ExceptionItem& item) { return "exception '" + item.name.text + "'"; }

// Those of a definition are complete, but for values that others add later.
void DefineExceptions(RuleSpec& rule, std::vector<ExceptionItem> items, Diagnostics& diagnostics) {
  for (ExceptionItem& item : items) {
    if (item.fields.empty()) {
      diagnostics.Error(item.name.Start(), Named(item) + " has no 'fields'");
      continue;
    }
    if (FindException(rule, item.name.text) != nullptr) {
      diagnostics.Warning(item.name.Start(), Named(item) + " is there twice in this rule");
    }
    rule.exceptions.push_back(std::move(item));
  }
}

void AppendException(RuleSpec& rule, ExceptionItem item, Diagnostics& diagnostics) {
  ExceptionItem* existing = FindException(rule, item.name.text);
  if (existing != nullptr && !item.fields.empty()) {
    diagnostics.Error(item.name.Start(),
                      Named(item) + " is there already: only values can be added");
  } else if (existing != nullptr && !item.has_values) {
    diagnostics.Warning(item.name.Start(), Named(item) + " has no 'values' to add");
  } else if (existing != nullptr) {
    AddValues(*existing, *item.unread_values, diagnostics);
  } else if (item.fields.empty()) {
    diagnostics.Error(item.name.Start(), Named(item) + " is new and has no 'fields'");
  } else if (!item.has_values) {
    diagnostics.Error(item.name.Start(), Named(item) + " is new and has no 'values'");
  } else {
    rule.exceptions.push_back(std::move(item));
  }
}

}  // namespace

void RuleBook::BeginFile(std::string_view name) {
  file_ = files_.emplace(name, files_.size()).first->second;
}

std::size_t RuleBook::FileIndex(std::string_view name) const {
  const auto at = files_.find(name);
  return at == files_.end() ? 0 : at->second;
}

bool RuleBook::IsBroken(BrokenItem::Kind kind, std::string_view name) const {
  return broken_file_ || broken_[static_cast<std::size_t>(kind)].contains(name);
}

void RuleBook::Add(Item item, Diagnostics& diagnostics) {
  ++items_;
  if (auto* list = std::get_if<ListItem>(&item)) {
    AddList(std::move(*list), diagnostics);
  } else if (auto* macro = std::get_if<MacroItem>(&item)) {
    AddMacro(std::move(*macro), diagnostics);
  } else if (auto* rule = std::get_if<RuleItem>(&item)) {
    AddRule(std::move(*rule), diagnostics);
  } else {
    auto& broken = std::get<BrokenItem>(item);
    if (broken.kind == BrokenItem::Kind::kFile) {
      broken_file_ = true;
    } else {
      broken_[static_cast<std::size_t>(broken.kind)].insert(std::move(broken.name));
    }
  }
}

void RuleBook::AddList(ListItem item, Diagnostics& diagnostics) {
  const auto existing = lists_.find(item.name.text);
  if (item.merge == Merge::kReplace) {
    std::string name = item.name.text;
    lists_.insert_or_assign(std::move(name), ListSpec{std::move(item.name), std::move(item.items)});
  } else if (existing == lists_.end()) {
    if (IsBroken(BrokenItem::Kind::kList, item.name.text)) return;
    diagnostics.Error(item.name.Start(), "no list '" + item.name.text + "' to append to",
                      NearestName(item.name.text, lists_));
  } else {
    for (SourceText& text : item.items) existing->second.items.push_back(std::move(text));
  }
}

void RuleBook::AddMacro(MacroItem item, Diagnostics& diagnostics) {
  const auto existing = macros_.find(item.name.text);
  if (item.merge == Merge::kReplace) {
    const Place first = existing == macros_.end() ? Place{file_, items_} : existing->second.first;
    std::string name = item.name.text;
    macros_.insert_or_assign(
        std::move(name), MacroSpec{std::move(item.name), std::move(item.condition), first, items_});
  } else if (existing == macros_.end()) {
    if (IsBroken(BrokenItem::Kind::kMacro, item.name.text)) return;
    diagnostics.Error(item.name.Start(), "no macro '" + item.name.text + "' to append to",
                      NearestName(item.name.text, macros_));
  } else {
    existing->second.condition.Append(item.condition);
    existing->second.last_item = items_;
  }
}

void RuleBook::AddRule(RuleItem item, Diagnostics& diagnostics) {
  const auto existing = rule_index_.find(item.name.text);
  if (!item.overrides.empty()) {
    if (existing != rule_index_.end()) {
      Change(rules_[existing->second], item, diagnostics);
    } else if (!IsBroken(BrokenItem::Kind::kRule, item.name.text)) {
      diagnostics.Error(item.name.Start(), "no rule '" + item.name.text + "' to change",
                        NearestName(item.name.text, rule_index_));
    }
    return;
  }
  Define(item, diagnostics);
}

void RuleBook::Define(RuleItem& item, Diagnostics& diagnostics) {
  const auto existing = rule_index_.find(item.name.text);
  RuleSpec rule{.name = item.name,
                .desc = std::move(*item.desc),
                .condition = std::move(*item.condition),
                .output = std::move(*item.output),
                .priority = *item.priority,
                .source = item.source.value_or("syscall"),
                .enabled = item.enabled.value_or(true),
                .warn_evttypes = item.warn_evttypes.value_or(true),
                .skip_if_unknown_filter = item.skip_if_unknown_filter.value_or(false),
                .tags = std::move(item.tags).value_or(std::vector<std::string>()),
                .exceptions = {},
                .alert = item.alert.value_or(true),
                .after = std::move(item.after).value_or(AfterItem()),
                .count = std::move(item.count).value_or(CountItem())};
  SortTags(rule.tags);
  DefineExceptions(rule, std::move(item.exceptions).value_or(std::vector<ExceptionItem>()),
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
  if (item.alert) rule.alert = *item.alert;
  if (item.after) rule.after = *std::move(item.after);
  if (item.count) rule.count = *std::move(item.count);
  if (item.warn_evttypes) rule.warn_evttypes = *item.warn_evttypes;
  if (item.skip_if_unknown_filter) rule.skip_if_unknown_filter = *item.skip_if_unknown_filter;
  if (item.tags) {
    if (!Appends(item, "tags")) rule.tags.clear();
    rule.tags.insert(rule.tags.end(), item.tags->begin(), item.tags->end());
    SortTags(rule.tags);
  }
  if (item.exceptions) {
    if (Appends(item, "exceptions")) {
      for (ExceptionItem& one : *item.exceptions) {
        AppendException(rule, std::move(one), diagnostics);
      }
    } else {
      rule.exceptions.clear();
      DefineExceptions(rule, std::move(*item.exceptions), diagnostics);
    }
  }
}

}  // namespace nezuban::ruleset
