// SPDX-License-Identifier: Apache-2.0
#include "ruleset/selection.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "ruleset/ruleset.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {
namespace {

std::string ToString(const Selection& selection) {
  return std::string(selection.enable ? "enable" : "disable") + "." +
         (selection.by == Selection::By::kRule ? "rule" : "tag") + "=" + selection.what;
}

// Stars stand for any characters, nothing else is special. Back to the last star where it fails:
// never more than pattern × name steps.
bool NameMatches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::optional<std::size_t> star;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star) {
      p = *star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

std::optional<Selection> Make(std::string_view verb, std::string_view by, std::string_view what) {
  if ((verb != "enable" && verb != "disable") || (by != "rule" && by != "tag") || what.empty()) {
    return std::nullopt;
  }
  return Selection{verb == "enable", by == "rule" ? Selection::By::kRule : Selection::By::kTag,
                   std::string(what)};
}

// The one entry of a map; nullptr if it is none, or has more.
const YamlNode::Entry* OnlyEntry(const YamlNode& node) {
  return node.is_map() && node.entries.size() == 1 ? &node.entries[0] : nullptr;
}

std::optional<Selection> FromYaml(std::string_view text) {
  Diagnostics ignored;
  const auto documents = ParseYaml(text, "", ignored);
  if (!documents || documents->size() != 1) return std::nullopt;
  const YamlNode::Entry* outer = OnlyEntry((*documents)[0]);
  const YamlNode::Entry* inner = outer != nullptr ? OnlyEntry(outer->value) : nullptr;
  if (inner == nullptr) return std::nullopt;
  return Make(outer->key.text(), inner->key.text(), inner->value.text());
}

}  // namespace

Result<Selection> ParseSelection(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::size_t equals = text.find('=');
  std::optional<Selection> selection;
  if (dot < equals && equals != std::string_view::npos) {
    selection =
        Make(text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1));
  }
  if (!selection) selection = FromYaml(text);
  if (selection) return *selection;
  return Fail(
      "expected enable or disable with rule or tag, as disable.rule=NAME or "
      "{disable: {rule: NAME}}");
}

void Select(std::span<const Selection> selections, std::span<Rule> rules,
            Diagnostics& diagnostics) {
  for (const Selection& selection : selections) {
    bool any = false;
    for (Rule& rule : rules) {
      const bool chosen = selection.by == Selection::By::kRule
                              ? NameMatches(selection.what, rule.name)
                              : std::ranges::find(rule.tags, selection.what) != rule.tags.end();
      if (chosen) rule.enabled = selection.enable;
      any |= chosen;
    }
    if (!any) diagnostics.Warning({}, ToString(selection) + ": no rule answers to it");
  }
}

}  // namespace nezuban::ruleset
