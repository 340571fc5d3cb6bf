// SPDX-License-Identifier: Apache-2.0
#include "ruleset/correlation_item.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <utility>

#include "base/text.h"

namespace nezuban::ruleset {
namespace {

constexpr std::string_view kAfterKeys[] = {"rule", "within", "same"};
constexpr std::string_view kCountKeys[] = {"at_least", "within", "by", "distinct"};

struct Unit {
  std::string_view name;
  std::uint64_t ns;
};
constexpr std::array kUnits = {Unit{"ms", 1'000'000}, Unit{"s", 1'000'000'000},
                               Unit{"m", 60'000'000'000}, Unit{"h", 3'600'000'000'000}};

// Reads the map under one of the two keys, whose name messages begin with.
class MapReader {
 public:
  MapReader(std::string_view what, const YamlNode& node, Diagnostics& diagnostics)
      : what_("'" + std::string(what) + "'"),
        node_(node),
        diagnostics_(diagnostics),
        errors_before_(diagnostics.error_count()) {}

  bool CheckKeys(std::span<const std::string_view> known) {
    if (!node_.is_map()) {
      diagnostics_.Error(node_.at(), what_ + " must be a map");
      return false;
    }
    for (const auto& [key, value] : node_.entries) {
      if (std::ranges::find(known, key.text()) != known.end()) continue;
      diagnostics_.Error(key.at(), "unknown key '" + key.text() + "' in " + what_,
                         NearestHint(key.text(), known));
    }
    return true;
  }

  const YamlNode* Required(std::string_view key) {
    const YamlNode* value = node_.Find(key);
    if (value == nullptr) {
      diagnostics_.Error(node_.at(), what_ + " has no '" + std::string(key) + "'");
    }
    return value;
  }

  std::uint64_t Within() {
    const YamlNode* value = Required("within");
    if (value == nullptr) return 0;
    const auto duration =
        value->is_scalar() ? ParseDuration(value->text()) : ParseDuration(std::string_view());
    if (!duration) diagnostics_.Error(value->at(), "'within': " + duration.error().message);
    if (duration && *duration == 0) diagnostics_.Error(value->at(), "'within' must be more than 0");
    return duration.value_or(0);
  }

  // Names of fields: a sequence of them, or one by itself; none if the key is not there.
  std::vector<SourceText> Fields(std::string_view key) {
    const YamlNode* value = node_.Find(key);
    if (value == nullptr || value->is_null()) return {};
    if (value->is_scalar()) return {value->scalar};
    std::vector<SourceText> fields;
    const bool texts = value->is_sequence() && std::ranges::all_of(value->items, [](const auto& i) {
                         return i.is_scalar() && !i.text().empty();
                       });
    if (!texts) {
      diagnostics_.Error(value->at(), "'" + std::string(key) + "' must be a sequence of fields");
      return fields;
    }
    for (const YamlNode& item : value->items) fields.push_back(item.scalar);
    return fields;
  }

  // Whether nothing was wrong since the start.
  bool Good() const { return diagnostics_.error_count() == errors_before_; }

 private:
  const std::string what_;
  const YamlNode& node_;
  Diagnostics& diagnostics_;
  const int errors_before_;
};

bool ParseNumber(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<std::uint64_t> ParseDuration(std::string_view text) {
  const std::string quoted = "'" + Printable(text) + "'";
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::uint64_t number = 0;
  if (digits == 0) return Fail(quoted + " is no duration such as 500ms, 5s, 10m or 1h", 1);
  const auto unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  if (unit == kUnits.end()) {
    return Fail(quoted + (digits == text.size() ? " has no unit" : " has an unknown unit") +
                    ": ms, s, m or h",
                1);
  }
  const bool fits = ParseNumber(text.substr(0, digits), number);
  if (!fits || number > kLongestWindowNs / unit->ns) {
    return Fail(quoted + " is more than the 24h a rule may look back", 1);
  }
  return number * unit->ns;
}

std::optional<AfterItem> ReadAfter(const YamlNode& node, Diagnostics& diagnostics) {
  AfterItem after;
  if (node.is_null()) return after;
  MapReader reader("after", node, diagnostics);
  if (!reader.CheckKeys(kAfterKeys)) return std::nullopt;
  if (const YamlNode* rule = reader.Required("rule")) {
    after.rule = rule->scalar;
    if (!rule->is_scalar() || Trim(rule->text()).empty()) {
      diagnostics.Error(rule->at(), "'rule' must be the name of a rule");
    }
  }
  after.within_ns = reader.Within();
  after.same = reader.Fields("same");
  return reader.Good() ? std::optional(std::move(after)) : std::nullopt;
}

std::optional<CountItem> ReadCount(const YamlNode& node, Diagnostics& diagnostics) {
  CountItem count;
  if (node.is_null()) return count;
  MapReader reader("count", node, diagnostics);
  if (!reader.CheckKeys(kCountKeys)) return std::nullopt;
  if (const YamlNode* least = reader.Required("at_least")) {
    const bool number = least->is_scalar() && ParseNumber(least->text(), count.at_least);
    if (!number || count.at_least == 0 || count.at_least > kMostCounted) {
      diagnostics.Error(least->at(),
                        "'at_least' must be a number from 1 to " + std::to_string(kMostCounted));
    }
  }
  count.within_ns = reader.Within();
  count.by = reader.Fields("by");
  if (const YamlNode* distinct = node.Find("distinct")) {
    count.distinct = distinct->scalar;
    if (!distinct->is_scalar()) diagnostics.Error(distinct->at(), "'distinct' must be a field");
  }
  return reader.Good() ? std::optional(std::move(count)) : std::nullopt;
}

}  // namespace nezuban::ruleset
