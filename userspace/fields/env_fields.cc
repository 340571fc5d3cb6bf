// SPDX-License-Identifier: Apache-2.0
// The environment of processes, as it was at their last execve.
#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"
#include "fields/convert.h"
#include "fields/process_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

// NAME=value, each followed by a NUL; secrets masked for what people get to see.
Value Environment(const FieldContext& c, const state::Process& p) {
  const Value all = FromText(p.env);
  const auto* text = std::get_if<Text>(&all);
  if (c.redactor == nullptr || text == nullptr) return all;
  const auto masked = c.redactor->RedactVariables(text->bytes);
  if (!masked) return all;
  return Text(c.arena.Copy(*masked),
              text->truncated() ? STR_TOTAL_UNKNOWN : static_cast<__u32>(masked->size()));
}

Value WholeEnvironment(const FieldContext& c, const state::Process& p) {
  const Value all = Environment(c, p);
  const auto* text = std::get_if<Text>(&all);
  if (text == nullptr) return all;
  std::string_view bytes = text->bytes;
  if (!text->truncated() && bytes.ends_with('\0')) bytes.remove_suffix(1);
  const std::span<char> line = c.arena.Bytes(bytes.size());
  std::ranges::replace_copy(bytes, line.begin(), '\0', ' ');
  const auto total = text->truncated() ? STR_TOTAL_UNKNOWN : static_cast<__u32>(line.size());
  return Text({line.data(), line.size()}, total);
}

// Empty if there is none of that name. Of several, getenv(3) takes the first and ld.so the last:
// unknown, unless they say the same.
Value Variable(const FieldContext& c, const state::Process& p, std::string_view name) {
  const Value all = Environment(c, p);
  const auto* text = std::get_if<Text>(&all);
  if (text == nullptr) return all;
  std::optional<Text> found;
  for (std::string_view left = text->bytes; !left.empty();) {
    const std::size_t end = left.find('\0');
    const std::string_view variable = left.substr(0, end);
    if (variable.starts_with(name) && variable.substr(name.size()).starts_with('=')) {
      const std::string_view value = variable.substr(name.size() + 1);
      if (found && found->bytes != value) return Unknown{};
      const bool cut = end == std::string_view::npos && text->truncated();
      found = cut ? Text(value, STR_TOTAL_UNKNOWN) : Text(value);
    }
    if (end == std::string_view::npos) break;
    left.remove_prefix(end + 1);
  }
  if (found) return *found;
  return text->truncated() ? Value(Unknown{}) : Value(std::string_view());
}

Value OfProcess(const FieldContext& c, const Argument& argument) {
  switch (argument.kind) {
    case Argument::Kind::kNone:
      return WholeEnvironment(c, c.process());
    case Argument::Kind::kIndex:  // a variable may be called by a number
      return Variable(c, c.process(), std::to_string(argument.index));
    case Argument::Kind::kKey:
      return Variable(c, c.process(), argument.key);
  }
  return Unknown{};
}

// The value that the nearest ancestor has which has one.
Value NearestVariable(const FieldContext& c, std::string_view name) {
  constexpr int kGenerations = 20;
  ParentStep at = ParentOf(c, c.process());
  for (int i = 0; at.process != nullptr && i < kGenerations; ++i) {
    const Value value = Variable(c, *at.process, name);
    const auto* text = std::get_if<Text>(&value);
    if (text == nullptr || !text->bytes.empty() || text->truncated()) return value;
    at = ParentOf(c, *at.process);
  }
  return at.known ? Value(std::string_view()) : Value(Unknown{});
}

Value OfAncestors(const FieldContext& c, const Argument& argument) {
  if (argument.kind == Argument::Kind::kKey) return NearestVariable(c, argument.key);
  return EachAncestor(c, argument, WholeEnvironment);
}

constexpr FieldDef kFields[] = {
    {.name = "proc.env",
     .argument = ArgumentKind::kIndexOrKey,
     .doc = "The environment as K=V joined with blanks, as given to execve; with [NAME] one value, "
            "empty if not set.",
     .get = OfProcess},
    {.name = "proc.aenv",
     .several = Several::kAny,
     .argument = ArgumentKind::kIndexOrKey,
     .doc = "proc.env of an ancestor that lives; with [NAME] the nearest value that is not empty.",
     .get = OfAncestors},
};

}  // namespace

std::span<const FieldDef> EnvironmentFields() { return kFields; }

}  // namespace nezuban::fields
