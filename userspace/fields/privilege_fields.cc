// SPDX-License-Identifier: Apache-2.0
// Capabilities of the process, and how its credentials changed.
#include "fields/call_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

constexpr std::uint64_t kOnCredentials = On({EVENT_CREDENTIALS});
constexpr std::uint64_t kOnTarget = On({EVENT_PTRACE, EVENT_SIGNAL, EVENT_BPF});

Value Caps(const FieldContext& c, std::uint64_t state::Capabilities::*set) {
  const state::Capabilities& caps = c.process().caps;
  return caps.known ? Value(CapabilityNames(caps.*set, c.arena)) : Value(Unknown{});
}

const credentials_record* Change(const FieldContext& c) {
  return c.event.event.As<credentials_record>();
}

// By what, for CREDENTIALS_BY_*.
constexpr std::string_view kBy[] = {"other", "exec", "setuid", "capset", "namespace"};

Value ChangedBy(const FieldContext& c) {
  const credentials_record* change = Change(c);
  if (change == nullptr) return Absent{};
  return change->by < std::size(kBy) ? Value(kBy[change->by]) : Value(Unknown{});
}

bool IsRoot(const credentials& ids) { return ids.uid == 0 || ids.euid == 0; }

Value BecameRoot(const FieldContext& c) {
  const credentials_record* change = Change(c);
  if (change == nullptr) return Absent{};
  if (change->by == CREDENTIALS_BY_EXEC || !IsRoot(change->after)) return false;
  const credentials* before = c.event.processes.before();
  return before == nullptr ? Value(Unknown{}) : Value(!IsRoot(*before));
}

Value GainedCaps(const FieldContext& c) {
  const credentials_record* change = Change(c);
  if (change == nullptr) return Absent{};
  const credentials* before = c.event.processes.before();
  if (before == nullptr) return Unknown{};
  return CapabilityNames(change->after.cap_effective & ~before->cap_effective, c.arena);
}

const call_record* Aimed(const FieldContext& c) {
  if ((kOnTarget >> c.header().type & 1) == 0) return nullptr;
  const call_record& call = Call(c);
  return call.target_tgid == 0 ? nullptr : &call;
}

Value TargetName(const FieldContext& c) {
  const call_record* call = Aimed(c);
  if (call == nullptr) return Absent{};
  const state::Process* target = c.event.processes.Find({call->target_tgid, call->target_start_ns});
  return target == nullptr ? Value(Unknown{}) : Value(std::string_view(target->comm));
}

constexpr FieldDef kFields[] = {
    {.name = "thread.cap_permitted",
     .doc =
         "Permitted capabilities of the process, CAP_… names separated by blanks, as of its last "
         "execve or change of credentials.",
     .get = [](const FieldContext& c,
               const Argument&) { return Caps(c, &state::Capabilities::permitted); }},
    {.name = "thread.cap_effective",
     .doc = "Effective capabilities of the process, CAP_… names separated by blanks.",
     .get = [](const FieldContext& c,
               const Argument&) { return Caps(c, &state::Capabilities::effective); }},
    {.name = "thread.cap_inheritable",
     .doc = "Inheritable capabilities of the process, CAP_… names separated by blanks.",
     .get = [](const FieldContext& c,
               const Argument&) { return Caps(c, &state::Capabilities::inheritable); }},
    {.name = "cred.by",
     .events = kOnCredentials,
     .doc = "What the thread was doing when its credentials changed: exec, setuid (that family of "
            "calls), capset, namespace (setns, unshare) or other, which no regular program does.",
     .get = [](const FieldContext& c, const Argument&) { return ChangedBy(c); }},
    {.name = "cred.became_root",
     .type = Type::kBool,
     .events = kOnCredentials,
     .doc = "The real or effective user id became 0, neither having been, and not by executing a "
            "setuid program.",
     .get = [](const FieldContext& c, const Argument&) { return BecameRoot(c); }},
    {.name = "cred.caps_gained",
     .events = kOnCredentials,
     .doc = "Effective capabilities that were not there before, CAP_… names separated by blanks.",
     .get = [](const FieldContext& c, const Argument&) { return GainedCaps(c); }},
    {.name = "target.pid",
     .type = Type::kInt,
     .events = kOnTarget,
     .doc = "Pid of the process acted on, in the initial pid namespace. Of bpf: the monitor, where "
            "what was opened is its own; else none.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       const call_record* call = Aimed(c);
       return call == nullptr ? Value(Absent{}) : Value(std::int64_t{call->target_tgid});
     }},
    {.name = "target.name",
     .events = kOnTarget,
     .doc = "Command name of the process acted on.",
     .get = [](const FieldContext& c, const Argument&) { return TargetName(c); }},
};

}  // namespace

std::span<const FieldDef> PrivilegeFields() { return kFields; }

}  // namespace nezuban::fields
