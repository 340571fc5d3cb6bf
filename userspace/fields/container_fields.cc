// SPDX-License-Identifier: Apache-2.0
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using OfContainer = Value (*)(const state::Container&);

template <OfContainer of>
Value Here(const FieldContext& c, const Argument&) {
  return c.event.container == nullptr ? Value(Unknown{}) : of(*c.event.container);
}

template <OfContainer of>
Value Origin(const FieldContext& c, const Argument&) {
  return c.event.origin == nullptr ? Value(Unknown{}) : of(*c.event.origin);
}

// What lies in the container by the names that are given in there.
template <OfContainer of>
Value Inner(const FieldContext& c, const Argument&) {
  if (c.event.container == nullptr) return Unknown{};
  return c.event.inner == nullptr ? Value(Absent{}) : of(*c.event.inner);
}

Value Id(const state::Container& c) { return Text(c.id); }
Value Runtime(const state::Container& c) { return Text(c.runtime); }
Value FullId(const state::Container& c) { return c.full_id.empty() ? Text(c.id) : Text(c.full_id); }
Value CgroupPath(const state::Container& c) {
  return c.cgroup_path.empty() ? Value(Absent{}) : Value(Text(c.cgroup_path));
}

constexpr FieldDef kFields[] = {
    {.name = "container.id",
     .doc = "First 12 characters of the id of the container the task is in; host outside of one.",
     .get = Here<Id>},
    {.name = "container.full_id",
     .doc = "The whole id of the container; host outside of one.",
     .get = Here<FullId>},
    {.name = "container.type",
     .doc = "The runtime: containerd, cri-o, docker, podman, runc, crun; host outside of one.",
     .get = Here<Runtime>},
    {.name = "container.cgroup",
     .doc = "Path of the container's cgroup. (Ours.)",
     .get = Here<CgroupPath>},
    {.name = "container.inner",
     .doc = "Id of the innermost container inside of this one (a runtime in a container), as its "
            "cgroup is called; whoever is root in the outer one may call it anything. (Ours.)",
     .get = Inner<Id>},
    {.name = "container.inner.full_id",
     .doc = "The whole id of the inner container. (Ours.)",
     .get = Inner<FullId>},
    {.name = "container.inner.type",
     .doc = "The runtime of the inner container. (Ours.)",
     .get = Inner<Runtime>},
    {.name = "container.origin",
     .doc = "Id of the first container the task was seen in, whatever it moved to since; host if "
            "it never was in one. (Ours.)",
     .get = Origin<Id>},
    {.name = "container.origin.full_id",
     .doc = "The whole id of the origin. (Ours.)",
     .get = Origin<FullId>},
    {.name = "container.origin.type",
     .doc = "The runtime of the origin. (Ours.)",
     .get = Origin<Runtime>},
};

}  // namespace

std::span<const FieldDef> ContainerFields() { return kFields; }

}  // namespace nezuban::fields
