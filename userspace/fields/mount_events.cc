// SPDX-License-Identifier: Apache-2.0
#include "fields/event_families.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event

constexpr EventFacts kFacts[] = {
    {.event = EVENT_MOUNT, .category = "file", .result = RecordResult<mount_record>},
};

constexpr EventArg kArgs[] = {
    {EVENT_MOUNT, kAll, "res", EventResultText},
    {EVENT_MOUNT, kAll, "dev",
     [](const FieldContext& c) { return RecordText(c, &mount_record::source); }},
    {EVENT_MOUNT, kAll, "dir",
     [](const FieldContext& c) { return RecordText(c, &mount_record::target); }},
    {EVENT_MOUNT, kAll, "type",
     [](const FieldContext& c) { return RecordText(c, &mount_record::fstype); }},
    {EVENT_MOUNT, kAll, "flags",
     [](const FieldContext& c) -> Value { return MountFlags(As<mount_record>(c).flags, c.arena); }},
};

}  // namespace

EventFamily MountEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
