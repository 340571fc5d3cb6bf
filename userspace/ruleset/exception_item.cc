// SPDX-License-Identifier: Apache-2.0
#include "ruleset/exception_item.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace nezuban::ruleset {
namespace {

constexpr std::string_view kKeys[] = {"name", "fields", "comps", "values"};

std::vector<SourceText> TextOrTexts(const ExceptionItem& item, const YamlNode& node,
                                    Diagnostics& diagnostics) {
  std::vector<SourceText> texts;
  if (node.is_scalar()) return {node.scalar};
  for (const YamlNode& one : node.items) {
    if (one.is_scalar()) {
      texts.push_back(one.scalar);
    } else {
      diagnostics.Error(one.at(), item.Named() + "must be a text");
    }
  }
  return texts;
}

void AddFlatValues(ExceptionItem& item, const YamlNode& values, Diagnostics& diagnostics) {
  ExceptionTuple tuple{.at = values.at(), .elements = {{{}, true}}};
  for (const YamlNode& value : values.items) {
    if (value.is_scalar()) {
      tuple.elements[0].values.push_back(value.scalar);
    } else {
      diagnostics.Error(value.at(), item.Named() + "one field takes a flat sequence of values");
    }
  }
  if (!tuple.elements[0].values.empty()) item.tuples.push_back(std::move(tuple));
}

void AddTuples(ExceptionItem& item, const YamlNode& values, Diagnostics& diagnostics) {
  for (const YamlNode& node : values.items) {
    ExceptionTuple tuple{.at = node.at()};
    if (!node.is_sequence() || node.items.size() != item.fields.size()) {
      diagnostics.Error(node.at(), item.Named() + "each of 'values' must be a sequence of " +
                                       std::to_string(item.fields.size()) + ", one per field");
      continue;
    }
    for (const YamlNode& element : node.items) {
      if (element.is_map() || element.is_null()) {
        diagnostics.Error(element.at(), item.Named() + "a value must be a text or a sequence");
        continue;
      }
      tuple.elements.push_back({TextOrTexts(item, element, diagnostics), element.is_sequence()});
    }
    if (tuple.elements.size() == item.fields.size()) item.tuples.push_back(std::move(tuple));
  }
}

class ExceptionReader {
 public:
  ExceptionReader(const YamlNode& node, Diagnostics& diagnostics)
      : node_(node), diagnostics_(diagnostics) {}

  std::optional<ExceptionItem> Read() {
    const int before = diagnostics_.error_count();
    if (!node_.is_map()) {
      diagnostics_.Error(node_.at(), "an exception must be a map with name, fields and values");
      return std::nullopt;
    }
    for (const auto& [key, value] : node_.entries) {
      if (std::ranges::find(kKeys, key.text()) != std::end(kKeys)) continue;
      diagnostics_.Warning(key.at(), "unknown key '" + key.text() + "' in an exception",
                           NearestHint(key.text(), kKeys));
    }
    const YamlNode* name = node_.Find("name");
    if (name == nullptr || !name->is_scalar() || name->text().empty()) {
      diagnostics_.Error(node_.at(), "an exception needs a 'name'");
      return std::nullopt;
    }
    item_.name = name->scalar;
    ReadFields();
    ReadComps();
    ReadValues();
    if (diagnostics_.error_count() > before) return std::nullopt;
    return std::move(item_);
  }

 private:
  void ReadFields() {
    const YamlNode* fields = node_.Find("fields");
    if (fields == nullptr) return;
    item_.scalar_form = fields->is_scalar();
    item_.fields = TextOrTexts(item_, *fields, diagnostics_);
    if (item_.fields.empty()) diagnostics_.Error(fields->at(), item_.Named() + "'fields' is empty");
  }

  void ReadComps() {
    const YamlNode* comps = node_.Find("comps");
    if (comps == nullptr) {
      const char* op = item_.scalar_form ? "in" : "=";
      for (const SourceText& field : item_.fields) item_.comps.push_back({op, field.anchors});
      return;
    }
    if (item_.fields.empty()) {
      diagnostics_.Error(comps->at(), item_.Named() + "'comps' without 'fields'");
      return;
    }
    item_.comps = TextOrTexts(item_, *comps, diagnostics_);
    if (item_.comps.size() != item_.fields.size() || comps->is_scalar() != item_.scalar_form) {
      diagnostics_.Error(comps->at(),
                         item_.Named() + "'fields' and 'comps' must have the same shape");
    }
  }

  void ReadValues() {
    const YamlNode* values = node_.Find("values");
    if (values == nullptr) return;
    item_.has_values = true;
    if (item_.fields.empty()) {
      item_.unread_values = *values;
    } else {
      AddValues(item_, *values, diagnostics_);
    }
  }

  const YamlNode& node_;
  Diagnostics& diagnostics_;
  ExceptionItem item_;
};

}  // namespace

void AddValues(ExceptionItem& item, const YamlNode& values, Diagnostics& diagnostics) {
  if (!values.is_sequence()) {
    diagnostics.Error(values.at(), item.Named() + "'values' must be a sequence");
  } else if (item.scalar_form) {
    AddFlatValues(item, values, diagnostics);
  } else {
    AddTuples(item, values, diagnostics);
  }
}

std::vector<ExceptionItem> ReadExceptions(const YamlNode& node, Diagnostics& diagnostics) {
  std::vector<ExceptionItem> exceptions;
  if (node.is_null()) return exceptions;
  if (!node.is_sequence()) {
    diagnostics.Error(node.at(), "'exceptions' must be a sequence");
    return exceptions;
  }
  for (const YamlNode& one : node.items) {
    if (auto item = ExceptionReader(one, diagnostics).Read()) {
      exceptions.push_back(std::move(*item));
    }
  }
  return exceptions;
}

}  // namespace nezuban::ruleset
