// SPDX-License-Identifier: Apache-2.0
#include "fields/event_args.h"

#include <algorithm>
#include <array>
#include <vector>

#include "fields/convert.h"
#include "fields/event_families.h"
#include "fields/known_args.h"

namespace nezuban::fields {
namespace {

// The rows by event: those of one event are together, in their order.
struct Table {
  std::vector<EventArg> rows;
  std::array<std::span<const EventArg>, NR_EVENTS> of;
};

Table Join() {
  Table table;
  for (const EventFamily& family : EventFamilies())
    table.rows.insert(table.rows.end(), family.args.begin(), family.args.end());
  std::ranges::stable_sort(table.rows, {}, &EventArg::event);
  for (int event = 0; event < NR_EVENTS; ++event) {
    const auto first = std::ranges::lower_bound(table.rows, event, {}, &EventArg::event);
    const auto last = std::ranges::upper_bound(table.rows, event, {}, &EventArg::event);
    table.of[static_cast<std::size_t>(event)] = {first, last};
  }
  return table;
}

const Table& Args() {
  static const Table table = Join();
  return table;
}

std::span<const EventArg> ArgsOf(const FieldContext& context) {
  return Args().of[context.header().type];
}

bool HasArg(const EventArg& arg, const record_header& header) {
  return (arg.names >> header.variant & 1) != 0;
}

}  // namespace

std::span<const EventFamily> EventFamilies() {
  static const EventFamily families[] = {
      ProcessEvents(), MountEvents(),  SocketEvents(), PrivilegeEvents(),
      FileEvents(),    KernelEvents(), PathEvents(),
  };
  return families;
}

std::span<const EventArg> EventArgs() { return Args().rows; }

bool IsEventArg(std::string_view name) {
  return std::ranges::any_of(EventArgs(), [&](const EventArg& arg) { return arg.name == name; });
}

Value EventArgValue(const FieldContext& context, const Argument& argument) {
  std::int64_t index = 0;
  for (const EventArg& arg : ArgsOf(context)) {
    if (!HasArg(arg, context.header())) continue;
    const bool wanted = argument.kind == Argument::Kind::kIndex ? index == argument.index
                                                                : arg.name == argument.key;
    ++index;
    if (!wanted) continue;
    const Value value = arg.get(context);
    // Parameters are compared in their printed form, whatever their type.
    if (const auto* n = std::get_if<std::int64_t>(&value)) return context.arena.Number(*n);
    return value;
  }
  return Absent{};
}

Value EventArgRaw(const FieldContext& context, const Argument& argument) {
  const std::span<const EventArg> args = ArgsOf(context);
  const auto arg = std::ranges::find_if(args, [&](const EventArg& a) {
    return HasArg(a, context.header()) && a.name == argument.key;
  });
  if (arg == args.end()) return Absent{};
  const Value value = (arg->raw == nullptr ? arg->get : arg->raw)(context);
  const KnownArg* known = FindKnownArg(arg->name);
  const bool is_number = known != nullptr && known->raw == Type::kInt;
  const auto* n = std::get_if<std::int64_t>(&value);
  return n == nullptr || is_number ? value : Value(context.arena.Number(*n));
}

std::string_view EventArgsText(const FieldContext& context) {
  std::string text;
  for (const EventArg& arg : ArgsOf(context)) {
    if (!HasArg(arg, context.header())) continue;
    if (!text.empty()) text += ' ';
    text += arg.name;
    text += '=';
    text += ToString(arg.get(context));
  }
  return context.arena.Copy(text);
}

}  // namespace nezuban::fields
