// SPDX-License-Identifier: Apache-2.0
#include "fields/call_values.h"
#include "fields/event_families.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event
constexpr std::uint8_t kSetns = 1 << 0;
constexpr std::uint8_t kUnshare = 1 << 1;

constexpr std::uint8_t kChroot = 1 << 0;
// Variants of the other events of this file.
constexpr std::uint8_t kPivotRoot = 1 << 1;
constexpr std::uint8_t kUmount = 1 << 2 | 1 << 3;
constexpr std::uint8_t kUmount2 = 1 << 3;
constexpr std::uint8_t kPtrace = 1 << 0;
constexpr std::uint8_t kGetfd = 1 << 3;
constexpr std::uint8_t kPidfdOpen = 1 << 4;
constexpr std::uint8_t kSetuid = 1 << 0 | 1 << 6;  // and setfsuid
constexpr std::uint8_t kSetgid = 1 << 1 | 1 << 7;
constexpr std::uint8_t kSetreuid = 1 << 2;
constexpr std::uint8_t kSetregid = 1 << 3;
constexpr std::uint8_t kSetresuid = 1 << 4;
constexpr std::uint8_t kSetresgid = 1 << 5;

// What the descriptor stands for, where the caller left it open.
std::uint64_t NamespaceType(const FieldContext& c) {
  const call_record& call = Call(c);
  return call.known[0] != 0 ? call.known[0] : call.arg[1];
}

template <int I>
Value KnownCaps(const FieldContext& c) {
  return CapabilityNames(Call(c).known[I], c.arena);
}

template <auto number>
Value After(const FieldContext& c) {
  return static_cast<std::int64_t>(As<credentials_record>(c).after.*number);
}

template <auto number>
Value Before(const FieldContext& c) {
  const credentials* before = c.event.processes.before();
  return before == nullptr ? Value(Unknown{}) : Value(static_cast<std::int64_t>(before->*number));
}

template <__u32 credentials::*id>
Value NewId(const FieldContext& c) {
  return IdName(As<credentials_record>(c).after.*id, c.arena);
}

template <__u32 credentials::*id>
Value OldId(const FieldContext& c) {
  const credentials* before = c.event.processes.before();
  return before == nullptr ? Value(Unknown{}) : Value(IdName(before->*id, c.arena));
}

template <__u64 credentials::*caps>
Value NewCaps(const FieldContext& c) {
  return CapabilityNames(As<credentials_record>(c).after.*caps, c.arena);
}

constexpr EventFacts kFacts[] = {
    {.event = EVENT_NAMESPACE, .category = "process", .result = RecordResult<call_record>},
    {.event = EVENT_ROOT, .category = "process", .result = RecordResult<call_record>},
    {.event = EVENT_PTRACE, .category = "process", .result = RecordResult<call_record>},
    {.event = EVENT_SIGNAL, .category = "signal", .result = RecordResult<call_record>},
    {.event = EVENT_SETUID, .category = "user", .result = RecordResult<call_record>},
    {.event = EVENT_CAPSET, .category = "process", .result = RecordResult<call_record>},
    {.event = EVENT_CREDENTIALS,
     .category = "user",
     .result = [](const FieldContext&) -> Value { return std::int64_t{0}; }},  // only successes
};

constexpr EventArg kArgs[] = {
    {EVENT_NAMESPACE, kAll, "res", EventResultText, EventResult},
    {EVENT_NAMESPACE, kSetns, "fd", Int<0>},
    {EVENT_NAMESPACE, kSetns, "nstype",
     [](const FieldContext& c) -> Value { return CloneFlags(NamespaceType(c), c.arena); },
     [](const FieldContext& c) -> Value { return CloneNumber(NamespaceType(c)); }},
    {EVENT_NAMESPACE, kSetns, "ns",
     [](const FieldContext& c) -> Value {
       const auto inode = static_cast<std::int64_t>(Call(c).known[1]);
       return inode == 0 ? Value(Absent{}) : Value(inode);
     }},
    {EVENT_NAMESPACE, kSetns, "pid",
     [](const FieldContext& c) {
       return Call(c).target_tgid == 0 ? Value(Absent{}) : TargetPid(c);
     }},
    {EVENT_NAMESPACE, kUnshare, "flags", Flags<0, CloneFlags>,
     [](const FieldContext& c) -> Value {
       return CloneNumber(static_cast<std::uint32_t>(Call(c).arg[0]));
     }},
    {EVENT_ROOT, kAll, "res", EventResultText, EventResult},
    {EVENT_ROOT, kChroot, "path", CallText<0>},
    {EVENT_ROOT, kPivotRoot, "new_root", CallText<0>},
    {EVENT_ROOT, kPivotRoot, "put_old", CallText<1>},
    {EVENT_ROOT, kUmount, "name", CallText<0>},
    {EVENT_ROOT, kUmount2, "flags", Flags<1, UmountFlags>, Bits<1>},
    {EVENT_PTRACE, kAll, "res", EventResultText, EventResult},
    {EVENT_PTRACE, kPtrace, "addr", Word<2>},
    {EVENT_PTRACE, kPtrace, "data", Word<3>},
    {EVENT_PTRACE, kPtrace, "request", Named<0, PtraceRequest>, Int<0>},
    {EVENT_PTRACE, kGetfd, "pid_fd", Int<0>},
    {EVENT_PTRACE, kGetfd, "target_fd", Int<1>},
    {EVENT_PTRACE, kAll, "pid", TargetPid},
    {EVENT_PTRACE, kGetfd, "name", CallText<0>},
    {EVENT_PTRACE, kGetfd, "flags", Int<2>},
    {EVENT_PTRACE, kPidfdOpen, "flags", Int<1>},
    {EVENT_SIGNAL, kAll, "res", EventResultText, EventResult},
    {EVENT_SIGNAL, kAll, "pid", TargetPid},
    {EVENT_SIGNAL, kAll, "sig", Named<1, SignalName>, Int<1>},
    {EVENT_SETUID, kAll, "res", EventResultText, EventResult},
    {EVENT_SETUID, kSetuid, "uid", Id<0>, Bits<0>},
    {EVENT_SETUID, kSetgid, "gid", Id<0>, Bits<0>},
    {EVENT_SETUID, kSetreuid | kSetresuid, "ruid", Id<0>, Bits<0>},
    {EVENT_SETUID, kSetreuid | kSetresuid, "euid", Id<1>, Bits<1>},
    {EVENT_SETUID, kSetresuid, "suid", Id<2>, Bits<2>},
    {EVENT_SETUID, kSetregid | kSetresgid, "rgid", Id<0>, Bits<0>},
    {EVENT_SETUID, kSetregid | kSetresgid, "egid", Id<1>, Bits<1>},
    {EVENT_SETUID, kSetresgid, "sgid", Id<2>, Bits<2>},
    {EVENT_CAPSET, kAll, "res", EventResultText, EventResult},
    {EVENT_CAPSET, kAll, "cap_inheritable", KnownCaps<0>, Known<0>},
    {EVENT_CAPSET, kAll, "cap_permitted", KnownCaps<1>, Known<1>},
    {EVENT_CAPSET, kAll, "cap_effective", KnownCaps<2>, Known<2>},
    {EVENT_CREDENTIALS, kAll, "res", EventResultText, EventResult},
    {EVENT_CREDENTIALS, kAll, "uid", NewId<&credentials::uid>, After<&credentials::uid>},
    {EVENT_CREDENTIALS, kAll, "euid", NewId<&credentials::euid>, After<&credentials::euid>},
    {EVENT_CREDENTIALS, kAll, "gid", NewId<&credentials::gid>, After<&credentials::gid>},
    {EVENT_CREDENTIALS, kAll, "egid", NewId<&credentials::egid>, After<&credentials::egid>},
    {EVENT_CREDENTIALS, kAll, "olduid", OldId<&credentials::uid>, Before<&credentials::uid>},
    {EVENT_CREDENTIALS, kAll, "oldeuid", OldId<&credentials::euid>, Before<&credentials::euid>},
    {EVENT_CREDENTIALS, kAll, "oldgid", OldId<&credentials::gid>, Before<&credentials::gid>},
    {EVENT_CREDENTIALS, kAll, "oldegid", OldId<&credentials::egid>, Before<&credentials::egid>},
    {EVENT_CREDENTIALS, kAll, "cap_inheritable", NewCaps<&credentials::cap_inheritable>,
     After<&credentials::cap_inheritable>},
    {EVENT_CREDENTIALS, kAll, "cap_permitted", NewCaps<&credentials::cap_permitted>,
     After<&credentials::cap_permitted>},
    {EVENT_CREDENTIALS, kAll, "cap_effective", NewCaps<&credentials::cap_effective>,
     After<&credentials::cap_effective>},
};

}  // namespace

EventFamily PrivilegeEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
