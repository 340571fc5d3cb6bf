// SPDX-License-Identifier: Apache-2.0
// What of the node is mounted in the container, as it was asked for when the container was made.
#include <algorithm>

#include "base/text.h"
#include "fields/container_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using state::ContainerMount;
using OfMount = Value (*)(const FieldContext&, const ContainerMount&);

// source:dest:mode:writable:propagation. No runtime of pods tells a mode.
std::string_view Whole(const FieldContext& c, const ContainerMount& m) {
  return c.arena.Concat(
      {m.source, ":", m.destination, "::", m.writable ? "true" : "false", ":", m.propagation});
}

Value All(const FieldContext& c, const Argument&) {
  if (c.event.container == nullptr) return Unknown{};
  if (c.event.container->is_host()) return Text();
  const auto& mounts = c.event.container->metadata.mounts;
  if (!mounts) return NotTold(*c.event.container);
  std::string joined;
  for (const ContainerMount& mount : *mounts) {
    if (!joined.empty()) joined += ',';
    joined += Whole(c, mount);
  }
  const std::string_view text = c.arena.Copy(joined);
  return c.event.container->metadata.mounts_whole ? Text(text) : Text(text, Text::kTotalUnknown);
}

// What one has that is not among those that are known.
Value None(const state::Container& c) {
  return c.metadata.mounts_whole ? Value(Absent{}) : Value(Unknown{});
}

// The mount of that number, or the first whose `member` fits the pattern.
template <OfMount of, std::string ContainerMount::*member>
Value One(const FieldContext& c, const Argument& argument) {
  if (c.event.container == nullptr) return Unknown{};
  const auto& mounts = c.event.container->metadata.mounts;
  if (!mounts) return NotTold(*c.event.container);
  if (argument.kind == Argument::Kind::kIndex) {
    const auto index = static_cast<std::size_t>(argument.index);
    return index < mounts->size() ? of(c, (*mounts)[index]) : None(*c.event.container);
  }
  const auto at = std::ranges::find_if(
      *mounts, [&](const ContainerMount& m) { return GlobMatch(argument.key, m.*member); });
  return at == mounts->end() ? None(*c.event.container) : of(c, *at);
}

Value OfWhole(const FieldContext& c, const ContainerMount& m) { return Whole(c, m); }
Value Source(const FieldContext&, const ContainerMount& m) { return Text(m.source); }
Value Destination(const FieldContext&, const ContainerMount& m) { return Text(m.destination); }
Value Mode(const FieldContext&, const ContainerMount&) { return Text(); }
Value Writable(const FieldContext&, const ContainerMount& m) {
  return m.writable ? "true" : "false";
}
Value Propagation(const FieldContext&, const ContainerMount& m) { return Text(m.propagation); }

constexpr FieldDef Keyed(std::string_view name, std::string_view doc, decltype(FieldDef::get) get) {
  return {.name = name, .argument = ArgumentKind::kKey, .doc = doc, .get = get};
}

constexpr FieldDef kFields[] = {
    {.name = "container.mounts",
     .doc = "All mounts as source:dest:mode:writable:propagation, joined with commas.",
     .get = All},
    Keyed("container.mount", "A mount, by number or source: source:dest:mode:writable:propagation.",
          One<OfWhole, &ContainerMount::source>),
    Keyed("container.mount.source", "Source of a mount, by number or destination.",
          One<Source, &ContainerMount::destination>),
    Keyed("container.mount.dest", "Destination of a mount, by number or source.",
          One<Destination, &ContainerMount::source>),
    Keyed("container.mount.mode", "Mode of a mount, by number or source.",
          One<Mode, &ContainerMount::source>),
    Keyed("container.mount.rdwr",
          "Whether a mount can be written to, by number or source: true, false.",
          One<Writable, &ContainerMount::source>),
    Keyed("container.mount.propagation", "Propagation of a mount, by number or source.",
          One<Propagation, &ContainerMount::source>),
};

}  // namespace

std::span<const FieldDef> ContainerMountFields() { return kFields; }

}  // namespace nezuban::fields
