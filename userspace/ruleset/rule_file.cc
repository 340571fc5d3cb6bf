// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.h"
#include "ruleset/exception_item.h"

namespace nezuban::ruleset {
namespace {

// The language's version this engine speaks, as required_engine_version asks for it: 0.63.0.
constexpr int kEngineMinor = 63;

constexpr std::string_view kListKeys[] = {"list", "items", "append", "override"};
constexpr std::string_view kMacroKeys[] = {"macro", "condition", "append", "override"};
constexpr std::string_view kRuleKeys[] = {"rule",          "desc",       "condition",
                                          "output",        "priority",   "source",
                                          "enabled",       "tags",       "append",
                                          "warn_evttypes", "capture",    "skip-if-unknown-filter",
                                          "override",      "exceptions", "capture_duration"};

class ItemReader {
 public:
  ItemReader(const YamlNode& node, Diagnostics& diagnostics)
      : node_(node), diagnostics_(diagnostics) {}

  std::optional<Item> Read() {
    std::optional<Item> item;
    const int before = diagnostics_.error_count();
    if (node_.Find("list") != nullptr) {
      item = ReadList();
    } else if (node_.Find("macro") != nullptr) {
      item = ReadMacro();
    } else if (node_.Find("rule") != nullptr) {
      item = ReadRule();
    } else {
      diagnostics_.Warning(node_.at(), "neither a rule nor a macro nor a list");
    }
    if (diagnostics_.error_count() > before + harmless_) return std::nullopt;
    return item;
  }

 private:
  void CheckKeys(std::span<const std::string_view> known) {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : node_.entries) {
      if (!key.is_scalar()) {
        diagnostics_.Error(key.at(), "a key must be text");
      } else if (!seen.insert(key.text()).second) {
        diagnostics_.Error(key.at(), "key '" + key.text() + "' is given twice");
      } else if (std::ranges::find(known, key.text()) == known.end()) {
        diagnostics_.Warning(key.at(), "unknown key '" + key.text() + "'",
                             NearestHint(key.text(), known));
      }
    }
  }

  // The text of `key`, without blanks around it; an error if it is there and no text, or empty.
  std::optional<SourceText> Text(std::string_view key) {
    const YamlNode* value = node_.Find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_scalar() || Trim(value->text()).empty()) {
      diagnostics_.Error(value->at(),
                         "'" + std::string(key) + "' must be a text that is not empty");
      return std::nullopt;
    }
    return value->scalar;
  }

  SourceText Required(std::string_view key) {
    auto text = Text(key);
    if (!text && node_.Find(key) == nullptr) {
      diagnostics_.Error(node_.at(), "'" + std::string(key) + "' is missing");
    }
    return text.value_or(SourceText{});
  }

  std::optional<bool> Bool(std::string_view key) {
    const YamlNode* value = node_.Find(key);
    if (value == nullptr) return std::nullopt;
    const auto flag = YamlBool(*value);
    if (!flag) diagnostics_.Error(value->at(), "'" + std::string(key) + "' must be true or false");
    return flag;
  }

  std::map<std::string, Merge, std::less<>> Overrides(std::span<const std::string_view> appendable,
                                                      std::span<const std::string_view> others) {
    std::map<std::string, Merge, std::less<>> overrides;
    const YamlNode* node = node_.Find("override");
    if (Bool("append").value_or(false)) {
      if (node != nullptr) {
        diagnostics_.Error(node->at(), "'append: true' and 'override' exclude each other");
      }
      for (std::string_view key : appendable) {
        if (node_.Find(key) != nullptr) overrides.emplace(key, Merge::kAppend);
      }
      if (overrides.empty())
        diagnostics_.Error(node_.at(), "'append: true' without anything to append");
      return overrides;
    }
    if (node == nullptr) return overrides;
    if (!node->is_map()) {
      diagnostics_.Error(node->at(), "'override' must be a map");
      return overrides;
    }
    for (const auto& [key, value] : node->entries) {
      AddOverride(key, value, appendable, others, overrides);
    }
    for (const auto& [key, value] : node_.entries) {
      const bool overridable = std::ranges::find(appendable, key.text()) != appendable.end() ||
                               std::ranges::find(others, key.text()) != others.end();
      if (overridable && !overrides.contains(key.text())) {
        diagnostics_.Error(key.at(), "'" + key.text() + "' has no entry in 'override'");
      }
    }
    return overrides;
  }

  void AddOverride(const YamlNode& key, const YamlNode& value,
                   std::span<const std::string_view> appendable,
                   std::span<const std::string_view> others,
                   std::map<std::string, Merge, std::less<>>& overrides) {
    const bool can_append = std::ranges::find(appendable, key.text()) != appendable.end();
    const bool append = value.is_scalar() && value.text() == "append";
    const bool replace = value.is_scalar() && value.text() == "replace";
    if (!can_append && std::ranges::find(others, key.text()) == others.end()) {
      diagnostics_.Error(key.at(), "'" + key.text() + "' can't be overridden");
    } else if (!append && !replace) {
      diagnostics_.Error(value.at(), "must be append or replace");
    } else if (append && !can_append) {
      diagnostics_.Error(value.at(), "'" + key.text() + "' can only be replaced");
    } else if (node_.Find(key.text()) == nullptr) {
      diagnostics_.Error(key.at(), "'" + key.text() + "' is overridden but not given");
    } else {
      overrides.emplace(key.text(), append ? Merge::kAppend : Merge::kReplace);
    }
  }

  Merge OneMerge(std::string_view key) {
    const std::string_view keys[] = {key};
    const auto overrides = Overrides(keys, {});
    const auto at = overrides.find(key);
    return at == overrides.end() ? Merge::kReplace : at->second;
  }

  std::vector<SourceText> Scalars(const YamlNode& node, const char* what) {
    std::vector<SourceText> texts;
    if (!node.is_sequence()) {
      diagnostics_.Error(node.at(), std::string(what) + " must be a sequence");
      return texts;
    }
    for (const YamlNode& item : node.items) {
      if (item.is_scalar()) {
        texts.push_back(item.scalar);
      } else {
        diagnostics_.Error(item.at(), std::string(what) + " must be texts or numbers");
      }
    }
    return texts;
  }

  Item ReadList() {
    CheckKeys(kListKeys);
    ListItem list{.name = Required("list")};
    if (const YamlNode* items = node_.Find("items")) {
      list.items = Scalars(*items, "the items of a list");
    } else {
      diagnostics_.Error(node_.at(), "'items' is missing");
    }
    list.merge = OneMerge("items");
    return list;
  }

  Item ReadMacro() {
    CheckKeys(kMacroKeys);
    MacroItem macro{.name = Required("macro"), .condition = Required("condition")};
    macro.merge = OneMerge("condition");
    return macro;
  }

  Item ReadRule() {
    CheckKeys(kRuleKeys);
    static constexpr std::string_view kAppendable[] = {"condition", "output", "desc", "tags",
                                                       "exceptions"};
    static constexpr std::string_view kOthers[] = {"priority", "enabled", "warn_evttypes",
                                                   "skip-if-unknown-filter"};
    RuleItem rule{.name = Required("rule")};
    rule.overrides = Overrides(kAppendable, kOthers);
    rule.desc = Text("desc");
    rule.condition = Text("condition");
    rule.output = Text("output");
    rule.enabled = Bool("enabled");
    rule.warn_evttypes = Bool("warn_evttypes");
    rule.skip_if_unknown_filter = Bool("skip-if-unknown-filter");
    if (auto source = Text("source")) rule.source = source->text;
    ReadPriority(rule);
    ReadTags(rule);
    if (const YamlNode* node = node_.Find("exceptions")) {
      rule.exceptions = ReadExceptions(*node, diagnostics_);
    }
    CheckComplete(rule);
    return rule;
  }

  void ReadPriority(RuleItem& rule) {
    const YamlNode* node = node_.Find("priority");
    if (node == nullptr) return;
    alert::Priority priority{};
    if (node->is_scalar() && alert::ParsePriority(node->text(), priority)) {
      rule.priority = priority;
      return;
    }
    static constexpr std::string_view kNames[] = {"emergency", "alert",  "critical",      "error",
                                                  "warning",   "notice", "informational", "debug"};
    diagnostics_.Error(node->at(), "unknown priority '" + node->text() + "'",
                       NearestHint(node->text(), kNames));
    rule.priority = alert::Priority::kDebug;
    ++harmless_;
  }

  void ReadTags(RuleItem& rule) {
    const YamlNode* node = node_.Find("tags");
    if (node == nullptr) return;
    rule.tags.emplace();
    for (const SourceText& tag : Scalars(*node, "tags")) rule.tags->push_back(tag.text);
  }

  // A rule with nothing but its switch changes one that is there.
  void CheckComplete(RuleItem& rule) {
    if (!rule.overrides.empty()) return;
    bool any = false;
    for (const char* key : {"desc", "condition", "output", "priority"}) {
      any |= node_.Find(key) != nullptr;
    }
    if (!any && node_.Find("enabled") != nullptr) {
      rule.overrides.emplace("enabled", Merge::kReplace);
      return;
    }
    for (const char* key : {"desc", "condition", "output", "priority"}) {
      if (node_.Find(key) == nullptr) {
        diagnostics_.Error(node_.at(), "rule '" + rule.name.text + "' has no '" + key + "'");
      }
    }
  }

  const YamlNode& node_;
  Diagnostics& diagnostics_;
  int harmless_ = 0;  // errors that leave an item whose other parts can be checked
};

// "0.57.0" or 57. False if it asks for more than this engine is, or is no version.
bool IsCompatible(std::string_view version) {
  const auto parts = Split(version, '.');
  const std::string_view minor = parts.size() == 1 ? parts[0] : parts[1];
  if (parts.size() > 3 || (parts.size() > 1 && parts[0] != "0")) return false;
  int number = -1;
  const auto [end, error] = std::from_chars(minor.data(), minor.data() + minor.size(), number);
  return error == std::errc() && end == minor.data() + minor.size() && number >= 0 &&
         number <= kEngineMinor;
}

void ReadItem(const YamlNode& node, std::vector<Item>& items, Diagnostics& diagnostics) {
  if (node.is_null()) return;
  if (!node.is_map()) {
    diagnostics.Error(node.at(), "an item must be a map with a key rule, macro or list");
  } else if (const YamlNode* version = node.Find("required_engine_version")) {
    if (!version->is_scalar() || !IsCompatible(version->text())) {
      diagnostics.Error(version->at(), "needs engine version '" + version->text() +
                                           "'; this is 0." + std::to_string(kEngineMinor) + ".0");
    }
  } else if (node.Find("required_plugin_versions") != nullptr) {
    // What the container plugin gives is built in; there are no others to ask for.
  } else if (auto item = ItemReader(node, diagnostics).Read()) {
    items.push_back(std::move(*item));
  }
}

}  // namespace

void ParseRuleFile(std::string_view text, std::string_view file, std::vector<Item>& items,
                   Diagnostics& diagnostics) {
  const auto documents = ParseYaml(text, file, diagnostics);
  if (!documents) return;
  for (const YamlNode& document : *documents) {
    if (document.is_null()) continue;
    if (!document.is_sequence()) {
      diagnostics.Error(document.at(), "a rule file is a sequence of rules, macros and lists");
      continue;
    }
    for (const YamlNode& node : document.items) ReadItem(node, items, diagnostics);
  }
}

}  // namespace nezuban::ruleset
