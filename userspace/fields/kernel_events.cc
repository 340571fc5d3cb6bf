// SPDX-License-Identifier: Apache-2.0
#include "bpf/bpf_object.h"
#include "fields/call_values.h"
#include "fields/event_families.h"
#include "fields/fd.h"
#include "fields/flags.h"

namespace nezuban::fields {
namespace {

constexpr std::uint8_t kAll = 0xff;  // every name of the event
constexpr std::uint8_t kBpf = 1 << 0;
constexpr std::uint8_t kPerf = 1 << 1;
constexpr std::uint8_t kUserfaultfd = 1 << 2;
constexpr std::uint8_t kIoUring = 1 << 3;
constexpr std::uint8_t kSeccomp = 1 << 4;
constexpr std::uint8_t kInitModule = 1 << 0;
constexpr std::uint8_t kFinitModule = 1 << 1;
constexpr std::uint8_t kDeleteModule = 1 << 2;
constexpr std::uint8_t kKexecFile = 1 << 4;
constexpr std::uint8_t kKeyctl = 1 << 0;
constexpr std::uint8_t kKeys = 1 << 1 | 1 << 2;

Value BpfType(const FieldContext& c) {
  const call_record& call = Call(c);
  const auto type = static_cast<std::int64_t>(call.known[0]);
  if (call.known[2] == BPF_OBJECT_PROGRAM) return BpfProgramType(type, c.arena);
  if (call.known[2] == BPF_OBJECT_MAP) return BpfMapType(type, c.arena);
  return Absent{};
}

Value BpfId(const FieldContext& c) {
  const auto id = static_cast<std::int64_t>(Call(c).known[1]);
  return id == 0 ? Value(Absent{}) : Value(id);
}

// The descriptor a call gave, or its error.
Value ResultNumber(const FieldContext& c) { return std::int64_t{Call(c).result}; }

// The new descriptor; -1 if there is none.
Value MemfdFd(const FieldContext& c) {
  return Call(c).result < 0 ? std::int64_t{-1} : std::int64_t{Call(c).result};
}

// As the path of such a file reads everywhere else.
Value MemfdPath(const FieldContext& c) {
  const Value name = CallText<0>(c);
  const auto* text = std::get_if<Text>(&name);
  if (text == nullptr || Call(c).file.ino == 0) return text == nullptr ? name : Value(Absent{});
  return c.arena.Copy("memfd:" + std::string(text->bytes));
}

constexpr std::uint8_t kMmap = 1 << 0;
constexpr std::uint8_t kMmap2 = 1 << 1;
constexpr std::uint8_t kMappings = kMmap | kMmap2;

// mprotect has none: what it is about is the mapping's file.
Value MmapFd(const FieldContext& c) {
  return (kMappings >> c.header().variant & 1) != 0 ? Int<4>(c) : Value(Absent{});
}

constexpr EventFacts kFacts[] = {
    {.event = EVENT_BPF, .category = "other", .result = RecordResult<call_record>},
    {.event = EVENT_MODULE, .category = "other", .result = RecordResult<call_record>},
    {.event = EVENT_KEYCTL, .category = "other", .result = RecordResult<call_record>},
    {.event = EVENT_MEMFD,
     .category = "memory",
     .result = RecordResult<call_record>,
     .fd = MemfdFd,
     .name_changed = [](const FieldContext& c) { return Value(Call(c).result >= 0); },
     .file = [](const FieldContext& c) { return &Call(c).file; },
     .file_name = MemfdPath},
    {.event = EVENT_MMAP,
     .category = "memory",
     .result = RecordResult<call_record>,
     .fd = MmapFd,
     .file = [](const FieldContext& c) { return &Call(c).file; },
     .file_name = CallText<0>},
};

constexpr EventArg kArgs[] = {
    {EVENT_BPF, kBpf, "fd", ResultNumber},
    {EVENT_BPF, kBpf, "cmd", Named<0, BpfCommand>, Int<0>},
    {EVENT_BPF, kBpf, "type", BpfType},
    {EVENT_BPF, kBpf, "id", BpfId},
    {EVENT_BPF, kBpf, "name", CallText<0>},
    {EVENT_BPF, kPerf | kUserfaultfd | kIoUring | kSeccomp, "res", EventResultText, EventResult},
    {EVENT_BPF, kPerf, "type",
     [](const FieldContext& c) -> Value { return static_cast<std::int64_t>(Call(c).known[0]); }},
    {EVENT_BPF, kPerf, "config",
     [](const FieldContext& c) -> Value { return static_cast<std::int64_t>(Call(c).known[1]); }},
    {EVENT_BPF, kPerf, "pid", Int<1>},
    {EVENT_BPF, kPerf, "cpu", Int<2>},
    {EVENT_BPF, kUserfaultfd, "flags", Flags<0, UserfaultfdFlags>, Bits<0>},
    {EVENT_BPF, kIoUring, "entries", Int<0>},
    {EVENT_BPF, kIoUring, "flags",
     [](const FieldContext& c) -> Value { return IoUringFlags(Call(c).known[0], c.arena); },
     Known<0>},
    {EVENT_BPF, kSeccomp, "op", Int<0>},
    {EVENT_BPF, kSeccomp, "flags", Int<1>},
    {EVENT_MODULE, kAll, "res", EventResultText, EventResult},
    {EVENT_MODULE, kInitModule, "length", Word<1>},
    {EVENT_MODULE, kFinitModule | kKexecFile, "fd", Int<0>},
    {EVENT_MODULE, kInitModule | kFinitModule, "uargs", CallText<1>},
    {EVENT_MODULE, kFinitModule, "flags", Flags<2, ModuleFlags>, Bits<2>},
    {EVENT_MODULE, kFinitModule | kKexecFile, "path", CallText<0>},
    {EVENT_MODULE, kDeleteModule, "name", CallText<0>},
    {EVENT_MODULE, kDeleteModule, "flags", Int<1>},
    {EVENT_KEYCTL, kAll, "res", EventResultText, EventResult},
    {EVENT_KEYCTL, kKeyctl, "operation", Named<0, KeyctlOperation>, Int<0>},
    {EVENT_KEYCTL, kKeyctl, "arg2", Word<1>},
    {EVENT_KEYCTL, kKeyctl, "arg3", Word<2>},
    {EVENT_KEYCTL, kKeyctl, "arg4", Word<3>},
    {EVENT_KEYCTL, kKeyctl, "arg5", Word<4>},
    {EVENT_KEYCTL, kKeys, "type", CallText<0>},
    {EVENT_KEYCTL, kKeys, "description", CallText<1>},
    {EVENT_MEMFD, kAll, "fd", FileFd, EventFd},
    {EVENT_MEMFD, kAll, "name", CallText<0>},
    {EVENT_MEMFD, kAll, "flags", Flags<1, MemfdFlags>, Bits<1>},
    {EVENT_MMAP, kAll, "res", EventResultText, EventResult},
    {EVENT_MMAP, kAll, "addr", Word<0>},
    {EVENT_MMAP, kAll, "length", Word<1>},
    {EVENT_MMAP, kAll, "prot", Flags<2, ProtFlags>, Bits<2>},
    {EVENT_MMAP, kMappings, "flags", Flags<3, MmapFlags>, Bits<3>},
    {EVENT_MMAP, kMappings, "fd", FileFd, EventFd},
    {EVENT_MMAP, kMmap, "offset", Word<5>},
    {EVENT_MMAP, kMmap2, "pgoffset", Word<5>},
};

}  // namespace

EventFamily KernelEvents() { return {kFacts, kArgs}; }

}  // namespace nezuban::fields
