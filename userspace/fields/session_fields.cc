// SPDX-License-Identifier: Apache-2.0
// Sessions: commands that were put into a running container (kubectl exec, docker exec, ctr task
// exec, probes) and what they started.
#include <algorithm>

#include "base/text.h"
#include "fields/process_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using state::Process;

// Runtimes that put processes into containers, and what they call doing so.
constexpr std::string_view kRuntimes[] = {"runc", "crun", "youki", "runsc"};
struct Subcommand {
  std::string_view name;
  bool is_exec;
};
constexpr Subcommand kSubcommands[] = {
    {"exec", true}, {"create", false}, {"run", false}, {"start", false}, {"restore", false}};

// How far above a container's process its runtime is: what forks between them is the runtime's too.
constexpr int kMaxSteps = 4;

// The process that came into the container, from which the event's one descends.
const Process* Entry(const FieldContext& c) {
  const Process* entry = &c.process();
  if (!entry->exec_in_container || entry->origin_cgroup_id == 0) return nullptr;
  for (int i = 0; i < kMaxAncestors; ++i) {
    const Process* parent = ParentOf(c, *entry).process;
    if (parent == nullptr || !parent->exec_in_container ||
        parent->origin_cgroup_id != entry->origin_cgroup_id) {
      return entry;
    }
    entry = parent;
  }
  return entry;
}

// What the arguments of a runtime tell it to do; nullptr: it is none, or they don't say.
const Subcommand* SubcommandOf(const Process& process) {
  const std::string_view path = process.exe_path.bytes;
  const std::string_view file = path.substr(path.rfind('/') + 1);  // npos + 1 is 0: the whole
  const auto is_it = [&](std::string_view name) { return process.comm == name || file == name; };
  if (std::ranges::none_of(kRuntimes, is_it)) return nullptr;
  for (const std::string_view argument : Split(process.args.bytes, '\0')) {
    const auto* const row = std::ranges::find(kSubcommands, argument, &Subcommand::name);
    if (row != std::end(kSubcommands)) return row;
  }
  return nullptr;
}

struct Session {
  const Process* runtime = nullptr;  // that put the entry into the container, if it was seen
  Value is_exec;                     // bool, or Unknown
};

Session SessionOf(const FieldContext& c, const Process& entry) {
  const Process* at = ParentOf(c, entry).process;
  for (int i = 0; at != nullptr && i < kMaxSteps; ++i, at = ParentOf(c, *at).process) {
    if (const Subcommand* command = SubcommandOf(*at)) return {at, command->is_exec};
  }
  // Who started it is not known. The first process of a pid namespace is its container's own; any
  // other came later, unless the namespace is not the container's alone.
  if (entry.vpid == 1) return {nullptr, false};
  return {nullptr, Unknown{}};
}

Value IsExecSession(const FieldContext& c, const Argument&) {
  const Process* entry = Entry(c);
  if (entry != nullptr) return SessionOf(c, *entry).is_exec;
  return ExecKnown(c.process()) ? Value(false) : Value(Unknown{});
}

// The first command of the session.
Value SessionCommand(const FieldContext& c, const Argument& argument) {
  const Value is = IsExecSession(c, argument);
  const bool* known = std::get_if<bool>(&is);
  if (known == nullptr) return Unknown{};
  return *known ? ProcessCmdline(c, *Entry(c)) : Value(Absent{});
}

Value SessionRuntime(const FieldContext& c, const Argument& argument) {
  const Value is = IsExecSession(c, argument);
  const bool* known = std::get_if<bool>(&is);
  if (known == nullptr) return Unknown{};
  return *known ? ProcessCmdline(c, *SessionOf(c, *Entry(c)).runtime) : Value(Absent{});
}

constexpr FieldDef kFields[] = {
    {.name = "proc.is_exec_session",
     .type = Type::kBool,
     .doc = "The process is, or descends from, a command put into a running container: kubectl "
            "exec, docker exec, a probe. (Ours.)",
     .get = IsExecSession},
    {.name = "proc.exec_session.cmdline",
     .doc = "The command that was put into the container, as proc.cmdline has it. (Ours.)",
     .get = SessionCommand},
    {.name = "proc.exec_session.runtime",
     .doc = "proc.cmdline of the runtime that put it there. (Ours.)",
     .get = SessionRuntime},
};

}  // namespace

std::span<const FieldDef> SessionFields() { return kFields; }

}  // namespace nezuban::fields
