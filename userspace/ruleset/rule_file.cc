// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_file.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "ruleset/exception_item.h"
#include "ruleset/requirements.h"

namespace nezuban::ruleset {
namespace {

constexpr std::string_view kListKeys[] = {"list", "items", "append", "override"};
constexpr std::string_view kMacroKeys[] = {"macro", "condition", "append", "override"};
constexpr std::string_view kRuleKeys[] = {"rule",          "desc",       "condition",
                                          "output",        "priority",   "source",
                                          "enabled",       "tags",       "append",
                                          "warn_evttypes", "capture",    "skip-if-unknown-filter",
                                          "override",      "exceptions", "capture_duration",
                                          "after",         "count",      "alert"};

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsIdentifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

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
    if (diagnostics_.error_count() > before + harmless_) return Broken();
    return item;
  }

 private:
  std::optional<Item> Broken() const {
    using Kind = BrokenItem::Kind;
    for (const auto& [key, kind] :
         {std::pair{"list", Kind::kList}, std::pair{"macro", Kind::kMacro},
          std::pair{"rule", Kind::kRule}}) {
      if (const YamlNode* name = node_.Find(key)) return BrokenItem{kind, name->text()};
    }
    return std::nullopt;
  }

  void CheckKeys(std::span<const std::string_view> known) {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : node_.entries) {
      if (!key.is_scalar()) {
        diagnostics_.Error(key.at(), "a key must be text");
      } else if (!seen.insert(key.text()).second) {
        diagnostics_.Warning(key.at(), "key '" + key.text() + "' is given twice; the first counts");
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

  using Overriding = std::map<std::string, Merge, std::less<>>;

  // What `append: true` does; the keys it can do it to are fewer than those of `override`.
  Overriding Appended(std::span<const std::string_view> by_append) {
    Overriding overrides;
    const YamlNode& append = *node_.Find("append");
    if (const YamlNode* node = node_.Find("override")) {
      diagnostics_.Error(node->at(), "'append: true' and 'override' exclude each other");
    }
    std::string hint;
    for (std::string_view key : by_append) {
      if (node_.Find(key) == nullptr) continue;
      overrides.emplace(key, Merge::kAppend);
      hint += (hint.empty() ? "" : ", ") + std::string(key) + ": append";
    }
    if (overrides.empty()) {
      diagnostics_.Error(node_.at(), "'append: true' without anything to append");
    } else {
      diagnostics_.Warning(append.at(), "'append: true' is deprecated",
                           "write override: {" + hint + "}");
    }
    return overrides;
  }

  Overriding Overrides(std::span<const std::string_view> by_append,
                       std::span<const std::string_view> appendable,
                       std::span<const std::string_view> others) {
    if (Bool("append").value_or(false)) return Appended(by_append);
    Overriding overrides;
    const YamlNode* node = node_.Find("override");
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
                   std::span<const std::string_view> others, Overriding& overrides) {
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
    const auto overrides = Overrides(keys, keys, {});
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

  void WarnName(const SourceText& name, const std::string& kind, const std::string& wanted) {
    if (name.text.empty()) return;
    diagnostics_.Warning(name.Start(), "no condition can name " + kind + " '" + name.text + "'",
                         "use " + wanted);
  }

  Item ReadList() {
    CheckKeys(kListKeys);
    ListItem list{.name = Required("list")};
    if (list.name.text.find_first_of("()\"' \t\r\n=,") != std::string::npos) {
      WarnName(list.name, "list", "no blanks and none of ( ) \" ' = ,");
    }
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
    if (!IsIdentifier(macro.name.text)) {
      WarnName(macro.name, "macro", "a letter, then letters, digits and _");
    }
    macro.merge = OneMerge("condition");
    return macro;
  }

  Item ReadRule() {
    CheckKeys(kRuleKeys);
    static constexpr std::string_view kAppendable[] = {"condition", "output", "desc", "tags",
                                                       "exceptions"};
    static constexpr std::string_view kOthers[] = {
        "priority", "enabled",          "warn_evttypes", "skip-if-unknown-filter",
        "capture",  "capture_duration", "after",         "count",
        "alert"};
    static constexpr std::string_view kByAppend[] = {"condition", "exceptions"};
    RuleItem rule{.name = Required("rule")};
    rule.overrides = Overrides(kByAppend, kAppendable, kOthers);
    ReadCapture();
    rule.desc = Text("desc");
    rule.condition = Text("condition");
    rule.output = Text("output");
    rule.enabled = Bool("enabled");
    rule.alert = Bool("alert");
    rule.warn_evttypes = Bool("warn_evttypes");
    rule.skip_if_unknown_filter = Bool("skip-if-unknown-filter");
    if (auto source = Text("source")) rule.source = source->text;
    ReadPriority(rule);
    ReadTags(rule);
    if (const YamlNode* node = node_.Find("exceptions")) {
      rule.exceptions = ReadExceptions(*node, diagnostics_);
    }
    if (const YamlNode* node = node_.Find("after")) rule.after = ReadAfter(*node, diagnostics_);
    if (const YamlNode* node = node_.Find("count")) rule.count = ReadCount(*node, diagnostics_);
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

  // Known and checked, but no alert makes a capture file here.
  void ReadCapture() {
    const auto capture = Bool("capture");
    const YamlNode* duration = node_.Find("capture_duration");
    if (duration != nullptr && (!duration->is_scalar() || !IsNumber(duration->text()))) {
      diagnostics_.Error(duration->at(), "'capture_duration' must be a number of milliseconds");
    }
    if (capture.value_or(false)) {
      diagnostics_.Warning(node_.Find("capture")->at(),
                           "'capture' has no effect: alerts make no capture files");
    }
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
      diagnostics_.Warning(node_.at(), "a rule with nothing but 'enabled' is deprecated",
                           "add override: {enabled: replace}");
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

void ReadItem(const YamlNode& node, std::vector<Item>& items, Diagnostics& diagnostics) {
  if (node.is_null()) return;
  if (!node.is_map()) {
    diagnostics.Error(node.at(), "an item must be a map with a key rule, macro or list");
  } else if (const YamlNode* version = node.Find("required_engine_version")) {
    CheckEngineVersion(*version, diagnostics);
  } else if (const YamlNode* plugins = node.Find("required_plugin_versions")) {
    CheckPluginVersions(*plugins, diagnostics);
  } else if (auto item = ItemReader(node, diagnostics).Read()) {
    items.push_back(std::move(*item));
  }
}

}  // namespace

std::span<const std::string_view> ListKeys() { return kListKeys; }
std::span<const std::string_view> MacroKeys() { return kMacroKeys; }
std::span<const std::string_view> RuleKeys() { return kRuleKeys; }

void ParseRuleFile(std::string_view text, std::string_view file, std::vector<Item>& items,
                   Diagnostics& diagnostics) {
  const auto documents = ParseYaml(text, file, diagnostics);
  if (!documents) {
    items.emplace_back(BrokenItem{});
    return;
  }
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
