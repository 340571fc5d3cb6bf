// SPDX-License-Identifier: Apache-2.0
#include "ruleset/output_extra.h"

#include <algorithm>
#include <optional>

#include "fields/fields.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {
namespace {

constexpr std::pair<std::string_view, std::string_view> kSuggested[] = {
    {"container.id", "container_id"},
    {"container.name", "container_name"},
    {"container.image.repository", "container_image_repository"},
    {"container.image.tag", "container_image_tag"},
    {"k8s.pod.name", "k8s_pod_name"},
    {"k8s.ns.name", "k8s_ns_name"},
};

Status Wrong(const std::string& key, const std::string& wanted) {
  return Fail("'" + key + "' must be " + wanted, 1);
}

Status ReadMatch(const YamlNode& node, OutputExtra& extra) {
  if (!node.is_map()) return Wrong("match", "a map with source, rule and tags");
  for (const auto& [key, value] : node.entries) {
    if (key.text() == "source" && value.is_scalar()) {
      extra.source = value.text();
    } else if (key.text() == "rule" && value.is_scalar()) {
      extra.rule = value.text();
    } else if (key.text() == "tags" && value.is_sequence()) {
      for (const YamlNode& tag : value.items) extra.tags.push_back(tag.text());
    } else {
      return Wrong("match", "a map with source, rule and a sequence of tags");
    }
  }
  return {};
}

Status ReadFields(const YamlNode& node, OutputExtra& extra) {
  for (const YamlNode& field : node.items) {
    if (field.is_scalar()) {
      extra.fields.emplace_back(field.text(), "%" + field.text());
    } else if (field.is_map() && field.entries.size() == 1 && field.entries[0].value.is_scalar()) {
      extra.fields.emplace_back(field.entries[0].key.text(), field.entries[0].value.text());
    } else {
      return Wrong("extra_fields", "a sequence of fields and of KEY: FORMAT");
    }
  }
  return node.is_sequence() ? Status() : Wrong("extra_fields", "a sequence");
}

Status ReadEntry(const YamlNode& node, OutputExtra& extra) {
  if (!node.is_map()) return Fail("expected a map with match, extra_output and extra_fields", 1);
  for (const auto& [key, value] : node.entries) {
    if (key.text() == "match") {
      RETURN_IF_ERROR(ReadMatch(value, extra));
    } else if (key.text() == "extra_output") {
      if (!value.is_scalar()) return Wrong("extra_output", "a text");
      extra.output = value.text();
    } else if (key.text() == "extra_fields") {
      RETURN_IF_ERROR(ReadFields(value, extra));
    } else if (key.text() == "suggested_output") {
      const auto flag = YamlBool(value);
      if (!flag) return Wrong("suggested_output", "true or false");
      extra.suggested = *flag;
    } else {
      return Fail("unknown key '" + key.text() +
                      "', expected match, extra_output, extra_fields or suggested_output",
                  1);
    }
  }
  return {};
}

std::optional<OutputFormat> Make(const std::string& format, const StaticFields& statics,
                                 Diagnostics& diagnostics) {
  std::vector<filter::Problem> problems;
  auto made = OutputFormat::Parse(format, statics, problems);
  for (const filter::Problem& problem : problems) {
    diagnostics.Add({problem.severity,
                     {"append_output"},
                     "'" + format + "': " + problem.message,
                     problem.hint});
  }
  return made;
}

bool Fits(const OutputExtra& entry, const RuleSpec& rule) {
  const auto has = [&](const std::string& tag) {
    return std::ranges::find(rule.tags, tag) != rule.tags.end();
  };
  return (entry.source.empty() || entry.source == rule.source) &&
         (entry.rule.empty() || entry.rule == rule.name.text) &&
         std::ranges::all_of(entry.tags, has);
}

}  // namespace

Result<OutputExtra> ParseOutputExtra(std::string_view yaml) {
  Diagnostics problems;
  const auto documents = ParseYaml(yaml, "", problems);
  if (!documents || documents->size() != 1) return Fail("expected one YAML map", 1);
  OutputExtra extra;
  RETURN_IF_ERROR(ReadEntry(documents->front(), extra));
  return extra;
}

Status AddStaticFields(std::string_view text, StaticFields& fields) {
  const std::size_t equals = text.find('=');
  if (equals != std::string_view::npos && equals > 0 && !text.starts_with('{')) {
    fields.insert_or_assign(std::string(text.substr(0, equals)),
                            std::string(text.substr(equals + 1)));
    return {};
  }
  Diagnostics problems;
  const auto documents = ParseYaml(text, "", problems);
  if (!documents || documents->size() != 1 || !documents->front().is_map()) {
    return Fail("expected NAME=VALUE, or a map of names and values", 1);
  }
  for (const auto& [key, value] : documents->front().entries) {
    if (!key.is_scalar() || !value.is_scalar()) return Fail("expected texts as values", 1);
    fields.insert_or_assign(key.text(), value.text());
  }
  return {};
}

OutputExtras::OutputExtras(std::span<const OutputExtra> extras, const StaticFields& statics,
                           Diagnostics& diagnostics) {
  for (const auto& [field, key] : kSuggested) {
    // Those that this engine can answer.
    if (fields::FindField(field) == nullptr) continue;
    const std::string format = std::string(key) + "=%" + std::string(field);
    if (auto made = Make(format, {}, diagnostics)) suggested_.emplace_back(field, std::move(*made));
  }
  for (const OutputExtra& extra : extras) {
    Ready ready{.entry = extra};
    if (!extra.output.empty()) {
      if (auto made = Make(extra.output, statics, diagnostics)) ready.output.push_back(*made);
    }
    for (const auto& [key, format] : extra.fields) {
      if (auto made = Make(format, statics, diagnostics)) ready.fields.emplace_back(key, *made);
    }
    entries_.push_back(std::move(ready));
  }
}

void OutputExtras::AddTo(const RuleSpec& rule, OutputFormat& output) const {
  for (const Ready& ready : entries_) {
    if (!Fits(ready.entry, rule)) continue;
    for (const OutputFormat& extra : ready.output) output.Append(extra);
    for (const auto& [key, value] : ready.fields) output.AddField(key, value);
    if (!ready.entry.suggested) continue;
    for (const auto& [field, format] : suggested_) {
      if (!output.Prints(field)) output.Append(format);
    }
  }
}

}  // namespace nezuban::ruleset
