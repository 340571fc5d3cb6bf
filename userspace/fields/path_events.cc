// SPDX-License-Identifier: Apache-2.0
// Calls on names of files: rename, unlink, mkdir, link, chmod and their siblings.
#include <fcntl.h>

#include "fields/event_families.h"
#include "fields/fd.h"
#include "fields/file_flags.h"
#include "fields/file_path.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event

// Names of the events that differ in their parameters.
constexpr std::uint8_t kRenameat = 1 << 1;
constexpr std::uint8_t kRenameat2 = 1 << 2;
constexpr std::uint8_t kUnlinkat = 1 << 1;
constexpr std::uint8_t kMkdirat = 1 << 1;
constexpr std::uint8_t kLink = 1 << 0;
constexpr std::uint8_t kLinkat = 1 << 1;
constexpr std::uint8_t kSymlink = 1 << 2;
constexpr std::uint8_t kSymlinkat = 1 << 3;
constexpr std::uint8_t kFchmod = 1 << 1;
constexpr std::uint8_t kFchmodat = 1 << 2;
constexpr std::uint8_t kFchmodat2 = 1 << 3;

const path_record& Record(const FieldContext& c) { return As<path_record>(c); }

event::Text String(const FieldContext& c, const str_ref& ref) { return c.event.event.String(ref); }

Value None(const FieldContext&) { return Absent{}; }

Value First(const FieldContext& c) {
  const auto& r = Record(c);
  return FullPath(String(c, r.path), String(c, r.name), String(c, r.dir), c.arena);
}

Value Second(const FieldContext& c) {
  const auto& r = Record(c);
  return FullPath(String(c, r.new_path), String(c, r.new_name), String(c, r.new_dir), c.arena);
}

Value FirstRaw(const FieldContext& c) { return RecordText(c, &path_record::name); }
Value SecondRaw(const FieldContext& c) { return RecordText(c, &path_record::new_name); }

bool Is(const FieldContext& c, std::uint8_t names) {
  return (names >> c.header().variant & 1) != 0;
}

bool IsSymlink(const FieldContext& c) { return Is(c, kSymlink | kSymlinkat); }

// What a symbolic link says, from the directory on that the link lies in.
Value SymlinkTarget(const FieldContext& c) {
  const event::Text says = String(c, Record(c).name);
  if (says.truncated()) return Unknown{};
  if (says.bytes.empty()) return Absent{};
  if (says.bytes.starts_with('/')) return JoinPath({}, says.bytes, c.arena);
  const Value dir = DirectoryOf(Second(c));
  const auto* text = std::get_if<Text>(&dir);
  return text == nullptr ? dir : Value(JoinPath(text->bytes, says.bytes, c.arena));
}

// Links: their own name is the source, what they lead to the target.
Value LinkTarget(const FieldContext& c) { return IsSymlink(c) ? SymlinkTarget(c) : First(c); }

constexpr PathFacts kOneName = {.name = First,
                                .name_raw = FirstRaw,
                                .source = None,
                                .source_raw = None,
                                .target = None,
                                .target_raw = None,
                                .first = First,
                                .second = None};
constexpr PathFacts kRename = {.name = None,
                               .name_raw = None,
                               .source = First,
                               .source_raw = FirstRaw,
                               .target = Second,
                               .target_raw = SecondRaw,
                               .first = First,
                               .second = Second};
constexpr PathFacts kLinks = {
    .name = None,
    .name_raw = None,
    .source = Second,
    .source_raw = SecondRaw,
    .target = LinkTarget,
    .target_raw = FirstRaw,
    .first = [](const FieldContext& c) { return IsSymlink(c) ? Second(c) : First(c); },
    .second = [](const FieldContext& c) { return IsSymlink(c) ? Value(Absent{}) : Second(c); }};

// fchmod only: the one call here that is about a descriptor.
Value ChmodFd(const FieldContext& c) {
  if (!Is(c, kFchmod)) return Absent{};
  return std::int64_t{Record(c).dirfd};
}

const file_ref* ChmodFile(const FieldContext& c) {
  return Is(c, kFchmod) ? &Record(c).file : nullptr;
}

Value ChmodFileName(const FieldContext& c) { return Is(c, kFchmod) ? First(c) : Value(Absent{}); }

constexpr EventFacts kFacts[] = {
    {.event = EVENT_RENAME,
     .category = "file",
     .result = RecordResult<path_record>,
     .paths = &kRename},
    {.event = EVENT_UNLINK,
     .category = "file",
     .result = RecordResult<path_record>,
     .paths = &kOneName},
    {.event = EVENT_MKDIR,
     .category = "file",
     .result = RecordResult<path_record>,
     .paths = &kOneName},
    {.event = EVENT_LINK,
     .category = "file",
     .result = RecordResult<path_record>,
     .paths = &kLinks},
    {.event = EVENT_CHMOD,
     .category = "file",
     .result = RecordResult<path_record>,
     .fd = ChmodFd,
     .file = ChmodFile,
     .file_name = ChmodFileName,
     .paths = &kOneName},
};

Value DirFdOf(std::int32_t fd) {
  return fd == AT_FDCWD ? Value("AT_FDCWD") : Value(std::int64_t{fd});
}

Value DirFd(const FieldContext& c) { return DirFdOf(Record(c).dirfd); }
Value NewDirFd(const FieldContext& c) { return DirFdOf(Record(c).new_dirfd); }
Value At(const FieldContext& c) { return AtFlags(Record(c).flags, c.arena); }

constexpr EventArg kArgs[] = {
    {EVENT_RENAME, kAll, "res", EventResultText},
    {EVENT_RENAME, kRenameat | kRenameat2, "olddirfd", DirFd},
    {EVENT_RENAME, kAll, "oldpath", First},
    {EVENT_RENAME, kRenameat | kRenameat2, "newdirfd", NewDirFd},
    {EVENT_RENAME, kAll, "newpath", Second},
    {EVENT_RENAME, kRenameat2, "flags",
     [](const FieldContext& c) -> Value { return RenameFlags(Record(c).flags, c.arena); }},

    {EVENT_UNLINK, kAll, "res", EventResultText},
    {EVENT_UNLINK, kUnlinkat, "dirfd", DirFd},
    {EVENT_UNLINK, kUnlinkat, "name", First},
    {EVENT_UNLINK, kAll & ~kUnlinkat, "path", First},
    {EVENT_UNLINK, kUnlinkat, "flags", At},

    {EVENT_MKDIR, kAll, "res", EventResultText},
    {EVENT_MKDIR, kMkdirat, "dirfd", DirFd},
    {EVENT_MKDIR, kAll, "path", First},
    {EVENT_MKDIR, kAll, "mode",
     [](const FieldContext& c) -> Value { return HexMode(Record(c).mode, c.arena); }},

    {EVENT_LINK, kAll, "res", EventResultText},
    {EVENT_LINK, kLinkat, "olddir", DirFd},
    {EVENT_LINK, kLink | kLinkat, "oldpath", First},
    {EVENT_LINK, kLinkat, "newdir", NewDirFd},
    {EVENT_LINK, kLink | kLinkat, "newpath", Second},
    {EVENT_LINK, kLinkat, "flags", At},
    {EVENT_LINK, kSymlink | kSymlinkat, "target", FirstRaw},
    {EVENT_LINK, kSymlinkat, "linkdirfd", NewDirFd},
    {EVENT_LINK, kSymlink | kSymlinkat, "linkpath", Second},

    {EVENT_CHMOD, kAll, "res", EventResultText},
    {EVENT_CHMOD, kFchmod, "fd", FileFd},
    {EVENT_CHMOD, kFchmodat | kFchmodat2, "dirfd", DirFd},
    {EVENT_CHMOD, kAll & ~kFchmod, "filename", First},
    {EVENT_CHMOD, kAll, "mode",
     [](const FieldContext& c) -> Value { return ModeBits(Record(c).mode, c.arena); }},
    {EVENT_CHMOD, kFchmodat2, "flags", At},
};

}  // namespace

EventFamily PathEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
