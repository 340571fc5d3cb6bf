// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_sinks.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"
#include "sinks/types.h"

namespace nezuban::daemon {
namespace {

// What one sink of the list is read with.
struct Reader {
  const std::string& path;
  Diagnostics& diagnostics;

  Position At(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return mark.is_null() ? Position{path, 0, 0} : Position{path, mark.line + 1, mark.column + 1};
  }
  void Error(const YAML::Node& node, std::string message, std::string hint = {}) const {
    diagnostics.Error(At(node), std::move(message), std::move(hint));
  }
};

// A scalar, a list of scalars, or a map as a list of "KEY: VALUE". nullopt: anything else.
std::optional<std::vector<std::string>> ValuesOf(const YAML::Node& node) {
  std::vector<std::string> values;
  if (node.IsScalar()) return std::vector<std::string>{node.Scalar()};
  if (!node.IsSequence() && !node.IsMap()) return std::nullopt;
  for (const auto& item : node) {
    const bool pair = node.IsMap();
    if (pair ? !item.first.IsScalar() || !item.second.IsScalar() : !item.IsScalar()) {
      return std::nullopt;
    }
    values.push_back(pair ? item.first.Scalar() + ": " + item.second.Scalar() : item.Scalar());
  }
  return values;
}

void SetOption(const Reader& reader, const sinks::Option& option, const YAML::Node& value,
               sinks::SinkOptions& sink) {
  const std::string name(option.name);
  const auto values = ValuesOf(value);
  if (!values || values->empty() || (!option.repeatable && !value.IsScalar())) {
    const char* expected = option.repeatable ? "a value or a list of values" : "one value";
    return reader.Error(value, name + ": expected " + expected);
  }
  const std::string problem = option.set(sink, *values);
  if (!problem.empty()) reader.Error(value, name + ": " + problem);
}

// nullptr after telling why.
const sinks::Type* TypeOf(const Reader& reader, const YAML::Node& node) {
  const YAML::Node type = node["type"];
  if (!type) {
    reader.Error(node, "a sink needs a type");
    return nullptr;
  }
  const std::string name = type.IsScalar() ? type.Scalar() : "";
  const sinks::Type* found = sinks::FindType(name);
  if (found != nullptr) return found;
  std::vector<std::string_view> names;
  for (const sinks::Type& known : sinks::Types()) names.push_back(known.name);
  std::string expected = "unknown type of sink '" + name + "': expected one of";
  for (const std::string_view known : names) expected += ' ' + std::string(known);
  reader.Error(type, expected, NearestHint(name, names));
  return nullptr;
}

void CheckWhole(const Reader& reader, const sinks::Type& type, const YAML::Node& node,
                const std::set<std::string>& given, const sinks::SinkOptions& sink) {
  for (const std::string_view name : sinks::OptionNames(type)) {
    if (sinks::FindOption(type, name)->required && given.count(std::string(name)) == 0) {
      reader.Error(node,
                   "a sink of type " + std::string(type.name) + " needs " + std::string(name));
    }
  }
  const std::string lacks = type.check == nullptr ? "" : type.check(sink);
  if (!lacks.empty()) reader.Error(node, lacks);
}

void ReadSink(const Reader& reader, const YAML::Node& node,
              std::vector<sinks::SinkOptions>& sinks) {
  if (!node.IsMap()) return reader.Error(node, "sinks: expected a map with name, type and more");
  const sinks::Type* type = TypeOf(reader, node);
  if (type == nullptr) return;
  const int errors = reader.diagnostics.error_count();
  sinks::SinkOptions sink;
  std::set<std::string> given;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const sinks::Option* option = sinks::FindOption(*type, name);
    if (option == nullptr) {
      reader.Error(entry.first,
                   "unknown key '" + name + "' of a sink of type " + std::string(type->name),
                   NearestHint(name, sinks::OptionNames(*type)));
    } else if (!given.insert(name).second) {
      reader.Error(entry.first, "'" + name + "' is there twice");
    } else {
      SetOption(reader, *option, entry.second, sink);
    }
  }
  if (reader.diagnostics.error_count() == errors) CheckWhole(reader, *type, node, given, sink);
  const bool taken = std::ranges::any_of(sinks, [&](const auto& s) { return s.name == sink.name; });
  if (taken && !sink.name.empty()) {
    return reader.Error(node, "there is another sink named '" + sink.name + "'");
  }
  sinks.push_back(std::move(sink));
}

}  // namespace

void ReadSinks(const YAML::Node& node, const std::string& path,
               std::vector<sinks::SinkOptions>& sinks, Diagnostics& diagnostics) {
  const Reader reader{path, diagnostics};
  if (!node.IsSequence()) return ReadSink(reader, node, sinks);
  for (const YAML::Node& item : node) ReadSink(reader, item, sinks);
}

void ReadSinks(const std::string& text, std::vector<sinks::SinkOptions>& sinks,
               Diagnostics& diagnostics) try {
  ReadSinks(YAML::Load(text), "", sinks, diagnostics);
} catch (const YAML::Exception& e) {
  diagnostics.Error({}, e.msg);
}

}  // namespace nezuban::daemon
