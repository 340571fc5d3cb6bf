// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>

#include "fields/convert.h"
#include "fields/flags.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

constexpr std::uint64_t kOnMount = On({EVENT_MOUNT});

// REQUIRES: nothing; gives Absent on other events.
template <typename Of>
Value OfMount(const FieldContext& c, Of of) {
  const auto* mount = c.event.event.As<mount_record>();
  return mount == nullptr ? Value(Absent{}) : of(*mount);
}

Value MountText(const FieldContext& c, str_ref mount_record::*ref) {
  return OfMount(c, [&](const mount_record& m) { return FromText(c.event.event.String(m.*ref)); });
}

// A mount that failed has no super block to look at.
Value OnBlockDevice(const mount_record& m) {
  if (m.resolved == 0) return Unknown{};
  return m.block_device != 0;
}

// procfs shows the processes of one pid namespace; the node's shows all of them.
Value IsHostProc(const FieldContext& c) {
  return OfMount(c, [&](const mount_record& m) -> Value {
    if (m.fs_pid_ns != 0) return m.fs_pid_ns == kHostPidNs;
    const Value type = FromText(c.event.event.String(m.fstype));
    const auto* text = std::get_if<Text>(&type);
    if (m.resolved != 0 || (text != nullptr && !text->truncated() && text->bytes != "proc")) {
      return false;
    }
    // A new procfs shows the caller's pid namespace.
    if (text != nullptr && text->bytes == "proc") return c.header().pid_ns == kHostPidNs;
    return Unknown{};
  });
}

Value SourceDevice(const FieldContext& c) {
  return OfMount(c, [&](const mount_record& m) -> Value {
    if (m.source_dev == 0) return m.resolved == 0 ? Value(Unknown{}) : Value(Absent{});
    return c.arena.Concat(
        {c.arena.Number(m.source_dev >> 20), ":", c.arena.Number(m.source_dev & 0xfffff)});
  });
}

constexpr FieldDef kFields[] = {
    {.name = "mount.source",
     .events = kOnMount,
     .doc = "What is mounted: a device, a path or a name. (Ours.)",
     .get = [](const FieldContext& c,
               const Argument&) { return MountText(c, &mount_record::source); }},
    {.name = "mount.target",
     .events = kOnMount,
     .doc = "Where it is mounted, as a resolved path; as passed if the mount failed. (Ours.)",
     .get = [](const FieldContext& c,
               const Argument&) { return MountText(c, &mount_record::target); }},
    {.name = "mount.fstype",
     .events = kOnMount,
     .doc = "Type of the file system (ext4, proc, cgroup2). (Ours.)",
     .get = [](const FieldContext& c,
               const Argument&) { return MountText(c, &mount_record::fstype); }},
    {.name = "mount.flags",
     .events = kOnMount,
     .doc = "Names of the mount flags (MS_BIND|MS_REC), 0 for none. (Ours.)",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfMount(
               c, [&](const mount_record& m) -> Value { return MountFlags(m.flags, c.arena); });
         }},
    {.name = "mount.is_bind",
     .type = Type::kBool,
     .events = kOnMount,
     .doc = "A part of a file system already mounted is made visible elsewhere. (Ours.)",
     .get =
         [](const FieldContext& c, const Argument&) {
           return OfMount(c,
                          [](const mount_record& m) -> Value { return (m.flags & MS_BIND) != 0; });
         }},
    {.name = "mount.is_block_device",
     .type = Type::kBool,
     .events = kOnMount,
     .doc = "The file system lies on a block device; not known if the mount failed. (Ours.)",
     .get = [](const FieldContext& c, const Argument&) { return OfMount(c, OnBlockDevice); }},
    {.name = "mount.source_dev",
     .events = kOnMount,
     .doc = "Device number of the file system as major:minor. (Ours.)",
     .get = [](const FieldContext& c, const Argument&) { return SourceDevice(c); }},
    {.name = "mount.is_host_proc",
     .type = Type::kBool,
     .events = kOnMount,
     .doc = "A procfs that shows the processes of the whole node. (Ours.)",
     .get = [](const FieldContext& c, const Argument&) { return IsHostProc(c); }},
};

}  // namespace

std::span<const FieldDef> MountFields() { return kFields; }

}  // namespace nezuban::fields
