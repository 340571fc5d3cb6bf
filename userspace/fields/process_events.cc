// SPDX-License-Identifier: Apache-2.0
#include "fields/event_families.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event

Value Number(std::int64_t n) { return n; }

constexpr EventFacts kFacts[] = {
    {.event = EVENT_EXEC,
     .category = "process",
     .result = [](const FieldContext&) -> Value { return std::int64_t{0}; }},  // only successes
    {.event = EVENT_FORK,
     .category = "process",
     .result = [](const FieldContext& c) { return Number(As<fork_record>(c).child_tgid); }},
    {.event = EVENT_EXIT, .category = "process"},
    {.event = EVENT_CGROUP, .category = "process"},
};

constexpr EventArg kArgs[] = {
    {EVENT_EXEC, kAll, "res", EventResultText, EventResult},
    {EVENT_EXEC, kAll, "filename",
     [](const FieldContext& c) { return RecordText(c, &exec_record::exe); }},
    {EVENT_EXEC, kAll, "tid", [](const FieldContext& c) { return Number(c.header().tid); }},
    {EVENT_EXEC, kAll, "pid", [](const FieldContext& c) { return Number(c.header().tgid); }},
    {EVENT_EXEC, kAll, "ptid",
     [](const FieldContext& c) { return Number(As<exec_record>(c).ppid); }},
    {EVENT_EXEC, kAll, "cwd",
     [](const FieldContext& c) { return RecordText(c, &exec_record::cwd); }},
    {EVENT_EXEC, kAll, "comm", [](const FieldContext& c) -> Value { return c.event.event.comm(); }},
    {EVENT_EXEC, kAll, "tty", [](const FieldContext& c) { return Number(As<exec_record>(c).tty); }},
    {EVENT_EXEC, kAll, "exe_ino",
     [](const FieldContext& c) {
       return Number(static_cast<std::int64_t>(As<exec_record>(c).exe_file.ino));
     }},
    {EVENT_FORK, kAll, "res", EventResultText, EventResult},
    {EVENT_FORK, kAll, "tid", [](const FieldContext& c) { return Number(c.header().tid); }},
    {EVENT_FORK, kAll, "flags",
     [](const FieldContext& c) -> Value { return CloneFlags(As<fork_record>(c).flags, c.arena); },
     [](const FieldContext& c) -> Value { return CloneNumber(As<fork_record>(c).flags); }},
    {EVENT_FORK, kAll, "child_pid",
     [](const FieldContext& c) { return Number(As<fork_record>(c).child_tgid); }},
    {EVENT_EXIT, kAll, "status",
     [](const FieldContext& c) { return Number(As<exit_record>(c).exit_code); }},
    {EVENT_EXIT, kAll, "ret",
     [](const FieldContext& c) { return Number(As<exit_record>(c).exit_code >> 8 & 0xff); }},
    {EVENT_EXIT, kAll, "sig",
     [](const FieldContext& c) { return Number(As<exit_record>(c).exit_code & 0x7f); }},
    {EVENT_CGROUP, kAll, "path",
     [](const FieldContext& c) { return RecordText(c, &cgroup_record::path); }},
    {EVENT_CGROUP, kAll, "id",
     [](const FieldContext& c) {
       return Number(static_cast<std::int64_t>(As<cgroup_record>(c).id));
     }},
};

}  // namespace

EventFamily ProcessEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
