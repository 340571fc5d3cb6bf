// SPDX-License-Identifier: Apache-2.0
#include "fields/convert.h"
#include "fields/process_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using OfProcess = Value (*)(const FieldContext&, const state::Process&);

template <OfProcess of>
Value OfSelf(const FieldContext& c, const Argument&) {
  return of(c, c.process());
}

Value WallTime(const FieldContext& c, std::uint64_t boot_ns) {
  if (boot_ns == 0) return Unknown{};
  return static_cast<std::int64_t>(boot_ns) + c.event.wall_offset_ns;
}

Value Duration(const FieldContext& c, const state::Process& p) {
  if (p.key.start_ns == 0) return Unknown{};
  return static_cast<std::int64_t>(c.header().time_ns - p.key.start_ns);
}

// What of the parent; Absent if there is none.
template <typename Of>
Value OfParent(const FieldContext& c, Of of) {
  const ParentStep at = ParentOf(c, c.process());
  if (at.process != nullptr) return of(*at.process);
  return at.known ? Value(Absent{}) : Value(Unknown{});
}

// Pid of the oldest process in the chain, the process included, whose comm ends in "sh".
Value LoginShell(const FieldContext& c) {
  Value found = Absent{};
  ParentStep at{&c.process(), true};
  for (int i = 0; i < kMaxAncestors && at.process != nullptr; ++i) {
    if (at.process->comm.ends_with("sh")) found = std::int64_t{at.process->key.tgid};
    at = ParentOf(c, *at.process);
  }
  return found;
}

Value FromMemfd(const FieldContext& c) {
  const state::Process& p = c.process();
  if (!ExecKnown(p) || p.exe_file.ino == 0) return Unknown{};
  // A memfd lies on an internal mount, which no file a user can name does.
  return p.exe_file.mnt_ns == 0 && p.exe_path.bytes.view().find("memfd:") <= 1;
}

Value Unlinked(const FieldContext& c) {
  const state::Process& p = c.process();
  if (!ExecKnown(p) || p.exe_file.ino == 0) return Unknown{};
  return p.exe_file.nlink == 0;
}

// How old the executable's inode was when the process was made. Negative: it changed after that.
Value ExeAge(const FieldContext& c) {
  const state::Process& p = c.process();
  if (p.exe_ctime_ns == 0 || p.key.start_ns == 0) return Unknown{};
  return static_cast<std::int64_t>(
      p.key.start_ns + static_cast<std::uint64_t>(c.event.wall_offset_ns) - p.exe_ctime_ns);
}

template <std::uint16_t flag>
Value ExeIs(const FieldContext& c, const Argument&) {
  const state::Process& p = c.process();
  if (!ExecKnown(p) || p.exe_file.ino == 0) return Unknown{};
  return (p.exe_file.flags & flag) != 0;
}

Value Args(const FieldContext& c, const Argument& argument) {
  if (argument.kind == Argument::Kind::kIndex) return ProcessArg(c, c.process(), argument.index);
  return ProcessArgs(c, c.process());
}

constexpr FieldDef String(std::string_view name, std::string_view doc,
                          decltype(FieldDef::get) get) {
  return {.name = name, .doc = doc, .get = get};
}
constexpr FieldDef Int(std::string_view name, std::string_view doc, std::string_view unit,
                       decltype(FieldDef::get) get) {
  return {.name = name, .type = Type::kInt, .unit = unit, .doc = doc, .get = get};
}
constexpr FieldDef Int(std::string_view name, std::string_view doc, decltype(FieldDef::get) get) {
  return Int(name, doc, {}, get);
}
constexpr FieldDef Bool(std::string_view name, std::string_view doc, decltype(FieldDef::get) get) {
  return {.name = name, .type = Type::kBool, .doc = doc, .get = get};
}

constexpr FieldDef kFields[] = {
    String("proc.name", "Command name (comm), at most 15 bytes; the process chooses it.",
           OfSelf<ProcessName>),
    String("proc.exe", "argv[0], which the caller of execve chooses.", OfSelf<ProcessExe>),
    String("proc.exepath", "Path of the executable as the kernel resolved it.",
           OfSelf<ProcessExePath>),
    {.name = "proc.args",
     .argument = ArgumentKind::kIndex,
     .doc = "Arguments after argv[0], joined with one blank; [0] is the first of them.",
     .get = Args},
    String("proc.cmdline", "proc.name and the arguments, joined with one blank.",
           OfSelf<ProcessCmdline>),
    String("proc.exeline", "argv[0] and the arguments, joined with one blank.",
           OfSelf<ProcessExeline>),
    String("proc.cwd", "Working directory at the last execve, with a slash at its end.",
           OfSelf<ProcessCwd>),
    Int("proc.pid", "Process id on the node.", OfSelf<ProcessPid>),
    Int("proc.ppid", "Id of the parent on the node.",
        [](const FieldContext& c, const Argument&) -> Value {
          return std::int64_t{c.process().parent.tgid};
        }),
    Int("proc.pvpid", "proc.vpid of the parent.",
        [](const FieldContext& c, const Argument&) {
          return OfParent(c, [](const state::Process& p) { return Id(p.vpid); });
        }),
    Int("proc.vpid", "Process id in the process's own pid namespace.",
        [](const FieldContext& c, const Argument&) { return Id(c.process().vpid); }),
    Int("proc.loginshellid", "Pid of the oldest process in the chain whose name ends in sh.",
        [](const FieldContext& c, const Argument&) { return LoginShell(c); }),
    Int("proc.tty", "Controlling terminal as major << 8 | minor; 0 for none.",
        [](const FieldContext& c, const Argument&) -> Value {
          return ExecKnown(c.process()) ? Value(std::int64_t{c.process().tty}) : Unknown{};
        }),
    Int("proc.cmdnargs", "Number of arguments after argv[0].", OfSelf<ProcessArgCount>),
    Int("proc.cmdlenargs", "Length of the arguments after argv[0] together.", "bytes",
        OfSelf<ProcessArgBytes>),
    Int("proc.pid.ts", "When the process was created, since the epoch.", "ns",
        [](const FieldContext& c, const Argument&) {
          return WallTime(c, c.process().key.start_ns);
        }),
    Int("proc.ppid.ts", "When the parent was created, since the epoch.", "ns",
        [](const FieldContext& c, const Argument&) {
          return OfParent(c, [&](const state::Process& p) { return WallTime(c, p.key.start_ns); });
        }),
    Int("proc.duration", "How long the process has existed.", "ns",
        [](const FieldContext& c, const Argument&) { return Duration(c, c.process()); }),
    Int("proc.ppid.duration", "How long the parent has existed.", "ns",
        [](const FieldContext& c, const Argument&) {
          return OfParent(c, [&](const state::Process& p) { return Duration(c, p); });
        }),
    Int("proc.exe_ino", "Inode number of the executable.",
        [](const FieldContext& c, const Argument&) { return Id(c.process().exe_file.ino); }),
    Int("proc.exe_ino.ctime", "When the executable's inode last changed, since the epoch.", "ns",
        [](const FieldContext& c, const Argument&) { return Id(c.process().exe_ctime_ns); }),
    Int("proc.exe_ino.mtime", "When the executable was last modified, since the epoch.", "ns",
        [](const FieldContext& c, const Argument&) { return Id(c.process().exe_mtime_ns); }),
    Int("proc.exe_ino.ctime_duration_proc_start",
        "From the change of the executable's inode to the start of the process.", "ns",
        [](const FieldContext& c, const Argument&) { return ExeAge(c); }),
    Bool("proc.is_exe_from_memfd", "The executable is a memfd.",
         [](const FieldContext& c, const Argument&) { return FromMemfd(c); }),
    Bool("proc.is_exe_unlinked",
         "The executable had no name at the execve: removed, or made without one, as a memfd is. "
         "(Ours.)",
         [](const FieldContext& c, const Argument&) { return Unlinked(c); }),
    Bool("proc.is_exe_upper_layer",
         "The executable lies in the upper, writable layer of an overlayfs.",
         ExeIs<FILE_UPPER_LAYER>),
    Bool("proc.is_exe_lower_layer", "The executable lies in a lower layer of an overlayfs.",
         ExeIs<FILE_LOWER_LAYER>),
    Bool("proc.exec_in_container",
         "The last execve happened in a container; false for what a runtime does there before it "
         "executes the workload. (Ours.)",
         [](const FieldContext& c, const Argument&) -> Value {
           if (c.process().exec_in_container) return true;
           return ExecKnown(c.process()) ? Value(false) : Unknown{};
         }),
    Int("proc.pidns", "Inode number of the process's pid namespace. (Ours.)",
        [](const FieldContext& c, const Argument&) { return Id(c.header().pid_ns); }),
    Bool("proc.is_host_pidns", "The process is in the node's own pid namespace. (Ours.)",
         [](const FieldContext& c, const Argument&) -> Value {
           if (c.header().pid_ns == 0) return Unknown{};
           return c.header().pid_ns == kHostPidNs;
         }),
    Int("proc.mntns", "Inode number of the process's mount namespace. (Ours.)",
        [](const FieldContext& c, const Argument&) { return Id(c.header().mnt_ns); }),
    Int("proc.cgroup_id", "Id of the process's cgroup in the default hierarchy. (Ours.)",
        [](const FieldContext& c, const Argument&) { return Id(c.header().cgroup_id); }),
    Int("thread.tid", "Thread id on the node.",
        [](const FieldContext& c, const Argument&) -> Value {
          return std::int64_t{c.header().tid};
        }),
    Int("thread.vtid", "Thread id in the process's own pid namespace; known of the first thread.",
        [](const FieldContext& c, const Argument&) {
          return c.header().tid == c.header().tgid ? Id(c.process().vpid) : Value(Unknown{});
        }),
    String("thread.nametid", "Name and id of the thread.",
           [](const FieldContext& c, const Argument&) -> Value {
             return c.arena.Concat({c.event.event.comm(), c.arena.Number(c.header().tid)});
           }),
    Bool("thread.ismain", "The thread is the process's first.",
         [](const FieldContext& c, const Argument&) -> Value {
           return c.header().tid == c.header().tgid;
         }),
};

}  // namespace

std::span<const FieldDef> ProcFields() { return kFields; }

}  // namespace nezuban::fields
