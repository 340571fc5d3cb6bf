// SPDX-License-Identifier: Apache-2.0
// Sessions and process groups, and who leads them.
#include "fields/convert.h"
#include "fields/process_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using state::Process;
using OfProcess = Value (*)(const FieldContext&, const Process&);

// The process that leads the session or the group, or the oldest ancestor in it.
const Process& Leader(const FieldContext& c, std::uint32_t Process::*group) {
  const Process* oldest = &c.process();
  const std::uint32_t id = oldest->*group;
  for (int i = 0; i < kMaxAncestors && oldest->key.tgid != id; ++i) {
    const ParentStep up = ParentOf(c, *oldest);
    if (up.process == nullptr || up.process->*group != id) break;
    oldest = up.process;
  }
  return *oldest;
}

template <std::uint32_t Process::*group, OfProcess of>
Value OfLeader(const FieldContext& c, const Argument&) {
  if (c.process().*group == 0) return Unknown{};
  return of(c, Leader(c, group));
}

// True of the first of a group, in whatever namespace its number is told.
template <std::uint32_t Process::*group>
Value IsLeader(const FieldContext& c, const Argument&) {
  if (c.process().*group == 0) return Unknown{};
  return c.process().*group == c.process().key.tgid;
}

// The group's number inside the pid namespace is the vpid of who leads it. A leader that is gone or
// lives in another namespace leaves it open.
template <std::uint32_t Process::*group>
Value NumberInside(const FieldContext& c, const Argument&) {
  const Process& p = c.process();
  if (p.*group == 0) return Unknown{};
  if (p.pid_ns == kHostPidNs) return std::int64_t{p.*group};
  const Process& leader = Leader(c, group);
  if (leader.key.tgid != p.*group || leader.pid_ns != p.pid_ns) return Unknown{};
  return Id(leader.vpid);
}

constexpr FieldDef kFields[] = {
    {.name = "proc.sid",
     .type = Type::kInt,
     .doc = "Session id.",
     .get = [](const FieldContext& c, const Argument&) { return Id(c.process().sid); }},
    {.name = "proc.pgid",
     .type = Type::kInt,
     .doc = "Process group id.",
     .get = [](const FieldContext& c, const Argument&) { return Id(c.process().pgid); }},
    {.name = "proc.vpgid",
     .type = Type::kInt,
     .doc = "Process group id in the process's own pid namespace; known while the leader lives.",
     .get = NumberInside<&Process::pgid>},
    {.name = "proc.vsid",
     .type = Type::kInt,
     .doc = "Session id in the process's own pid namespace; known while the leader lives. (Ours.)",
     .get = NumberInside<&Process::sid>},
    {.name = "proc.sname",
     .doc = "proc.name of the leader of the session, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::sid, ProcessName>},
    {.name = "proc.is_sid_leader",
     .type = Type::kBool,
     .doc = "The process leads its session.",
     .get = IsLeader<&Process::sid>},
    {.name = "proc.is_pgid_leader",
     .type = Type::kBool,
     .doc = "The process leads its process group.",
     .get = IsLeader<&Process::pgid>},
    {.name = "proc.is_vpgid_leader",
     .type = Type::kBool,
     .doc = "The same as proc.is_pgid_leader.",
     .get = IsLeader<&Process::pgid>},
    {.name = "proc.sid.exe",
     .doc = "proc.exe of the leader of the session, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::sid, ProcessExe>},
    {.name = "proc.sid.exepath",
     .doc = "proc.exepath of the leader of the session, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::sid, ProcessExePath>},
    {.name = "proc.pgid.name",
     .doc = "proc.name of the leader of the process group, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::pgid, ProcessName>},
    {.name = "proc.pgid.exe",
     .doc = "proc.exe of the leader of the process group, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::pgid, ProcessExe>},
    {.name = "proc.pgid.exepath",
     .doc = "proc.exepath of the leader of the process group, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::pgid, ProcessExePath>},
    {.name = "proc.vpgid.name",
     .doc = "proc.name of the leader of the process group, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::pgid, ProcessName>},
    {.name = "proc.vpgid.exe",
     .doc = "proc.exe of the leader of the process group, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::pgid, ProcessExe>},
    {.name = "proc.vpgid.exepath",
     .doc = "proc.exepath of the leader of the process group, or of the oldest ancestor in it.",
     .get = OfLeader<&Process::pgid, ProcessExePath>},
};

}  // namespace

std::span<const FieldDef> GroupFields() { return kFields; }

}  // namespace nezuban::fields
