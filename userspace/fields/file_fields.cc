// SPDX-License-Identifier: Apache-2.0
// Fields of the file an event is about: the fd.* that sockets do not have, evt.is_open_*,
// evt.abspath and fs.path.*.
#include <sys/stat.h>

#include "fields/event_facts.h"
#include "fields/fd.h"
#include "fields/file_flags.h"
#include "fields/file_path.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

constexpr std::uint64_t kEventsWithMount = kEventsWithFile | On({EVENT_EXEC});

// The file's value by `of`; Absent on events without one, and where it is not known.
template <typename Of>
Value OfFile(const FieldContext& c, Of of) {
  const file_ref* file = EventFile(c);
  return file == nullptr || file->ino == 0 ? Value(Absent{}) : of(*file);
}

// One name of an event about names; Absent on all others.
Value NameOf(const FieldContext& c, Value (*PathFacts::*which)(const FieldContext& context)) {
  const PathFacts* paths = FactsOf(c).paths;
  return paths == nullptr ? Value(Absent{}) : (paths->*which)(c);
}

Value PathOf(const FieldContext& c) {
  const auto name = FactsOf(c).file_name;
  return name == nullptr ? Value(Absent{}) : name(c);
}

Value RawPathOf(const FieldContext& c) {
  const auto name = FactsOf(c).file_name_raw;
  return name == nullptr ? Value(Absent{}) : name(c);
}

// The path an event on a file is about, or a name of one that is about names.
Value FsPath(const FieldContext& c, Value (*PathFacts::*which)(const FieldContext& context)) {
  return FactsOf(c).paths == nullptr ? PathOf(c) : NameOf(c, which);
}

// The same where the call has two paths: what a symbolic link says is none.
Value OfTwo(const FieldContext& c, Value (*PathFacts::*which)(const FieldContext& context)) {
  const PathFacts* paths = FactsOf(c).paths;
  const bool has_two = paths != nullptr && !std::holds_alternative<Absent>(paths->second(c));
  return has_two ? (paths->*which)(c) : Value(Absent{});
}

Value Directory(const FieldContext& c) {
  const file_ref* file = EventFile(c);
  if (file == nullptr) return Absent{};
  const Value path = PathOf(c);
  return S_ISDIR(file->mode) ? path : DirectoryOf(path);
}

Value FileName(const FieldContext& c) {
  return OfFile(c, [&](const file_ref& file) -> Value {
    return S_ISDIR(file.mode) ? Value(Absent{}) : BaseName(PathOf(c));
  });
}

Value Layer(const FieldContext& c, std::uint16_t layer) {
  return OfFile(c, [&](const file_ref& file) -> Value { return (file.flags & layer) != 0; });
}

// The file opened, or executed.
const file_ref* MountedFile(const FieldContext& c) {
  if (const auto* exec = c.event.event.As<exec_record>()) return &exec->exe_file;
  return EventFile(c);
}

// Whose the file's mount is.
Value MountOwner(const FieldContext& c) {
  const file_ref* file = MountedFile(c);
  if (file == nullptr || file->ino == 0) return Absent{};
  if ((file->flags & FILE_DETACHED) != 0) return "detached";
  if (file->mnt_ns == 0) return Absent{};
  if (c.header().mnt_ns == 0) return Unknown{};
  return file->mnt_ns == c.header().mnt_ns ? "own" : "foreign";
}

Value Foreign(const FieldContext& c) {
  const Value owner = MountOwner(c);
  const auto* text = std::get_if<Text>(&owner);
  return text == nullptr ? owner : Value(text->bytes == "foreign");
}

// `is` of an open's record; false on every other event.
template <typename Is>
Value IsOpen(const FieldContext& c, Is is) {
  const auto* open = c.event.event.As<open_record>();
  return open != nullptr && is(*open);
}

bool MakesExecutable(const open_record& open) {
  constexpr std::uint32_t kAnyExecute = 0111;
  return OpensToCreate(open.flags) && (open.mode & kAnyExecute) != 0;
}

constexpr FieldDef kFields[] = {
    {.name = "fd.nameraw",
     .events = kEventsWithFile,
     .doc = "Path of the file as the caller passed it; what the call did may have been another.",
     .get = [](const FieldContext& c, const Argument&) { return RawPathOf(c); }},
    {.name = "fd.directory",
     .events = kEventsWithFile,
     .doc = "Directory the file lies in; of a directory its whole path.",
     .get = [](const FieldContext& c, const Argument&) { return Directory(c); }},
    {.name = "fd.containerdirectory",
     .events = kEventsWithFile,
     .doc = "container.id and fd.directory, with a colon between them.",
     .get = [](const FieldContext& c, const Argument&) { return InContainer(c, Directory(c)); }},
    {.name = "fd.filename",
     .events = kEventsWithFile,
     .doc = "Name of the file without its directory; absent for directories and failed opens.",
     .get = [](const FieldContext& c, const Argument&) { return FileName(c); }},
    {.name = "fd.dev",
     .type = Type::kInt,
     .events = kEventsWithFile,
     .doc = "Device number of the file's file system, as stat gives it.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfFile(c, [](const file_ref& f) -> Value { return EncodedDev(f.dev); });
         }},
    {.name = "fd.dev.major",
     .type = Type::kInt,
     .events = kEventsWithFile,
     .doc = "Major device number of the file's file system.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfFile(c, [](const file_ref& f) -> Value { return std::int64_t{f.dev >> 20}; });
         }},
    {.name = "fd.dev.minor",
     .type = Type::kInt,
     .events = kEventsWithFile,
     .doc = "Minor device number of the file's file system.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfFile(c,
                         [](const file_ref& f) -> Value { return std::int64_t{f.dev & 0xfffff}; });
         }},
    {.name = "fd.nlink",
     .type = Type::kInt,
     .events = kEventsWithFile,
     .doc = "How many names the file has: 0 for one that was removed or never had one.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfFile(c, [](const file_ref& f) -> Value { return std::int64_t{f.nlink}; });
         }},
    {.name = "fd.is_upper_layer",
     .type = Type::kBool,
     .events = kEventsWithFile,
     .doc = "The file lies in the upper, writable layer of an overlayfs.",
     .get = [](const FieldContext& c, const Argument&) { return Layer(c, FILE_UPPER_LAYER); }},
    {.name = "fd.is_lower_layer",
     .type = Type::kBool,
     .events = kEventsWithFile,
     .doc = "The file lies in a lower layer of an overlayfs.",
     .get = [](const FieldContext& c, const Argument&) { return Layer(c, FILE_LOWER_LAYER); }},
    {.name = "fd.is_block_device",
     .type = Type::kBool,
     .events = kEventsWithFile,
     .doc = "The file is a block device, whatever its name. (Ours.)",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfFile(c, [](const file_ref& f) -> Value { return S_ISBLK(f.mode); });
         }},
    {.name = "fd.foreign",
     .type = Type::kBool,
     .events = kEventsWithMount,
     .doc = "The file opened or executed lies on a mount of another mount namespace than the "
            "process's own; absent where its mount belongs to none (pipe, socket, memfd, unmounted "
            "lazily).",
     .get = [](const FieldContext& c, const Argument&) { return Foreign(c); }},
    {.name = "fd.mount",
     .events = kEventsWithMount,
     .doc = "Whose the mount of the file opened or executed is: own, foreign (of another mount "
            "namespace), detached (fsmount, open_tree: of none yet), or absent.",
     .get = [](const FieldContext& c, const Argument&) { return MountOwner(c); }},
    {.name = "evt.is_open_read",
     .type = Type::kBool,
     .doc = "The event is an open that asks to read, whether it succeeds or not.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return IsOpen(c, [](const open_record& open) { return OpensToRead(open.flags); });
         }},
    {.name = "evt.is_open_write",
     .type = Type::kBool,
     .doc = "The event is an open that asks to write, whether it succeeds or not.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return IsOpen(c, [](const open_record& open) { return OpensToWrite(open.flags); });
         }},
    {.name = "evt.is_open_exec",
     .type = Type::kBool,
     .doc = "The event is an open that may make a file that can be executed.",
     .get = [](const FieldContext& c, const Argument&) { return IsOpen(c, MakesExecutable); }},
    {.name = "evt.is_open_create",
     .type = Type::kBool,
     .doc = "The event is an open that made the file.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return IsOpen(
               c, [](const open_record& open) { return (open.file.flags & FILE_CREATED) != 0; });
         }},
    {.name = "evt.abspath",
     .events = kEventsWithFile | kEventsWithPaths,
     .doc = "Absolute path the event is about; of a rename or a link the old one.",
     .get = [](const FieldContext& c, const Argument&) { return FsPath(c, &PathFacts::first); }},
    {.name = "evt.abspath.src",
     .events = kEventsWithTwoPaths,
     .doc = "Absolute path of the old name, of a rename or a hard link.",
     .get = [](const FieldContext& c, const Argument&) { return OfTwo(c, &PathFacts::first); }},
    {.name = "evt.abspath.dst",
     .events = kEventsWithTwoPaths,
     .doc = "Absolute path of the new name, of a rename or a hard link.",
     .get = [](const FieldContext& c, const Argument&) { return OfTwo(c, &PathFacts::second); }},
    {.name = "fs.path.name",
     .events = kEventsWithFile | kEventsWithPaths,
     .doc = "Path the event is about, as the kernel resolved it; where it did not, made absolute. "
            "Absent where there are two.",
     .get = [](const FieldContext& c, const Argument&) { return FsPath(c, &PathFacts::name); }},
    {.name = "fs.path.nameraw",
     .events = kEventsWithFile | kEventsWithPaths,
     .doc = "Path the event is about, as the caller passed it.",
     .get =
         [](const FieldContext& c, const Argument&) {
           return FactsOf(c).paths == nullptr ? RawPathOf(c) : NameOf(c, &PathFacts::name_raw);
         }},
    {.name = "fs.path.source",
     .events = kEventsWithTwoPaths,
     .doc = "Of a rename the old path; of a link, hard or symbolic, the link's own.",
     .get = [](const FieldContext& c, const Argument&) { return NameOf(c, &PathFacts::source); }},
    {.name = "fs.path.sourceraw",
     .events = kEventsWithTwoPaths,
     .doc = "fs.path.source as the caller passed it.",
     .get = [](const FieldContext& c,
               const Argument&) { return NameOf(c, &PathFacts::source_raw); }},
    {.name = "fs.path.target",
     .events = kEventsWithTwoPaths,
     .doc = "Of a rename the new path; of a link, hard or symbolic, what it leads to.",
     .get = [](const FieldContext& c, const Argument&) { return NameOf(c, &PathFacts::target); }},
    {.name = "fs.path.targetraw",
     .events = kEventsWithTwoPaths,
     .doc = "fs.path.target as the caller passed it.",
     .get = [](const FieldContext& c,
               const Argument&) { return NameOf(c, &PathFacts::target_raw); }},
};

}  // namespace

std::span<const FieldDef> FileFields() { return kFields; }

}  // namespace nezuban::fields
