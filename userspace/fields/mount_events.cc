// SPDX-License-Identifier: Apache-2.0
#include "fields/call_values.h"
#include "fields/event_families.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event

constexpr std::uint8_t kFsopen = 1 << 0;
constexpr std::uint8_t kFsconfig = 1 << 1;
constexpr std::uint8_t kFspick = 1 << 2;
constexpr std::uint8_t kOpenTree = 1 << 3;
constexpr std::uint8_t kSetattr = 1 << 4;

constexpr EventFacts kFacts[] = {
    {.event = EVENT_MOUNT, .category = "file", .result = RecordResult<mount_record>},
    {.event = EVENT_MOUNT_API, .category = "file", .result = RecordResult<call_record>},
};

constexpr EventArg kArgs[] = {
    {EVENT_MOUNT, kAll, "res", EventResultText, EventResult},
    {EVENT_MOUNT, kAll, "dev",
     [](const FieldContext& c) { return RecordText(c, &mount_record::source); }},
    {EVENT_MOUNT, kAll, "dir",
     [](const FieldContext& c) { return RecordText(c, &mount_record::target); }},
    {EVENT_MOUNT, kAll, "type",
     [](const FieldContext& c) { return RecordText(c, &mount_record::fstype); }},
    {EVENT_MOUNT, kAll, "flags",
     [](const FieldContext& c) -> Value { return MountFlags(As<mount_record>(c).flags, c.arena); },
     [](const FieldContext& c) -> Value {
       return static_cast<std::int64_t>(As<mount_record>(c).flags);
     }},
    {EVENT_MOUNT_API, kAll, "res", EventResultText, EventResult},
    {EVENT_MOUNT_API, kFsopen, "type", CallText<0>},
    {EVENT_MOUNT_API, kFsconfig, "fd", Int<0>},
    {EVENT_MOUNT_API, kFsconfig, "cmd", Named<1, FsconfigCommand>, Int<1>},
    {EVENT_MOUNT_API, kFsconfig, "key", CallText<0>},
    {EVENT_MOUNT_API, kFsconfig, "value_charbuf", CallText<1>},
    {EVENT_MOUNT_API, kFsconfig, "aux", Int<4>},
    {EVENT_MOUNT_API, kFspick | kOpenTree | kSetattr, "path", CallText<0>},
    {EVENT_MOUNT_API, kFspick, "type", CallText<1>},
    {EVENT_MOUNT_API, kOpenTree, "flags", Flags<2, OpenTreeFlags>, Bits<2>},
    {EVENT_MOUNT_API, kSetattr, "attr_set",
     [](const FieldContext& c) -> Value { return MountAttributes(Call(c).known[0], c.arena); },
     Known<0>},
    {EVENT_MOUNT_API, kSetattr, "attr_clr",
     [](const FieldContext& c) -> Value { return MountAttributes(Call(c).known[1], c.arena); },
     Known<1>},
};

}  // namespace

EventFamily MountEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
