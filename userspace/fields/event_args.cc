// SPDX-License-Identifier: Apache-2.0
#include "fields/event_args.h"

#include <algorithm>

#include "fields/convert.h"
#include "fields/fd.h"
#include "fields/flags.h"
#include "fields/result.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;
constexpr std::uint8_t kDup = 1 << 0;
constexpr std::uint8_t kDup23 = 1 << 1 | 1 << 2;
constexpr std::uint8_t kFcntl = 1 << 3;

// REQUIRES: the event is of that record type; the rows below see to it.
template <typename Record>
const Record& As(const FieldContext& c) {
  return *c.event.event.As<Record>();
}

Value Number(std::int64_t n) { return n; }

Value ResultText(const FieldContext& c) {
  const Value result = EventResult(c);
  const auto* n = std::get_if<std::int64_t>(&result);
  if (n == nullptr || *n >= 0) return result;
  return ResultName(*n, c.arena);
}

// The new API's calls carry no path in user memory; what is not known stays unknown.
Value MountText(const FieldContext& c, str_ref mount_record::*ref) {
  return FromText(c.event.event.String(As<mount_record>(c).*ref));
}

constexpr EventArg kArgs[] = {
    {EVENT_EXEC, kAll, "res", ResultText},
    {EVENT_EXEC, kAll, "filename",
     [](const FieldContext& c) { return FromText(c.event.event.String(As<exec_record>(c).exe)); }},
    {EVENT_EXEC, kAll, "tid", [](const FieldContext& c) { return Number(c.header().tid); }},
    {EVENT_EXEC, kAll, "pid", [](const FieldContext& c) { return Number(c.header().tgid); }},
    {EVENT_EXEC, kAll, "ptid",
     [](const FieldContext& c) { return Number(As<exec_record>(c).ppid); }},
    {EVENT_EXEC, kAll, "cwd",
     [](const FieldContext& c) { return FromText(c.event.event.String(As<exec_record>(c).cwd)); }},
    {EVENT_EXEC, kAll, "comm", [](const FieldContext& c) -> Value { return c.event.event.comm(); }},
    {EVENT_EXEC, kAll, "tty", [](const FieldContext& c) { return Number(As<exec_record>(c).tty); }},
    {EVENT_EXEC, kAll, "exe_ino",
     [](const FieldContext& c) {
       return Number(static_cast<std::int64_t>(As<exec_record>(c).exe_file.ino));
     }},
    {EVENT_FORK, kAll, "res", ResultText},
    {EVENT_FORK, kAll, "tid", [](const FieldContext& c) { return Number(c.header().tid); }},
    {EVENT_FORK, kAll, "child_pid",
     [](const FieldContext& c) { return Number(As<fork_record>(c).child_tgid); }},
    {EVENT_EXIT, kAll, "status",
     [](const FieldContext& c) { return Number(As<exit_record>(c).exit_code); }},
    {EVENT_EXIT, kAll, "ret",
     [](const FieldContext& c) { return Number(As<exit_record>(c).exit_code >> 8 & 0xff); }},
    {EVENT_EXIT, kAll, "sig",
     [](const FieldContext& c) { return Number(As<exit_record>(c).exit_code & 0x7f); }},
    {EVENT_CGROUP, kAll, "path",
     [](const FieldContext& c) {
       return FromText(c.event.event.String(As<cgroup_record>(c).path));
     }},
    {EVENT_CGROUP, kAll, "id",
     [](const FieldContext& c) {
       return Number(static_cast<std::int64_t>(As<cgroup_record>(c).id));
     }},
    {EVENT_MOUNT, kAll, "res", ResultText},
    {EVENT_MOUNT, kAll, "dev",
     [](const FieldContext& c) { return MountText(c, &mount_record::source); }},
    {EVENT_MOUNT, kAll, "dir",
     [](const FieldContext& c) { return MountText(c, &mount_record::target); }},
    {EVENT_MOUNT, kAll, "type",
     [](const FieldContext& c) { return MountText(c, &mount_record::fstype); }},
    {EVENT_MOUNT, kAll, "flags",
     [](const FieldContext& c) -> Value { return MountFlags(As<mount_record>(c).flags, c.arena); }},
    {EVENT_DUP, kAll, "res", ResultText},
    {EVENT_DUP, kDup | kFcntl, "fd", EventFd},
    {EVENT_DUP, kDup23, "oldfd", EventFd},
    {EVENT_DUP, kDup23, "newfd",
     [](const FieldContext& c) { return Number(As<dup_record>(c).new_fd); }},
    {EVENT_CONNECT, kAll, "res", ResultText},
    {EVENT_CONNECT, kAll, "tuple", FdName},
    {EVENT_CONNECT, kAll, "fd", EventFd},
    {EVENT_CONNECT, kAll, "addr", RemoteName},
};

bool HasArg(const EventArg& arg, const record_header& header) {
  return arg.event == header.type && (arg.names >> header.variant & 1) != 0;
}

}  // namespace

std::span<const EventArg> EventArgs() { return kArgs; }

bool IsEventArg(std::string_view name) {
  return std::ranges::any_of(kArgs, [&](const EventArg& arg) { return arg.name == name; });
}

Value EventArgValue(const FieldContext& context, const Argument& argument) {
  std::int64_t index = 0;
  for (const EventArg& arg : kArgs) {
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

std::string_view EventArgsText(const FieldContext& context) {
  std::string text;
  for (const EventArg& arg : kArgs) {
    if (!HasArg(arg, context.header())) continue;
    if (!text.empty()) text += ' ';
    text += arg.name;
    text += '=';
    text += ToString(arg.get(context));
  }
  return context.arena.Copy(text);
}

}  // namespace nezuban::fields
