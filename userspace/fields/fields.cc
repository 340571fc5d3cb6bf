// SPDX-License-Identifier: Apache-2.0
#include "fields/fields.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/text.h"
#include "fields/event_args.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

std::vector<const FieldDef*> JoinTables() {
  std::vector<const FieldDef*> all;
  for (const auto& table : {EvtFields(), ProcFields(), AncestorFields(), StdioFields(), FdFields(),
                            FileFields(), MountFields(), UserFields(), ContainerFields()}) {
    for (const FieldDef& def : table) all.push_back(&def);
  }
  std::ranges::sort(all, {}, &FieldDef::name);
  CHECK(std::ranges::adjacent_find(all, {}, &FieldDef::name) == all.end());
  return all;
}

tl::unexpected<FieldError> Fail(std::string message, std::string hint = {}) {
  return tl::unexpected(FieldError{std::move(message), std::move(hint)});
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

tl::unexpected<FieldError> UnknownField(std::string_view name) {
  std::vector<std::string_view> names;
  for (const FieldDef* def : FieldTable()) names.push_back(def->name);
  return Fail("unknown field " + Quoted(name), NearestHint(name, names));
}

std::optional<std::int64_t> ParseIndex(std::string_view text) {
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size() || index < 0) return std::nullopt;
  return index;
}

tl::expected<FieldRef, FieldError> ResolveParameter(const FieldDef& def, std::string_view text) {
  FieldRef ref{&def, {}};
  if (const auto index = ParseIndex(text)) {
    ref.argument = {Argument::Kind::kIndex, *index, {}};
    return ref;
  }
  if (!IsEventArg(text)) {
    std::vector<std::string_view> names;
    for (const EventArg& arg : EventArgs()) names.push_back(arg.name);
    return Fail("no event has a parameter " + Quoted(text), NearestHint(text, names));
  }
  ref.argument = {Argument::Kind::kKey, 0, std::string(text)};
  return ref;
}

tl::expected<FieldRef, FieldError> ResolveArgument(const FieldDef& def,
                                                   std::optional<std::string_view> argument) {
  if (def.argument == ArgumentKind::kParameter) {
    if (!argument)
      return Fail("field " + Quoted(def.name) + " needs an argument: " + std::string(def.name) +
                  ".NAME or " + std::string(def.name) + "[N]");
    return ResolveParameter(def, *argument);
  }
  if (!argument) return FieldRef{&def, {}};
  if (def.argument == ArgumentKind::kNone) {
    return Fail("field " + Quoted(def.name) + " takes no argument");
  }
  const auto index = ParseIndex(*argument);
  if (!index) return Fail(Quoted(*argument) + " is not an index of " + Quoted(def.name));
  return FieldRef{&def, {Argument::Kind::kIndex, *index, {}}};
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

// The text between brackets at text[0], which must be '['; nullopt if it is not well formed.
std::optional<std::string_view> Bracketed(std::string_view text) {
  if (text.empty() || text[0] != '[') return std::nullopt;
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos || end == 1) return std::nullopt;
  return text.substr(1, end - 1);
}

}  // namespace

std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kText:
      return "text";
    case Type::kEventName:
      return "event name";
    case Type::kInt:
      return "number";
    case Type::kBool:
      return "boolean";
    case Type::kPort:
      return "port";
    case Type::kIp:
      return "address";
    case Type::kNet:
      return "network";
  }
  CHECK(false);
}

std::span<const FieldDef* const> FieldTable() {
  static const std::vector<const FieldDef*> kTable = JoinTables();
  return kTable;
}

const FieldDef* FindField(std::string_view name) {
  const auto table = FieldTable();
  const auto at = std::ranges::lower_bound(table, name, {}, &FieldDef::name);
  return at != table.end() && (*at)->name == name ? *at : nullptr;
}

bool MayArrive(const FieldDef& field) {
  return field.name.starts_with("container.") || field.name.starts_with("k8s.");
}

tl::expected<FieldRef, FieldError> ResolveField(std::string_view name,
                                                std::optional<std::string_view> argument) {
  if (const FieldDef* def = FindField(name)) return ResolveArgument(*def, argument);
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && !argument) {
    const FieldDef* def = FindField(name.substr(0, dot));
    if (def != nullptr && def->argument == ArgumentKind::kParameter) {
      return ResolveParameter(*def, name.substr(dot + 1));
    }
  }
  return UnknownField(name);
}

std::optional<FieldPrefix> LongestField(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, IsNameCharacter);
  for (auto length = static_cast<std::size_t>(end - text.begin()); length > 0; --length) {
    const std::string_view name = text.substr(0, length);
    if (const auto argument = Bracketed(text.substr(length))) {
      if (auto ref = ResolveField(name, argument))
        return FieldPrefix{*ref, length + argument->size() + 2};
    }
    if (auto ref = ResolveField(name, std::nullopt)) return FieldPrefix{*ref, length};
  }
  return std::nullopt;
}

std::string ToString(const FieldRef& ref) {
  std::string text(ref.def->name);
  if (ref.argument.kind == Argument::Kind::kIndex) {
    text += '[' + std::to_string(ref.argument.index) + ']';
  } else if (ref.argument.kind == Argument::Kind::kKey) {
    text += (ref.def->argument == ArgumentKind::kParameter ? "." : "[") + ref.argument.key;
    if (ref.def->argument != ArgumentKind::kParameter) text += ']';
  }
  return text;
}

}  // namespace nezuban::fields
