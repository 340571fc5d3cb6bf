// SPDX-License-Identifier: Apache-2.0
// What only the cluster's API server tells of a pod (`api_server`): its namespace's labels and who
// controls it. Without one that is asked all of it is absent.
#include <algorithm>

#include "fields/container_values.h"
#include "fields/tables.h"

namespace nezuban::fields {
namespace {

using state::ClusterMetadata;
using state::ClusterOwner;
using state::ClusterState;

constexpr std::string_view kReplicaSet = "ReplicaSet";
constexpr std::string_view kDeployment = "Deployment";
constexpr std::string_view kController = "ReplicationController";

// What was told, or what a field has where nothing was.
template <typename T>
struct Known {
  const T* known = nullptr;
  Value otherwise = {};
};
using Told = Known<ClusterMetadata>;
using Owner = Known<ClusterOwner>;

Told Ask(const FieldContext& c) {
  const state::Container* container = c.event.container;
  if (container == nullptr) return {nullptr, Unknown{}};
  const ClusterMetadata* cluster = container->cluster.get();
  if (cluster == nullptr || cluster->state == ClusterState::kNobodys) return {};
  if (cluster->state == ClusterState::kTold) return {cluster};
  // The runtime says whose it is, or that it is no pod's.
  const state::ContainerMetadata& metadata = container->metadata;
  const bool may = metadata.state == state::MetadataState::kPending || !metadata.pod.uid.empty();
  return {nullptr, may ? Value(Unknown{}) : Value(Absent{})};
}

Value TextOrUnknown(std::string_view text) {
  return text.empty() ? Value(Unknown{}) : Value(Text(text));
}

Value One(const FieldContext& c, const std::optional<state::Labels>& labels,
          const Argument& argument) {
  return labels ? LabelOrNotTold(*c.event.container, labels, argument) : Value(Unknown{});
}

Value All(const FieldContext& c, const std::optional<state::Labels>& labels, const Argument&) {
  return labels ? LabelsOrNotTold(c, *c.event.container, labels, {}) : Value(Unknown{});
}

template <std::string ClusterMetadata::*member>
Value Member(const FieldContext& c, const Argument&) {
  const Told told = Ask(c);
  return told.known != nullptr ? TextOrUnknown(told.known->*member) : told.otherwise;
}

using LabelsReader = Value (*)(const FieldContext&, const std::optional<state::Labels>&,
                               const Argument&);

template <std::optional<state::Labels> ClusterMetadata::*member, LabelsReader read>
Value LabelsOf(const FieldContext& c, const Argument& argument) {
  const Told told = Ask(c);
  return told.known != nullptr ? read(c, told.known->*member, argument) : told.otherwise;
}

// The one of that kind.
Owner FindOwner(const FieldContext& c, std::string_view kind) {
  const Told told = Ask(c);
  if (told.known == nullptr) return {nullptr, told.otherwise};
  const auto& owners = told.known->owners;
  const auto at = std::ranges::find(owners, kind, &ClusterOwner::kind);
  if (at != owners.end()) return {&*at};
  return {nullptr, told.known->owners_whole ? Value(Absent{}) : Value(Unknown{})};
}

template <const std::string_view& kind, std::string ClusterOwner::*member>
Value OfOwner(const FieldContext& c, const Argument&) {
  const Owner owner = FindOwner(c, kind);
  return owner.known != nullptr ? TextOrUnknown(owner.known->*member) : owner.otherwise;
}

template <const std::string_view& kind, LabelsReader read>
Value LabelsOfOwner(const FieldContext& c, const Argument& argument) {
  const Owner owner = FindOwner(c, kind);
  return owner.known != nullptr ? read(c, owner.known->labels, argument) : owner.otherwise;
}

// A pod has one controller; the language has a list.
template <Value (*get)(const FieldContext&, const Argument&)>
Value Listed(const FieldContext& c, const Argument& argument) {
  const Value value = get(c, argument);
  if (!std::holds_alternative<Text>(value)) return value;
  const std::span<Value> list = c.arena.Values(1);
  list[0] = value;
  return ValueList{list.data(), list.size()};
}

// The last of those who control it.
template <std::string ClusterOwner::*member>
Value OfWorkload(const FieldContext& c, const Argument&) {
  const Told told = Ask(c);
  if (told.known == nullptr) return told.otherwise;
  if (!told.known->owners_whole) return Unknown{};
  if (told.known->owners.empty()) return Absent{};
  return TextOrUnknown(told.known->owners.back().*member);
}

using Getter = Value (*)(const FieldContext&, const Argument&);

constexpr FieldDef Row(std::string_view name, std::string_view doc, Getter get,
                       ArgumentKind argument = ArgumentKind::kNone) {
  return {.name = name, .argument = argument, .doc = doc, .get = get};
}

constexpr FieldDef Keyed(std::string_view name, std::string_view doc, Getter get) {
  return Row(name, doc, get, ArgumentKind::kKey);
}

constexpr FieldDef List(std::string_view name, std::string_view doc, Getter get,
                        ArgumentKind argument = ArgumentKind::kNone) {
  return {.name = name, .several = Several::kList, .argument = argument, .doc = doc, .get = get};
}

constexpr auto kNsLabel = LabelsOf<&ClusterMetadata::ns_labels, One>;
constexpr auto kNsLabels = LabelsOf<&ClusterMetadata::ns_labels, All>;
constexpr auto kControllerName = OfOwner<kController, &ClusterOwner::name>;
constexpr auto kControllerUid = OfOwner<kController, &ClusterOwner::uid>;
constexpr auto kControllerLabel = LabelsOfOwner<kController, One>;
constexpr auto kControllerLabels = LabelsOfOwner<kController, All>;

constexpr FieldDef kFields[] = {
    Row("k8s.ns.id", "Id of the namespace; needs api_server.", Member<&ClusterMetadata::ns_uid>),
    Keyed("k8s.ns.label", "One label of the namespace; needs api_server.", kNsLabel),
    Row("k8s.ns.labels",
        "All labels of the namespace as key:value joined with commas; needs api_server.",
        kNsLabels),
    Row("k8s.rs.name", "Name of the pod's ReplicaSet; needs api_server.",
        OfOwner<kReplicaSet, &ClusterOwner::name>),
    Row("k8s.rs.id", "Id of the pod's ReplicaSet; needs api_server.",
        OfOwner<kReplicaSet, &ClusterOwner::uid>),
    Keyed("k8s.rs.label", "One label of the pod's ReplicaSet; needs api_server.",
          LabelsOfOwner<kReplicaSet, One>),
    Row("k8s.rs.labels", "All labels of the pod's ReplicaSet; needs api_server.",
        LabelsOfOwner<kReplicaSet, All>),
    Row("k8s.deployment.name", "Name of the pod's Deployment; needs api_server.",
        OfOwner<kDeployment, &ClusterOwner::name>),
    Row("k8s.deployment.id", "Id of the pod's Deployment; needs api_server.",
        OfOwner<kDeployment, &ClusterOwner::uid>),
    Keyed("k8s.deployment.label", "One label of the pod's Deployment; needs api_server.",
          LabelsOfOwner<kDeployment, One>),
    Row("k8s.deployment.labels", "All labels of the pod's Deployment; needs api_server.",
        LabelsOfOwner<kDeployment, All>),
    Row("k8s.rc.name", "Name of the pod's ReplicationController; needs api_server.",
        kControllerName),
    Row("k8s.rc.id", "Id of the pod's ReplicationController; needs api_server.", kControllerUid),
    Keyed("k8s.rc.label", "One label of the pod's ReplicationController; needs api_server.",
          kControllerLabel),
    Row("k8s.rc.labels", "All labels of the pod's ReplicationController; needs api_server.",
        kControllerLabels),
    Row("k8s.workload.kind",
        "Kind of what controls the pod in the end: Deployment, StatefulSet, DaemonSet, CronJob, "
        "Job, …; needs api_server. (Ours.)",
        OfWorkload<&ClusterOwner::kind>),
    Row("k8s.workload.name", "Name of what controls the pod in the end; needs api_server. (Ours.)",
        OfWorkload<&ClusterOwner::name>),
    Row("k8s.workload.uid", "Id of what controls the pod in the end; needs api_server. (Ours.)",
        OfWorkload<&ClusterOwner::uid>),
    Row("k8smeta.pod.name", "Name of the pod, as the API server tells it; needs api_server.",
        Member<&ClusterMetadata::name>),
    Row("k8smeta.pod.uid", "Id of the pod, as the API server tells it; needs api_server.",
        Member<&ClusterMetadata::uid>),
    Keyed("k8smeta.pod.label",
          "One label of the pod, as the API server tells it now; needs api_server.",
          LabelsOf<&ClusterMetadata::labels, One>),
    Row("k8smeta.pod.labels",
        "All labels of the pod, as the API server tells it now; needs api_server.",
        LabelsOf<&ClusterMetadata::labels, All>),
    Row("k8smeta.ns.name", "Name of the namespace, as the API server tells it; needs api_server.",
        Member<&ClusterMetadata::ns>),
    Row("k8smeta.ns.uid", "As k8s.ns.id.", Member<&ClusterMetadata::ns_uid>),
    Keyed("k8smeta.ns.label", "As k8s.ns.label.", kNsLabel),
    Row("k8smeta.ns.labels", "As k8s.ns.labels.", kNsLabels),
    Row("k8smeta.deployment.name", "As k8s.deployment.name.",
        OfOwner<kDeployment, &ClusterOwner::name>),
    Row("k8smeta.deployment.uid", "As k8s.deployment.id.",
        OfOwner<kDeployment, &ClusterOwner::uid>),
    Keyed("k8smeta.deployment.label", "As k8s.deployment.label.", LabelsOfOwner<kDeployment, One>),
    Row("k8smeta.deployment.labels", "As k8s.deployment.labels.", LabelsOfOwner<kDeployment, All>),
    Row("k8smeta.rs.name", "As k8s.rs.name.", OfOwner<kReplicaSet, &ClusterOwner::name>),
    Row("k8smeta.rs.uid", "As k8s.rs.id.", OfOwner<kReplicaSet, &ClusterOwner::uid>),
    Keyed("k8smeta.rs.label", "As k8s.rs.label.", LabelsOfOwner<kReplicaSet, One>),
    Row("k8smeta.rs.labels", "As k8s.rs.labels.", LabelsOfOwner<kReplicaSet, All>),
    List("k8smeta.rc.name", "As k8s.rc.name, as a list of one.", Listed<kControllerName>),
    List("k8smeta.rc.uid", "As k8s.rc.id, as a list of one.", Listed<kControllerUid>),
    List("k8smeta.rc.label", "As k8s.rc.label, as a list of one.", Listed<kControllerLabel>,
         ArgumentKind::kKey),
    List("k8smeta.rc.labels", "As k8s.rc.labels, as a list of one.", Listed<kControllerLabels>),
};

}  // namespace

std::span<const FieldDef> ClusterFields() { return kFields; }

}  // namespace nezuban::fields
