// SPDX-License-Identifier: Apache-2.0
#include "fields/process_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using OfProcess = Value (*)(const FieldContext&, const state::Process&);

template <OfProcess of>
Value OfAncestors(const FieldContext& c, const Argument& argument) {
  return EachAncestor(c, argument, of);
}

template <OfProcess of>
Value OfParent(const FieldContext& c, const Argument&) {
  const ParentStep at = ParentOf(c, c.process());
  if (at.process != nullptr) return of(c, *at.process);
  return at.known ? Value(Absent{}) : Value(Unknown{});
}

constexpr FieldDef Ancestors(std::string_view name, Type type, std::string_view doc,
                             decltype(FieldDef::get) get) {
  return {.name = name,
          .type = type,
          .several = Several::kAny,
          .argument = ArgumentKind::kIndex,
          .doc = doc,
          .get = get};
}

constexpr FieldDef kFields[] = {
    Ancestors("proc.aname", Type::kText,
              "proc.name of an ancestor: [1] the parent; without index any of them.",
              OfAncestors<ProcessName>),
    Ancestors("proc.aexe", Type::kText, "proc.exe of an ancestor.", OfAncestors<ProcessExe>),
    Ancestors("proc.aexepath", Type::kText, "proc.exepath of an ancestor.",
              OfAncestors<ProcessExePath>),
    Ancestors("proc.acmdline", Type::kText, "proc.cmdline of an ancestor.",
              OfAncestors<ProcessCmdline>),
    Ancestors("proc.aargs", Type::kText, "proc.args of an ancestor.", OfAncestors<ProcessArgs>),
    Ancestors("proc.apid", Type::kInt, "proc.pid of an ancestor.", OfAncestors<ProcessPid>),
    {.name = "proc.pname", .doc = "proc.name of the parent.", .get = OfParent<ProcessName>},
    {.name = "proc.pexe", .doc = "proc.exe of the parent.", .get = OfParent<ProcessExe>},
    {.name = "proc.pexepath",
     .doc = "proc.exepath of the parent.",
     .get = OfParent<ProcessExePath>},
    {.name = "proc.pcmdline",
     .doc = "proc.cmdline of the parent.",
     .get = OfParent<ProcessCmdline>},
};

}  // namespace

std::span<const FieldDef> AncestorFields() { return kFields; }

}  // namespace nezuban::fields
