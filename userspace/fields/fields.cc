// SPDX-License-Identifier: Apache-2.0
#include "fields/fields.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/text.h"
#include "fields/event_args.h"
#include "fields/known_args.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

std::vector<const FieldDef*> JoinTables() {
  std::vector<const FieldDef*> all;
  for (const auto& table :
       {EvtFields(),       ProcFields(),        GroupFields(),          AncestorFields(),
        HistoryFields(),   EnvironmentFields(), StdioFields(),          FdFields(),
        FileFields(),      MountFields(),       UserFields(),           PrivilegeFields(),
        ContainerFields(), MetadataFields(),    ContainerMountFields(), PodFields(),
        ClusterFields(),   SessionFields(),     AlertFields(),          UnansweredFields()}) {
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

// A parameter of an event we have, or of one the language knows and we don't capture yet.
bool IsParameter(std::string_view name) {
  return IsEventArg(name) || FindKnownArg(name) != nullptr;
}

tl::expected<FieldRef, FieldError> ResolveParameter(const FieldDef& def, std::string_view text) {
  FieldRef ref{&def, {}};
  if (const auto index = ParseIndex(text); index && def.argument == ArgumentKind::kParameter) {
    ref.argument = {Argument::Kind::kIndex, *index, {}};
    return ref;
  }
  if (!IsParameter(text)) {
    std::vector<std::string_view> names;
    for (const EventArg& arg : EventArgs()) names.push_back(arg.name);
    for (const KnownArg& arg : KnownArgs()) names.push_back(arg.name);
    return Fail("no event has a parameter " + Quoted(text), NearestHint(text, names));
  }
  ref.argument = {Argument::Kind::kKey, 0, std::string(text)};
  return ref;
}

tl::expected<FieldRef, FieldError> ResolveNumber(const FieldDef& def, std::string_view text) {
  const auto index = ParseIndex(text);
  if (!index) return Fail(Quoted(text) + " is not an index of " + Quoted(def.name));
  return FieldRef{&def, {Argument::Kind::kIndex, *index, {}}};
}

tl::expected<FieldRef, FieldError> ResolveKey(const FieldDef& def, std::string_view text) {
  if (const auto index = ParseIndex(text)) {
    return FieldRef{&def, {Argument::Kind::kIndex, *index, {}}};
  }
  return FieldRef{&def, {Argument::Kind::kKey, 0, std::string(text)}};
}

// How each kind of argument is written after the field's name, whether it must be there, and what
// reads it.
struct ArgumentRow {
  std::string_view form;
  bool required;
  bool dotted;  // name.argument is the same as name[argument]
  tl::expected<FieldRef, FieldError> (*resolve)(const FieldDef& def, std::string_view text);
};

// Indexed by ArgumentKind.
constexpr ArgumentRow kArguments[] = {
    {"", false, false, nullptr},
    {"[N]", false, false, ResolveNumber},
    {"[N|KEY]", false, false, ResolveKey},
    {"[KEY]", true, true, ResolveKey},
    {"[N]", true, false, ResolveNumber},
    {".NAME", true, true, ResolveParameter},
    {".NAME", true, true, ResolveParameter},
};

const ArgumentRow& RowOf(const FieldDef& def) {
  return kArguments[static_cast<std::size_t>(def.argument)];
}

tl::expected<FieldRef, FieldError> ResolveArgument(const FieldDef& def,
                                                   std::optional<std::string_view> argument) {
  const ArgumentRow& row = RowOf(def);
  if (argument && row.resolve == nullptr) {
    return Fail("field " + Quoted(def.name) + " takes no argument");
  }
  if (argument) return row.resolve(def, *argument);
  if (!row.required) return FieldRef{&def, {}};
  std::string forms = std::string(def.name) + std::string(row.form);
  if (def.argument == ArgumentKind::kParameter) forms += " or " + std::string(def.name) + "[N]";
  return Fail("field " + Quoted(def.name) + " needs an argument: " + forms);
}

// The field whose name, with a dot and the argument after it, is `name`.
std::optional<tl::expected<FieldRef, FieldError>> ResolveDotted(std::string_view name) {
  for (std::size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = name.rfind('.', dot - 1)) {
    const FieldDef* def = FindField(name.substr(0, dot));
    if (def == nullptr || !RowOf(*def).dotted) continue;
    return RowOf(*def).resolve(*def, name.substr(dot + 1));
  }
  return std::nullopt;
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

// name["KEY"] is name[KEY].
std::string_view Unquoted(std::string_view text) {
  const bool quoted = text.size() > 2 && (text[0] == '"' || text[0] == '\'') &&
                      text.back() == text[0] && text.find(text[0], 1) == text.size() - 1 &&
                      text.find('\\') == std::string_view::npos;
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

std::string_view TypeName(Type type) {
  // Indexed by Type.
  static constexpr std::string_view kNames[] = {"text",    "bytes",    "event name", "host name",
                                                "number",  "boolean",  "port",       "address",
                                                "network", "distance", "any"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view ArgumentForm(const FieldDef& def) { return RowOf(def).form; }

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
  constexpr std::string_view kTold[] = {"container.", "k8s.", "k8smeta.", "user.", "group."};
  return std::ranges::any_of(kTold, [&](auto head) { return field.name.starts_with(head); });
}

tl::expected<FieldRef, FieldError> ResolveField(std::string_view name,
                                                std::optional<std::string_view> argument) {
  if (const FieldDef* def = FindField(name)) return ResolveArgument(*def, argument);
  if (!argument) {
    if (auto resolved = ResolveDotted(name)) return *resolved;
  }
  return UnknownField(name);
}

std::optional<FieldPrefix> LongestField(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, IsNameCharacter);
  for (auto length = static_cast<std::size_t>(end - text.begin()); length > 0; --length) {
    const std::string_view name = text.substr(0, length);
    if (const auto argument = Bracketed(text.substr(length))) {
      if (auto ref = ResolveField(name, Unquoted(*argument)))
        return FieldPrefix{*ref, length + argument->size() + 2};
    }
    if (auto ref = ResolveField(name, std::nullopt)) return FieldPrefix{*ref, length};
  }
  return std::nullopt;
}

Type TypeOf(const FieldRef& ref) {
  if (ref.def->type != Type::kOfArgument) return ref.def->type;
  const KnownArg* arg = FindKnownArg(ref.argument.key);
  return arg == nullptr ? Type::kText : arg->raw;
}

Value Get(const FieldRef& ref, const FieldContext& context) {
  return ref.def->get == nullptr ? Value(Absent{}) : ref.def->get(context, ref.argument);
}

std::optional<FieldError> Caveat(const FieldRef& ref) {
  const std::string name = Quoted(ToString(ref));
  const FieldDef& def = *ref.def;
  if (def.deprecated) {
    return FieldError{
        "field " + name + " is deprecated" + (def.get == nullptr ? " and always absent" : ""),
        std::string(def.doc)};
  }
  const bool no_event_has_it =
      (def.argument == ArgumentKind::kParameter || def.argument == ArgumentKind::kRawParameter) &&
      ref.argument.kind == Argument::Kind::kKey && !IsEventArg(ref.argument.key);
  if (def.get != nullptr && !no_event_has_it) return std::nullopt;
  return FieldError{"field " + name + " is always absent: nothing here can tell it yet", {}};
}

std::string ToString(const FieldRef& ref) {
  std::string text(ref.def->name);
  if (ref.argument.kind == Argument::Kind::kIndex) {
    text += '[' + std::to_string(ref.argument.index) + ']';
  } else if (ref.argument.kind == Argument::Kind::kKey) {
    const bool parameter = ref.def->argument == ArgumentKind::kParameter ||
                           ref.def->argument == ArgumentKind::kRawParameter;
    text += parameter ? "." + ref.argument.key : "[" + ref.argument.key + "]";
  }
  return text;
}

}  // namespace nezuban::fields
