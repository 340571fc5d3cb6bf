// SPDX-License-Identifier: Apache-2.0
// FieldDef: one row of the field table; FieldRef: a field as a condition or an output names it;
// FieldSource: where the values come from, an event or a test's map.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/redact.h"
#include "fields/arena.h"
#include "fields/value.h"
#include "state/enricher.h"

namespace nezuban::fields {

// What a field's values are, and so which operators and literals go with it.
enum class Type : std::uint8_t {
  kText,       // bytes
  kBytes,      // bytes nobody should take for text: the head of what was read or written
  kEventName,  // text whose literals must be names of events or system calls
  kHostName,   // text that can only be equal or not
  kInt,
  kBool,
  kPort,  // integer; literals may be names of services
  kIp,
  kNet,         // an address that is compared with networks
  kNear,        // a distance in milliseconds; `=` is true within the operand
  kOfArgument,  // what the argument is: evt.rawarg; ask TypeOf
};
inline constexpr std::size_t kTypes = static_cast<std::size_t>(Type::kOfArgument) + 1;
std::string_view TypeName(Type type);

// How comparisons treat a field that has several values.
enum class Several : std::uint8_t {
  kNo,
  kAny,        // every operator is true if it is for one of the values (ancestors)
  kEitherEnd,  // the same, but `!=` only if it is for all of them (fd.ip, fd.port, fd.net)
  kList,       // a list as a value: `in` asks of all its elements, `intersects` of one (fd.types)
};

enum class ArgumentKind : std::uint8_t {
  kNone,
  kIndex,         // optional: name or name[2]
  kIndexOrKey,    // optional: proc.env, proc.env[HOME], proc.aenv[2]
  kKey,           // required: container.label[app], container.mount.dest[0], thread.cgroup.cpu
  kNumber,        // required: evt.around[1566230400000000000]
  kParameter,     // required: evt.arg.flags or evt.arg[3]
  kRawParameter,  // required: evt.rawarg.flags
};

// The number or word in name[…]; key is also the last part of evt.arg.flags.
struct Argument {
  enum class Kind : std::uint8_t { kNone, kIndex, kKey };
  Kind kind = Kind::kNone;
  std::int64_t index = 0;
  std::string key;
  bool operator==(const Argument&) const = default;
};

// What a getter may look at. Everything is borrowed for the time of one evaluation.
struct FieldContext {
  const state::EnrichedEvent& event;
  Arena& arena;
  std::string_view hostname;
  // For what people get to see: masks secrets in arguments. nullptr, for deciding: as they are.
  const Redactor* redactor = nullptr;

  const record_header& header() const { return event.event.header(); }
  const state::Process& process() const { return *event.process; }
};

// A set of EVENT_* numbers.
using EventTypes = std::bitset<64>;
static_assert(NR_EVENTS <= 64);

struct FieldDef {
  std::string_view name;
  Type type = Type::kText;
  Several several = Several::kNo;
  ArgumentKind argument = ArgumentKind::kNone;
  // Events that can carry it; on all others the getter gives Absent. 0: every event.
  std::uint64_t events = 0;
  std::string_view unit = {};  // of numbers that have one: ns, kB, bytes
  bool deprecated = false;     // rules should no longer ask for it
  std::string_view doc;        // one sentence
  // nullptr: a field of the language that nothing here can answer yet; it is always absent.
  Value (*get)(const FieldContext& context, const Argument& argument) = nullptr;
};

// Bits of FieldDef::events.
constexpr std::uint64_t On(std::initializer_list<int> events) {
  std::uint64_t bits = 0;
  for (int event : events) bits |= std::uint64_t{1} << event;
  return bits;
}

struct FieldRef {
  const FieldDef* def = nullptr;
  Argument argument;
  bool operator==(const FieldRef&) const = default;
};

// "proc.aname[2]", "evt.arg.flags": as it was written, in its simplest form.
std::string ToString(const FieldRef& ref);

// What its values are, which for evt.rawarg follows from the argument.
Type TypeOf(const FieldRef& ref);

// Its value for an event; Absent where nothing can answer it.
Value Get(const FieldRef& ref, const FieldContext& context);

// Gives the value of a field for the event at hand. Cheap to copy; borrows what `self` points to.
class FieldSource {
 public:
  using Getter = Value (*)(const void* self, const FieldRef& ref);
  FieldSource(const void* self, Getter getter) : self_(self), getter_(getter) {}
  explicit FieldSource(const FieldContext& context)
      : self_(&context), getter_([](const void* c, const FieldRef& ref) {
          return fields::Get(ref, *static_cast<const FieldContext*>(c));
        }) {}

  Value Get(const FieldRef& ref) const { return getter_(self_, ref); }

 private:
  const void* self_;
  Getter getter_;
};

}  // namespace nezuban::fields
