// SPDX-License-Identifier: Apache-2.0
// What the process was before its last execve, and whether that was seen.
#include "fields/process_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using OfProcess = Value (*)(const FieldContext&, const state::Process&);

// The process as it was, as far as its image goes. Its texts are the image's own.
state::Process As(const state::Image& image) {
  state::Process process;
  process.comm = image.comm;
  process.exe_path = image.exe_path;
  process.args = image.args;
  process.exec_ns = image.exec_ns;
  process.from_snapshot = true;  // what it executed is known, if not when
  return process;
}

// `of` must not give a view of the name, which goes with As.
template <OfProcess of>
Value Was(const FieldContext& c, const Argument& argument) {
  const state::Process& p = c.process();
  // What was missed may have been an execve.
  const Value rest = p.past_known ? Value(Absent{}) : Value(Unknown{});
  if (p.before.empty()) return rest;
  if (argument.kind == Argument::Kind::kIndex) {
    const auto index = static_cast<std::size_t>(argument.index);
    if (index >= p.before.size()) return rest;
    return of(c, As(p.before[index]));
  }
  const std::span<Value> values = c.arena.Values(p.before.size() + (p.past_known ? 0 : 1));
  for (std::size_t i = 0; i < p.before.size(); ++i) values[i] = of(c, As(p.before[i]));
  if (!p.past_known) values.back() = Unknown{};
  return ValueList{values.data(), values.size()};
}

Value NameCopy(const FieldContext& c, const state::Process& p) {
  return p.comm.empty() ? Value(Unknown{}) : Value(c.arena.Copy(p.comm));
}

// Without arguments a command line is a view of the name.
Value CmdlineCopy(const FieldContext& c, const state::Process& p) {
  const Value line = ProcessCmdline(c, p);
  const auto* text = std::get_if<Text>(&line);
  return text == nullptr ? line : Value(Text(c.arena.Copy(text->bytes), text->total));
}

constexpr FieldDef Before(std::string_view name, std::string_view doc,
                          decltype(FieldDef::get) get) {
  return {.name = name,
          .several = Several::kAny,
          .argument = ArgumentKind::kIndex,
          .doc = doc,
          .get = get};
}

constexpr FieldDef kFields[] = {
    Before("proc.was.name",
           "proc.name before an execve of its own: [0] the last; without index any of up to four. "
           "(Ours.)",
           Was<NameCopy>),
    Before("proc.was.exepath", "proc.exepath before an execve of its own, likewise. (Ours.)",
           Was<ProcessExePath>),
    Before("proc.was.cmdline", "proc.cmdline before an execve of its own, likewise. (Ours.)",
           Was<CmdlineCopy>),
    {.name = "proc.healed",
     .type = Type::kBool,
     .doc = "What is known of the process was found after records were lost, not seen as it "
            "happened. (Ours.)",
     .get = [](const FieldContext& c, const Argument&) -> Value { return c.process().healed; }},
};

}  // namespace

std::span<const FieldDef> HistoryFields() { return kFields; }

}  // namespace nezuban::fields
