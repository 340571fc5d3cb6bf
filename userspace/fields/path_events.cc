// SPDX-License-Identifier: Apache-2.0
// Calls on names of files: rename, unlink, mkdir, link, mknod, chmod, chown, utimensat and their
// siblings.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <limits>

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

constexpr std::uint8_t kMknodat = 1 << 1;
constexpr std::uint8_t kFchown = 1 << 2;
constexpr std::uint8_t kFchownat = 1 << 3;
constexpr std::uint8_t kUtimensat = 1 << 2;
constexpr std::uint8_t kFutimesat = 1 << 3;

const node_record& Node(const FieldContext& c) { return As<node_record>(c); }

const path_record& Record(const FieldContext& c) {
  const auto* paths = c.event.event.As<path_record>();
  return paths == nullptr ? Node(c).call : *paths;
}

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

Value FirstRaw(const FieldContext& c) { return FromText(String(c, Record(c).name)); }
Value SecondRaw(const FieldContext& c) { return FromText(String(c, Record(c).new_name)); }

Value Result(const FieldContext& c) {
  if ((c.header().flags & RECORD_RESULT_UNKNOWN) != 0) return Unknown{};
  return std::int64_t{Record(c).result};
}

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

// fchmod and fchown only: the calls here that are about a descriptor.
template <std::uint8_t names>
Value OfFd(const FieldContext& c) {
  if (!Is(c, names)) return Absent{};
  return std::int64_t{Record(c).dirfd};
}

template <std::uint8_t names>
const file_ref* FileOfFd(const FieldContext& c) {
  return Is(c, names) ? &Record(c).file : nullptr;
}

template <std::uint8_t names>
Value NameOfFd(const FieldContext& c) {
  return Is(c, names) ? First(c) : Value(Absent{});
}

constexpr EventFacts kFacts[] = {
    {.event = EVENT_RENAME, .category = "file", .result = Result, .paths = &kRename},
    {.event = EVENT_UNLINK, .category = "file", .result = Result, .paths = &kOneName},
    {.event = EVENT_MKDIR, .category = "file", .result = Result, .paths = &kOneName},
    {.event = EVENT_LINK, .category = "file", .result = Result, .paths = &kLinks},
    {.event = EVENT_CHMOD,
     .category = "file",
     .result = Result,
     .fd = OfFd<kFchmod>,
     .file = FileOfFd<kFchmod>,
     .file_name = NameOfFd<kFchmod>,
     .paths = &kOneName},
    {.event = EVENT_MKNOD, .category = "file", .result = Result, .paths = &kOneName},
    {.event = EVENT_CHOWN,
     .category = "file",
     .result = Result,
     .fd = OfFd<kFchown>,
     .file = FileOfFd<kFchown>,
     .file_name = NameOfFd<kFchown>,
     .paths = &kOneName},
    {.event = EVENT_UTIME, .category = "file", .result = Result, .paths = &kOneName},
};

Value Number(std::int64_t n) { return n; }

Value DirFdNumber(const FieldContext& c) { return Number(Record(c).dirfd); }
Value NewDirFdNumber(const FieldContext& c) { return Number(Record(c).new_dirfd); }
Value FlagsNumber(const FieldContext& c) { return Number(Record(c).flags); }
Value ModeNumber(const FieldContext& c) { return Number(Record(c).mode); }

Value DirFd(const FieldContext& c) { return DirectoryFd(Record(c).dirfd); }
Value NewDirFd(const FieldContext& c) { return DirectoryFd(Record(c).new_dirfd); }
Value At(const FieldContext& c) { return AtFlags(Record(c).flags, c.arena); }

// Of a device's node, whose number is passed as stat(2) gives it.
Value Device(const FieldContext& c, unsigned (*part)(dev_t)) {
  const bool is_device = S_ISCHR(Record(c).mode) || S_ISBLK(Record(c).mode);
  return is_device ? Number(part(Node(c).dev)) : Value(Absent{});
}

// The seconds of a file time; Absent for the present and where it is left as it is.
template <file_time node_record::*time>
Value Seconds(const FieldContext& c) {
  const node_record& node = Node(c);
  if (node.times == TIMES_UNKNOWN) return Unknown{};
  const file_time& given = node.*time;
  if (node.times != TIMES_GIVEN || given.ns == UTIME_NOW || given.ns == UTIME_OMIT) return Absent{};
  return Number(given.s);
}

// How far before the event the file says it was changed.
Value Age(const FieldContext& c) {
  const Value time = Seconds<&node_record::mtime>(c);
  const auto* seconds = std::get_if<std::int64_t>(&time);
  if (seconds == nullptr) return time;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t now =
      (static_cast<std::int64_t>(c.header().time_ns) + c.event.wall_offset_ns) / kSecond;
  std::int64_t age = 0;
  if (!__builtin_sub_overflow(now, *seconds, &age)) return Number(age);
  return Number(*seconds < 0 ? std::numeric_limits<std::int64_t>::max()
                             : std::numeric_limits<std::int64_t>::min());
}

constexpr EventArg kArgs[] = {
    {EVENT_RENAME, kAll, "res", EventResultText, EventResult},
    {EVENT_RENAME, kRenameat | kRenameat2, "olddirfd", DirFd, DirFdNumber},
    {EVENT_RENAME, kAll, "oldpath", First, FirstRaw},
    {EVENT_RENAME, kRenameat | kRenameat2, "newdirfd", NewDirFd, NewDirFdNumber},
    {EVENT_RENAME, kAll, "newpath", Second, SecondRaw},
    {EVENT_RENAME, kRenameat2, "flags",
     [](const FieldContext& c) -> Value { return RenameFlags(Record(c).flags, c.arena); },
     FlagsNumber},

    {EVENT_UNLINK, kAll, "res", EventResultText, EventResult},
    {EVENT_UNLINK, kUnlinkat, "dirfd", DirFd, DirFdNumber},
    {EVENT_UNLINK, kUnlinkat, "name", First, FirstRaw},
    {EVENT_UNLINK, kAll & ~kUnlinkat, "path", First, FirstRaw},
    {EVENT_UNLINK, kUnlinkat, "flags", At, FlagsNumber},

    {EVENT_MKDIR, kAll, "res", EventResultText, EventResult},
    {EVENT_MKDIR, kMkdirat, "dirfd", DirFd, DirFdNumber},
    {EVENT_MKDIR, kAll, "path", First, FirstRaw},
    {EVENT_MKDIR, kAll, "mode",
     [](const FieldContext& c) -> Value { return HexMode(Record(c).mode, c.arena); }, ModeNumber},

    {EVENT_LINK, kAll, "res", EventResultText, EventResult},
    {EVENT_LINK, kLinkat, "olddir", DirFd, DirFdNumber},
    {EVENT_LINK, kLink | kLinkat, "oldpath", First, FirstRaw},
    {EVENT_LINK, kLinkat, "newdir", NewDirFd, NewDirFdNumber},
    {EVENT_LINK, kLink | kLinkat, "newpath", Second, SecondRaw},
    {EVENT_LINK, kLinkat, "flags", At, FlagsNumber},
    {EVENT_LINK, kSymlink | kSymlinkat, "target", FirstRaw},
    {EVENT_LINK, kSymlinkat, "linkdirfd", NewDirFd, NewDirFdNumber},
    {EVENT_LINK, kSymlink | kSymlinkat, "linkpath", Second, SecondRaw},

    {EVENT_CHMOD, kAll, "res", EventResultText, EventResult},
    {EVENT_CHMOD, kFchmod, "fd", FileFd, EventFd},
    {EVENT_CHMOD, kFchmodat | kFchmodat2, "dirfd", DirFd, DirFdNumber},
    {EVENT_CHMOD, kAll & ~kFchmod, "filename", First, FirstRaw},
    {EVENT_CHMOD, kAll, "mode",
     [](const FieldContext& c) -> Value { return ModeBits(Record(c).mode, c.arena); }, ModeNumber},
    {EVENT_CHMOD, kFchmodat2, "flags", At, FlagsNumber},

    {EVENT_MKNOD, kAll, "res", EventResultText, EventResult},
    {EVENT_MKNOD, kMknodat, "dirfd", DirFd, DirFdNumber},
    {EVENT_MKNOD, kAll, "path", First, FirstRaw},
    {EVENT_MKNOD, kAll, "mode",
     [](const FieldContext& c) -> Value { return NodeMode(Record(c).mode, c.arena); }, ModeNumber},
    {EVENT_MKNOD, kAll, "dev", [](const FieldContext& c) { return Number(Node(c).dev); }},
    {EVENT_MKNOD, kAll, "major", [](const FieldContext& c) { return Device(c, ::gnu_dev_major); }},
    {EVENT_MKNOD, kAll, "minor", [](const FieldContext& c) { return Device(c, ::gnu_dev_minor); }},

    {EVENT_CHOWN, kAll, "res", EventResultText, EventResult},
    {EVENT_CHOWN, kFchown, "fd", FileFd, EventFd},
    {EVENT_CHOWN, kFchownat, "dirfd", DirFd, DirFdNumber},
    {EVENT_CHOWN, kAll & ~(kFchown | kFchownat), "path", First, FirstRaw},
    {EVENT_CHOWN, kFchownat, "pathname", First, FirstRaw},
    {EVENT_CHOWN, kAll, "uid", [](const FieldContext& c) { return Number(Node(c).uid); }},
    {EVENT_CHOWN, kAll, "gid", [](const FieldContext& c) { return Number(Node(c).gid); }},
    {EVENT_CHOWN, kFchownat, "flags", At, FlagsNumber},

    {EVENT_UTIME, kAll, "res", EventResultText, EventResult},
    {EVENT_UTIME, kUtimensat | kFutimesat, "dirfd", DirFd, DirFdNumber},
    {EVENT_UTIME, kAll, "path", First, FirstRaw},
    {EVENT_UTIME, kAll, "atime", Seconds<&node_record::atime>},
    {EVENT_UTIME, kAll, "mtime", Seconds<&node_record::mtime>},
    {EVENT_UTIME, kAll, "age", Age},
    {EVENT_UTIME, kUtimensat, "flags", At, FlagsNumber},
};

}  // namespace

EventFamily PathEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
