// SPDX-License-Identifier: Apache-2.0
// The pod a container belongs to, as the container's runtime tells it.
#include "fields/container_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using state::PodMetadata;

constexpr std::size_t kShortId = 12;

template <std::string PodMetadata::*member>
Value Member(const FieldContext& c, const Argument&) {
  if (c.event.container == nullptr) return Unknown{};
  return TextOrNotTold(*c.event.container, c.event.container->metadata.pod.*member);
}

Value ShortSandboxId(const FieldContext& c, const Argument&) {
  if (c.event.container == nullptr) return Unknown{};
  const std::string_view id = c.event.container->metadata.pod.sandbox_id;
  return TextOrNotTold(*c.event.container, id.substr(0, kShortId));
}

Value Label(const FieldContext& c, const Argument& argument) {
  if (c.event.container == nullptr) return Unknown{};
  return LabelOrNotTold(*c.event.container, c.event.container->metadata.pod.labels, argument);
}

Value Labels(const FieldContext& c, const Argument&) {
  if (c.event.container == nullptr) return Unknown{};
  return LabelsOrNotTold(c, *c.event.container, c.event.container->metadata.pod.labels, {});
}

Value Annotation(const FieldContext& c, const Argument& argument) {
  if (c.event.container == nullptr) return Unknown{};
  return LabelOrNotTold(*c.event.container, c.event.container->metadata.pod.annotations, argument);
}

Value Annotations(const FieldContext& c, const Argument&) {
  if (c.event.container == nullptr) return Unknown{};
  return LabelsOrNotTold(c, *c.event.container, c.event.container->metadata.pod.annotations, {});
}

constexpr FieldDef kFields[] = {
    {.name = "k8s.pod.name", .doc = "Name of the pod.", .get = Member<&PodMetadata::name>},
    {.name = "k8s.pod.uid", .doc = "Id of the pod.", .get = Member<&PodMetadata::uid>},
    {.name = "k8s.pod.id",
     .deprecated = true,
     .doc = "Id of the pod; ask for k8s.pod.uid.",
     .get = Member<&PodMetadata::uid>},
    {.name = "k8s.pod.sandbox_id",
     .doc = "First 12 characters of the id of the pod's sandbox.",
     .get = ShortSandboxId},
    {.name = "k8s.pod.full_sandbox_id",
     .doc = "The whole id of the pod's sandbox.",
     .get = Member<&PodMetadata::sandbox_id>},
    {.name = "k8s.pod.label",
     .argument = ArgumentKind::kKey,
     .doc = "One label of the pod.",
     .get = Label},
    {.name = "k8s.pod.labels",
     .doc = "All labels of the pod as key:value joined with commas.",
     .get = Labels},
    {.name = "k8s.pod.annotation",
     .argument = ArgumentKind::kKey,
     .doc = "One annotation of the pod. (Ours.)",
     .get = Annotation},
    {.name = "k8s.pod.annotations",
     .doc = "All annotations of the pod as key:value joined with commas. (Ours.)",
     .get = Annotations},
    {.name = "k8s.pod.cni.json",
     .doc = "What the network plugin said when the pod was made, as JSON.",
     .get = Member<&PodMetadata::cni>},
    {.name = "k8s.pod.ip", .doc = "Address of the pod.", .get = Member<&PodMetadata::ip>},
    {.name = "k8s.ns.name", .doc = "Name of the namespace.", .get = Member<&PodMetadata::ns>},
};

}  // namespace

std::span<const FieldDef> PodFields() { return kFields; }

}  // namespace nezuban::fields
