// SPDX-License-Identifier: Apache-2.0
#include "fields/event_families.h"
#include "fields/fd.h"
#include "fields/file_flags.h"
#include "fields/file_path.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event

// Names of EVENT_OPEN.
constexpr std::uint8_t kOpenat = 1 << 1;
constexpr std::uint8_t kOpenat2 = 1 << 2;
constexpr std::uint8_t kCreat = 1 << 3;
constexpr std::uint8_t kByHandle = 1 << 4;

Value Number(std::int64_t n) { return n; }

event::Text String(const FieldContext& c, const str_ref& ref) { return c.event.event.String(ref); }

Value OpenPath(const FieldContext& c) {
  const auto& open = As<open_record>(c);
  return FullPath(String(c, open.path), String(c, open.name), String(c, open.dir), c.arena);
}

// The new descriptor; -1 if there is none.
Value OpenFd(const FieldContext& c) {
  const Value result = RecordResult<open_record>(c);
  const auto* n = std::get_if<std::int64_t>(&result);
  return n != nullptr && *n < 0 ? Value(std::int64_t{-1}) : result;
}

Value OpenSucceeded(const FieldContext& c) {
  const Value result = RecordResult<open_record>(c);
  const auto* n = std::get_if<std::int64_t>(&result);
  return n == nullptr ? result : Value(*n >= 0);
}

Value DirFd(const FieldContext& c) { return DirectoryFd(As<open_record>(c).dirfd); }
Value DirFdNumber(const FieldContext& c) { return Number(As<open_record>(c).dirfd); }

Value NameRaw(const FieldContext& c) { return RecordText(c, &open_record::name); }

Value Flags(const FieldContext& c) {
  return OpenFlags(As<open_record>(c).flags, As<open_record>(c).file.flags, c.arena);
}
Value FlagsNumber(const FieldContext& c) {
  return OpenNumber(As<open_record>(c).flags, As<open_record>(c).file.flags);
}

constexpr EventFacts kFacts[] = {
    {.event = EVENT_OPEN,
     .category = "file",
     .result = RecordResult<open_record>,
     .fd = OpenFd,
     .name_changed = OpenSucceeded,
     .file = [](const FieldContext& c) { return &As<open_record>(c).file; },
     .file_name = OpenPath,
     .file_name_raw = NameRaw},
};

constexpr EventArg kArgs[] = {
    {EVENT_OPEN, kAll, "fd", FileFd, EventFd},
    {EVENT_OPEN, kByHandle, "mountfd", DirFd, DirFdNumber},
    {EVENT_OPEN, kOpenat | kOpenat2, "dirfd", DirFd, DirFdNumber},
    {EVENT_OPEN, kAll & ~kByHandle, "name", OpenPath, NameRaw},
    {EVENT_OPEN, kAll & ~kCreat, "flags", Flags, FlagsNumber},
    {EVENT_OPEN, kByHandle, "path", OpenPath, NameRaw},
    {EVENT_OPEN, kAll & ~kByHandle, "mode",
     [](const FieldContext& c) -> Value { return OctalMode(As<open_record>(c).mode, c.arena); },
     [](const FieldContext& c) { return Number(As<open_record>(c).mode); }},
    {EVENT_OPEN, kOpenat2, "resolve",
     [](const FieldContext& c) -> Value {
       return ResolveFlags(As<open_record>(c).resolve, c.arena);
     },
     [](const FieldContext& c) {
       return Number(static_cast<std::int64_t>(As<open_record>(c).resolve));
     }},
    {EVENT_OPEN, kAll, "dev",
     [](const FieldContext& c) { return Number(EncodedDev(As<open_record>(c).file.dev)); }},
    {EVENT_OPEN, kAll, "ino",
     [](const FieldContext& c) {
       return Number(static_cast<std::int64_t>(As<open_record>(c).file.ino));
     }},
    {EVENT_OPEN, kCreat, "creat_flags", Flags, FlagsNumber},
};

}  // namespace

EventFamily FileEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
