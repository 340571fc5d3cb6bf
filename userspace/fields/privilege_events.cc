// SPDX-License-Identifier: Apache-2.0
#include "fields/event_families.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event
constexpr std::uint8_t kSetns = 1 << 0;
constexpr std::uint8_t kUnshare = 1 << 1;

const call_record& Call(const FieldContext& c) { return As<call_record>(c); }

// Argument I as the number it is, of 32 bits with a sign.
template <int I>
Value Int(const FieldContext& c) {
  return std::int64_t{static_cast<std::int32_t>(Call(c).arg[I])};
}

Value TargetPid(const FieldContext& c) {
  return Call(c).target_tgid == 0 ? Value(Unknown{}) : Value(std::int64_t{Call(c).target_tgid});
}

constexpr EventFacts kFacts[] = {
    {.event = EVENT_NAMESPACE, .category = "process", .result = RecordResult<call_record>},
};

constexpr EventArg kArgs[] = {
    {EVENT_NAMESPACE, kAll, "res", EventResultText},
    {EVENT_NAMESPACE, kSetns, "fd", Int<0>},
    // What the descriptor stands for, where the caller left it open.
    {EVENT_NAMESPACE, kSetns, "nstype",
     [](const FieldContext& c) -> Value {
       const call_record& call = Call(c);
       return CloneFlags(call.known[0] != 0 ? call.known[0] : call.arg[1], c.arena);
     }},
    {EVENT_NAMESPACE, kSetns, "ns",
     [](const FieldContext& c) -> Value {
       const auto inode = static_cast<std::int64_t>(Call(c).known[1]);
       return inode == 0 ? Value(Absent{}) : Value(inode);
     }},
    {EVENT_NAMESPACE, kSetns, "pid",
     [](const FieldContext& c) {
       return Call(c).target_tgid == 0 ? Value(Absent{}) : TargetPid(c);
     }},
    {EVENT_NAMESPACE, kUnshare, "flags",
     [](const FieldContext& c) -> Value { return CloneFlags(Call(c).arg[0], c.arena); }},
};

}  // namespace

EventFamily PrivilegeEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
