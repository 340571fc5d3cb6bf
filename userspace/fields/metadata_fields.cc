// SPDX-License-Identifier: Apache-2.0
// What the container's runtime tells of it. On the host texts are empty and flags false, as rules
// expect.
#include "fields/container_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using state::Container;
using state::ContainerMetadata;
using OfContainer = Value (*)(const FieldContext&, const Container&);

constexpr std::string_view kKubernetesLabels = "io.kubernetes.";  // of no interest to anybody

template <OfContainer of>
Value OrEmpty(const FieldContext& c, const Argument&) {
  const Container* container = c.event.container;
  if (container == nullptr) return Unknown{};
  return container->is_host() ? Value(Text()) : of(c, *container);
}

template <OfContainer of>
Value OrFalse(const FieldContext& c, const Argument&) {
  const Container* container = c.event.container;
  if (container == nullptr) return Unknown{};
  return container->is_host() ? Value(false) : of(c, *container);
}

template <OfContainer of>
Value OrAbsent(const FieldContext& c, const Argument&) {
  const Container* container = c.event.container;
  if (container == nullptr) return Unknown{};
  return container->is_host() ? Value(Absent{}) : of(c, *container);
}

Value Name(const FieldContext& c, const Argument&) {
  if (c.event.container == nullptr) return Unknown{};
  if (c.event.container->is_host()) return "host";
  return TextOrNotTold(*c.event.container, c.event.container->metadata.name);
}

template <std::string ContainerMetadata::*member>
Value Member(const FieldContext&, const Container& c) {
  return TextOrNotTold(c, c.metadata.*member);
}

// A part of the image's name; an image that was asked for without it has none.
template <std::string_view state::ImageName::*member>
Value ImagePart(const FieldContext&, const Container& c) {
  if (c.metadata.image.empty()) return NotTold(c);
  const std::string_view part = state::SplitImageName(c.metadata.image).*member;
  return part.empty() ? Value(Absent{}) : Value(Text(part));
}

Value Digest(const FieldContext&, const Container& c) {
  if (!c.metadata.image_digest.empty()) return Text(c.metadata.image_digest);
  const std::string_view asked_for = state::SplitImageName(c.metadata.image).digest;
  return TextOrNotTold(c, asked_for);
}

Value StartTime(const FieldContext&, const Container& c) {
  return c.metadata.start_ns == 0 ? NotTold(c) : Value(c.metadata.start_ns);
}

Value Duration(const FieldContext& context, const Container& c) {
  if (c.metadata.start_ns == 0) return NotTold(c);
  return static_cast<std::int64_t>(context.header().time_ns) + context.event.wall_offset_ns -
         c.metadata.start_ns;
}

Value Ip(const FieldContext&, const Container& c) { return TextOrNotTold(c, c.metadata.pod.ip); }

Value Privileged(const FieldContext&, const Container& c) {
  return FlagOrNotTold(c, c.metadata.privileged);
}

Value Seccomp(const FieldContext&, const Container& c) {
  return FlagOrNotTold(c, c.metadata.seccomp);
}

template <std::optional<bool> state::PodMetadata::*member>
Value PodFlag(const FieldContext&, const Container& c) {
  return FlagOrNotTold(c, c.metadata.pod.*member);
}

Value Label(const FieldContext& c, const Argument& argument) {
  const Container* container = c.event.container;
  if (container == nullptr) return Unknown{};
  return LabelOrNotTold(*container, container->metadata.labels, argument);
}

Value Labels(const FieldContext& context, const Container& c) {
  return LabelsOrNotTold(context, c, c.metadata.labels, kKubernetesLabels);
}

Value Annotation(const FieldContext& c, const Argument& argument) {
  const Container* container = c.event.container;
  if (container == nullptr) return Unknown{};
  return LabelOrNotTold(*container, container->metadata.annotations, argument);
}

Value Annotations(const FieldContext& context, const Container& c) {
  return LabelsOrNotTold(context, c, c.metadata.annotations, {});
}

Value Cni(const FieldContext&, const Container& c) { return TextOrNotTold(c, c.metadata.pod.cni); }

template <std::uint32_t state::ContainerUser::*member>
Value User(const FieldContext&, const Container& c) {
  return c.metadata.user ? Value(std::int64_t{(*c.metadata.user).*member}) : NotTold(c);
}

Value CapabilitiesOf(const FieldContext&, const Container& c) {
  return c.metadata.capabilities ? Value(Text(*c.metadata.capabilities)) : NotTold(c);
}

constexpr FieldDef kFields[] = {
    {.name = "container.name", .doc = "Name of the container; host outside of one.", .get = Name},
    {.name = "container.image",
     .doc = "The image as it was asked for, with its tag.",
     .get = OrEmpty<Member<&ContainerMetadata::image>>},
    {.name = "container.image.id",
     .doc = "Id of the image.",
     .get = OrEmpty<Member<&ContainerMetadata::image_id>>},
    {.name = "container.image.repository",
     .doc = "Name of the image without its tag.",
     .get = OrEmpty<ImagePart<&state::ImageName::repository>>},
    {.name = "container.image.tag",
     .doc = "Tag of the image.",
     .get = OrEmpty<ImagePart<&state::ImageName::tag>>},
    {.name = "container.image.digest", .doc = "Digest of the image.", .get = OrEmpty<Digest>},
    {.name = "container.privileged",
     .type = Type::kBool,
     .doc = "The container runs privileged.",
     .get = OrFalse<Privileged>},
    {.name = "container.seccomp",
     .type = Type::kBool,
     .doc = "A seccomp profile filters the container's system calls.",
     .get = OrFalse<Seccomp>},
    {.name = "container.start_ts",
     .type = Type::kInt,
     .unit = "ns",
     .doc = "When the container started, since the epoch.",
     .get = OrAbsent<StartTime>},
    {.name = "container.duration",
     .type = Type::kInt,
     .unit = "ns",
     .doc = "How long the container has run.",
     .get = OrAbsent<Duration>},
    {.name = "container.ip",
     .doc = "Address of the container, which is that of its pod.",
     .get = OrEmpty<Ip>},
    {.name = "container.cni.json",
     .doc = "What the network plugin said when the container's pod was made, as JSON.",
     .get = OrEmpty<Cni>},
    {.name = "container.annotation",
     .argument = ArgumentKind::kKey,
     .doc = "One annotation of the container. (Ours.)",
     .get = Annotation},
    {.name = "container.annotations",
     .doc = "All annotations of the container as key:value joined with commas. (Ours.)",
     .get = OrEmpty<Annotations>},
    {.name = "container.user.uid",
     .type = Type::kInt,
     .doc = "User id the container was started as, in its own user namespace. (Ours.)",
     .get = OrAbsent<User<&state::ContainerUser::uid>>},
    {.name = "container.user.gid",
     .type = Type::kInt,
     .doc = "Group id the container was started as, in its own user namespace. (Ours.)",
     .get = OrAbsent<User<&state::ContainerUser::gid>>},
    {.name = "container.capabilities",
     .doc = "Effective capabilities the container was started with, CAP_… names separated by "
            "blanks. (Ours.)",
     .get = OrEmpty<CapabilitiesOf>},
    {.name = "container.host_pid",
     .type = Type::kBool,
     .doc = "The container shares the node's pid namespace.",
     .get = OrFalse<PodFlag<&state::PodMetadata::host_pid>>},
    {.name = "container.host_network",
     .type = Type::kBool,
     .doc = "The container shares the node's network namespace.",
     .get = OrFalse<PodFlag<&state::PodMetadata::host_network>>},
    {.name = "container.host_ipc",
     .type = Type::kBool,
     .doc = "The container shares the node's ipc namespace.",
     .get = OrFalse<PodFlag<&state::PodMetadata::host_ipc>>},
    {.name = "container.label",
     .argument = ArgumentKind::kKey,
     .doc = "One label of the container.",
     .get = Label},
    {.name = "container.labels",
     .doc = "All labels as key:value joined with commas, but for those of Kubernetes.",
     .get = OrEmpty<Labels>},
};

}  // namespace

std::span<const FieldDef> MetadataFields() { return kFields; }

}  // namespace nezuban::fields
