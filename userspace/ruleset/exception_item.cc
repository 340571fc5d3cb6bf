// SPDX-License-Identifier: Apache-2.0
#include "ruleset/exception_item.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace nezuban::ruleset {
namespace {

constexpr std::string_view kKeys[] = {"name", "fields", "comps", "values"};

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
  std::string Named() const { return "exception '" + item_.name.text + "': "; }

  std::vector<SourceText> TextOrTexts(const YamlNode& node) {
    std::vector<SourceText> texts;
    if (node.is_scalar()) return {node.scalar};
    for (const YamlNode& item : node.items) {
      if (item.is_scalar()) {
        texts.push_back(item.scalar);
      } else {
        diagnostics_.Error(item.at(), Named() + "must be a text");
      }
    }
    return texts;
  }

  void ReadFields() {
    const YamlNode* fields = node_.Find("fields");
    if (fields == nullptr) return;
    item_.scalar_form = fields->is_scalar();
    item_.fields = TextOrTexts(*fields);
    if (item_.fields.empty()) diagnostics_.Error(fields->at(), Named() + "'fields' is empty");
  }

  void ReadComps() {
    const YamlNode* comps = node_.Find("comps");
    if (comps == nullptr) {
      const char* op = item_.scalar_form ? "in" : "=";
      for (const SourceText& field : item_.fields) item_.comps.push_back({op, field.anchors});
      return;
    }
    item_.comps = TextOrTexts(*comps);
    if (item_.comps.size() != item_.fields.size() || comps->is_scalar() != item_.scalar_form) {
      diagnostics_.Error(comps->at(), Named() + "'fields' and 'comps' must have the same shape");
    }
  }

  void ReadValues() {
    const YamlNode* values = node_.Find("values");
    if (values == nullptr) return;
    if (!values->is_sequence()) {
      diagnostics_.Error(values->at(), Named() + "'values' must be a sequence");
      return;
    }
    // Without fields the shape is that of the exception it adds to.
    if (item_.fields.empty()) {
      item_.scalar_form = std::ranges::all_of(values->items, &YamlNode::is_scalar);
    }
    item_.scalar_form ? ReadFlatValues(*values) : ReadTuples(*values);
  }

  void ReadFlatValues(const YamlNode& values) {
    ExceptionTuple tuple{.at = values.at(), .elements = {{{}, true}}};
    for (const YamlNode& value : values.items) {
      if (value.is_scalar()) {
        tuple.elements[0].values.push_back(value.scalar);
      } else {
        diagnostics_.Error(value.at(), Named() + "one field takes a flat sequence of values");
      }
    }
    if (!tuple.elements[0].values.empty()) item_.tuples.push_back(std::move(tuple));
  }

  void ReadTuples(const YamlNode& values) {
    for (const YamlNode& node : values.items) {
      ExceptionTuple tuple{.at = node.at()};
      if (!node.is_sequence() ||
          (!item_.fields.empty() && node.items.size() != item_.fields.size())) {
        diagnostics_.Error(node.at(), Named() + "each of 'values' must be a sequence of " +
                                          std::to_string(item_.fields.size()) + ", one per field");
        continue;
      }
      for (const YamlNode& element : node.items) {
        if (element.is_map() || element.is_null()) {
          diagnostics_.Error(element.at(), Named() + "a value must be a text or a sequence");
          continue;
        }
        tuple.elements.push_back({TextOrTexts(element), element.is_sequence()});
      }
      item_.tuples.push_back(std::move(tuple));
    }
  }

  const YamlNode& node_;
  Diagnostics& diagnostics_;
  ExceptionItem item_;
};

}  // namespace

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
