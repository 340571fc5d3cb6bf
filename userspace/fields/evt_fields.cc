// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <ctime>

#include "fields/event_args.h"
#include "fields/event_facts.h"
#include "fields/flags.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Categories that evt.count.error counts one by one.
constexpr std::string_view kFile = "file";
constexpr std::string_view kNetwork = "net";
constexpr std::string_view kMemory = "memory";
constexpr std::string_view kOther = "other";

std::int64_t WallNs(const FieldContext& c) {
  return static_cast<std::int64_t>(c.header().time_ns) + c.event.wall_offset_ns;
}

// strftime of the event's time, with nanoseconds after it if asked, then `tail`.
Value TimeText(const FieldContext& c, const char* format, bool utc, bool fraction,
               std::string_view tail = {}) {
  const std::int64_t ns = WallNs(c);
  const std::time_t seconds = ns / kSecond;
  std::tm parts{};
  utc ? gmtime_r(&seconds, &parts) : localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), format, &parts);
  std::string rest;
  if (fraction) {
    const std::string digits = std::to_string(ns % kSecond);
    rest = "." + std::string(9 - std::min<std::size_t>(9, digits.size()), '0') + digits;
  }
  return c.arena.Concat({{text.data(), size}, rest, tail});
}

Value Result(const FieldContext& c, const Argument&) { return EventResult(c); }

Value ResultText(const FieldContext& c, const Argument&) { return EventResultText(c); }

Value Failed(const FieldContext& c, const Argument&) {
  const Value result = EventResult(c);
  const auto* n = std::get_if<std::int64_t>(&result);
  return n == nullptr ? result : Value(*n < 0);
}

// 1 where the event failed, and, if one is named, is of that category.
template <const std::string_view* category>
Value CountError(const FieldContext& c, const Argument& argument) {
  const Value failed = Failed(c, argument);
  const auto* yes = std::get_if<bool>(&failed);
  if (yes == nullptr) return failed;
  const std::string_view here = FactsOf(c).category;
  const bool other = here != kFile && here != kNetwork && here != kMemory;
  const bool wanted = category == nullptr || (category == &kOther ? other : here == *category);
  return *yes && wanted ? Value(std::int64_t{1}) : Absent{};
}

Value SyscallType(const FieldContext& c, const Argument&) {
  const auto type = c.header().type;
  if (type == EVENT_EXIT || type == EVENT_CGROUP || type == EVENT_RECVFD) return Absent{};
  return c.event.event.name();
}

Value Around(const FieldContext& c, const Argument& argument) {
  constexpr std::int64_t kMillisecond = 1'000'000;
  // In floating point a time of any size is far away, not a wrong one.
  const double distance =
      std::abs(static_cast<double>(WallNs(c)) - static_cast<double>(argument.index));
  return static_cast<std::int64_t>(std::ceil(distance / kMillisecond));
}

Value Zero(const FieldContext&, const Argument&) { return std::int64_t{0}; }
Value One(const FieldContext&, const Argument&) { return std::int64_t{1}; }

constexpr std::string_view kGone =
    "Always 0: only ends of calls are seen; rules of old ask for it.";

constexpr FieldDef kFields[] = {
    {.name = "evt.datetime.s",
     .doc = "Local date and time, to the second.",
     .get = [](const FieldContext& c,
               const Argument&) { return TimeText(c, "%Y-%m-%d %H:%M:%S", false, false); }},
    {.name = "evt.outputtime",
     .doc = "The same as evt.time.",
     .get = [](const FieldContext& c,
               const Argument&) { return TimeText(c, "%H:%M:%S", false, true); }},
    {.name = "evt.around",
     .type = Type::kNear,
     .argument = ArgumentKind::kNumber,
     .unit = "ms",
     .doc = "How far the event is from the time [N], given in nanoseconds since the epoch; = is "
            "true up to that many milliseconds.",
     .get = Around},
    {.name = "evt.is_async",
     .type = Type::kBool,
     .doc = "The event is asynchronous: never here.",
     .get = [](const FieldContext&, const Argument&) -> Value { return false; }},
    {.name = "evt.type.is",
     .type = Type::kInt,
     .argument = ArgumentKind::kKey,
     .deprecated = true,
     .doc = "Always 0: it asked for the start of a call.",
     .get = Zero},
    {.name = "syscall.type",
     .doc = "Name of the system call; absent for events that are none.",
     .get = SyscallType},
    {.name = "evt.count", .type = Type::kInt, .doc = "Always 1.", .get = One},
    {.name = "evt.count.exit", .type = Type::kInt, .doc = "Always 1.", .get = One},
    {.name = "evt.count.error",
     .type = Type::kInt,
     .events = kEventsWithResult,
     .doc = "1 if the event failed, else absent.",
     .get = CountError<nullptr>},
    {.name = "evt.count.error.file",
     .type = Type::kInt,
     .events = kEventsWithResult,
     .doc = "1 if the event failed and is about a file.",
     .get = CountError<&kFile>},
    {.name = "evt.count.error.net",
     .type = Type::kInt,
     .events = kEventsWithResult,
     .doc = "1 if the event failed and is about a connection.",
     .get = CountError<&kNetwork>},
    {.name = "evt.count.error.memory",
     .type = Type::kInt,
     .events = kEventsWithResult,
     .doc = "1 if the event failed and is about memory.",
     .get = CountError<&kMemory>},
    {.name = "evt.count.error.other",
     .type = Type::kInt,
     .events = kEventsWithResult,
     .doc = "1 if the event failed and is about none of these.",
     .get = CountError<&kOther>},
    {.name = "evt.latency",
     .type = Type::kInt,
     .unit = "ns",
     .deprecated = true,
     .doc = kGone,
     .get = Zero},
    {.name = "evt.latency.s",
     .type = Type::kInt,
     .unit = "s",
     .deprecated = true,
     .doc = kGone,
     .get = Zero},
    {.name = "evt.latency.ns",
     .type = Type::kInt,
     .unit = "ns",
     .deprecated = true,
     .doc = kGone,
     .get = Zero},
    {.name = "evt.latency.human",
     .deprecated = true,
     .doc = "Always empty; rules of old ask for it.",
     .get = [](const FieldContext&, const Argument&) -> Value { return ""; }},
    {.name = "evt.type",
     .type = Type::kEventName,
     .doc = "Name of the event, usually that of the system call.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return c.event.event.name(); }},
    {.name = "evt.num",
     .type = Type::kInt,
     .doc = "Number of the event on its CPU, from 1.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return static_cast<std::int64_t>(c.header().seq) + 1;
     }},
    {.name = "evt.time",
     .doc = "Local time, with nanoseconds.",
     .get = [](const FieldContext& c,
               const Argument&) { return TimeText(c, "%H:%M:%S", false, true); }},
    {.name = "evt.time.s",
     .doc = "Local time, to the second.",
     .get = [](const FieldContext& c,
               const Argument&) { return TimeText(c, "%H:%M:%S", false, false); }},
    {.name = "evt.time.iso8601",
     .doc = "Date and time in UTC, with nanoseconds.",
     .get = [](const FieldContext& c,
               const Argument&) { return TimeText(c, "%Y-%m-%dT%H:%M:%S", true, true, "+0000"); }},
    {.name = "evt.datetime",
     .doc = "Local date and time, with nanoseconds.",
     .get = [](const FieldContext& c,
               const Argument&) { return TimeText(c, "%Y-%m-%d %H:%M:%S", false, true); }},
    {.name = "evt.rawtime",
     .type = Type::kInt,
     .doc = "When it happened, in nanoseconds since the epoch.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return WallNs(c); }},
    {.name = "evt.rawtime.s",
     .type = Type::kInt,
     .doc = "When it happened, in whole seconds since the epoch.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return WallNs(c) / kSecond; }},
    {.name = "evt.rawtime.ns",
     .type = Type::kInt,
     .doc = "The nanoseconds after the whole second.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return WallNs(c) % kSecond; }},
    {.name = "evt.rawres",
     .type = Type::kInt,
     .events = kEventsWithResult,
     .doc = "Result: 0, a descriptor or a pid, or the negative error number.",
     .get = Result},
    {.name = "evt.res",
     .events = kEventsWithResult,
     .doc = "SUCCESS, or the name of the error (ENOENT, EINPROGRESS).",
     .get = ResultText},
    {.name = "evt.failed",
     .type = Type::kBool,
     .events = kEventsWithResult,
     .doc = "The result is an error.",
     .get = Failed},
    {.name = "evt.is_io_uring",
     .type = Type::kBool,
     .doc = "A file or socket was asked for through an io_uring: what came of it is not known. "
            "(Ours.)",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return (c.header().flags & RECORD_IO_URING) != 0;
     }},
    {.name = "evt.args",
     .doc = "All parameters as name=value, joined with blanks.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return EventArgsText(c); }},
    {.name = "evt.info",
     .doc = "The same as evt.args.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return EventArgsText(c); }},
    {.name = "evt.arg",
     .argument = ArgumentKind::kParameter,
     .doc = "One parameter, by name (evt.arg.flags) or index (evt.arg[0]), as text.",
     .get = EventArgValue},
    {.name = "evt.rawarg",
     .type = Type::kOfArgument,
     .argument = ArgumentKind::kRawParameter,
     .doc = "One parameter by name, as the number or text it is, not as it is printed. Flags of "
            "open and clone are numbered as the language numbers them, others as the kernel does.",
     .get = EventArgRaw},
    {.name = "evt.dir",
     .deprecated = true,
     .doc = "Always <; rules of old ask for it.",
     .get = [](const FieldContext&, const Argument&) -> Value { return "<"; }},
    {.name = "evt.category",
     .doc = "Kind of event: process, file, net, ipc.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return FactsOf(c).category; }},
    {.name = "evt.cpu",
     .type = Type::kInt,
     .doc = "Number of the CPU it happened on.",
     .get = [](const FieldContext& c, const Argument&) -> Value {
       return std::int64_t{c.header().cpu};
     }},
    {.name = "evt.source",
     .doc = "Where events come from: always syscall.",
     .get = [](const FieldContext&, const Argument&) -> Value { return "syscall"; }},
    {.name = "evt.hostname",
     .doc = "Name of the node.",
     .get = [](const FieldContext& c, const Argument&) -> Value { return c.hostname; }},
};

}  // namespace

std::span<const FieldDef> EvtFields() { return kFields; }

}  // namespace nezuban::fields
