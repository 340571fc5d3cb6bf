// SPDX-License-Identifier: Apache-2.0
#include "recording/container_codec.h"

#include <memory>
#include <optional>
#include <utility>

namespace nezuban::recording {
namespace {

using state::ContainerMetadata;
using state::MetadataState;
using state::PodMetadata;

static_assert(static_cast<int>(state::ClusterState::kTold) == v1::RECORDED_CLUSTER_STATE_TOLD);
static_assert(static_cast<int>(state::ClusterState::kNobodys) ==
              v1::RECORDED_CLUSTER_STATE_NOBODYS);
static_assert(static_cast<int>(MetadataState::kPending) == v1::RECORDED_METADATA_STATE_PENDING);
static_assert(static_cast<int>(MetadataState::kComplete) == v1::RECORDED_METADATA_STATE_COMPLETE);

void ToMessage(const state::Labels& labels, v1::RecordedLabels& out) {
  for (const state::Label& label : labels.list) {
    v1::RecordedLabel& row = *out.add_labels();
    row.set_key(label.key);
    row.set_value(label.value);
    row.set_cut(!label.whole);
  }
  out.set_cut(!labels.whole);
}

state::Labels FromMessage(const v1::RecordedLabels& in) {
  state::Labels labels;
  for (const v1::RecordedLabel& label : in.labels())
    labels.list.push_back({label.key(), label.value(), !label.cut()});
  labels.whole = !in.cut();
  return labels;
}

void ToMessage(const PodMetadata& pod, v1::RecordedPod& out) {
  out.set_name(pod.name);
  out.set_namespace_(pod.ns);
  out.set_uid(pod.uid);
  out.set_sandbox_id(pod.sandbox_id);
  out.set_ip(pod.ip);
  if (pod.labels) ToMessage(*pod.labels, *out.mutable_labels());
  if (pod.host_network) out.set_host_network(*pod.host_network);
  if (pod.host_pid) out.set_host_pid(*pod.host_pid);
  if (pod.host_ipc) out.set_host_ipc(*pod.host_ipc);
  if (pod.annotations) ToMessage(*pod.annotations, *out.mutable_annotations());
  out.set_cni(pod.cni);
}

PodMetadata FromMessage(const v1::RecordedPod& in) {
  PodMetadata pod;
  pod.name = in.name();
  pod.ns = in.namespace_();
  pod.uid = in.uid();
  pod.sandbox_id = in.sandbox_id();
  pod.ip = in.ip();
  if (in.has_labels()) pod.labels = FromMessage(in.labels());
  if (in.has_host_network()) pod.host_network = in.host_network();
  if (in.has_host_pid()) pod.host_pid = in.host_pid();
  if (in.has_host_ipc()) pod.host_ipc = in.host_ipc();
  if (in.has_annotations()) pod.annotations = FromMessage(in.annotations());
  pod.cni = in.cni();
  return pod;
}

void ToMessage(const ContainerMetadata& metadata, v1::RecordedMetadata& out) {
  out.set_state(static_cast<v1::RecordedMetadataState>(metadata.state));
  out.set_name(metadata.name);
  out.set_image(metadata.image);
  out.set_image_id(metadata.image_id);
  out.set_image_digest(metadata.image_digest);
  if (metadata.labels) ToMessage(*metadata.labels, *out.mutable_labels());
  if (metadata.mounts) {
    v1::RecordedMounts& mounts = *out.mutable_mounts();
    mounts.set_cut(!metadata.mounts_whole);
    for (const state::ContainerMount& mount : *metadata.mounts) {
      v1::RecordedMount& added = *mounts.add_mounts();
      added.set_source(mount.source);
      added.set_destination(mount.destination);
      added.set_writable(mount.writable);
      added.set_propagation(mount.propagation);
    }
  }
  if (metadata.privileged) out.set_privileged(*metadata.privileged);
  if (metadata.seccomp) out.set_seccomp(*metadata.seccomp);
  out.set_start_ns(metadata.start_ns);
  if (metadata.annotations) ToMessage(*metadata.annotations, *out.mutable_annotations());
  if (metadata.user) {
    out.set_uid(metadata.user->uid);
    out.set_gid(metadata.user->gid);
  }
  if (metadata.capabilities) out.set_capabilities(*metadata.capabilities);
  ToMessage(metadata.pod, *out.mutable_pod());
}

MetadataState StateFrom(v1::RecordedMetadataState state) {
  if (state == v1::RECORDED_METADATA_STATE_PENDING) return MetadataState::kPending;
  if (state == v1::RECORDED_METADATA_STATE_COMPLETE) return MetadataState::kComplete;
  return MetadataState::kNone;
}

ContainerMetadata FromMessage(const v1::RecordedMetadata& in) {
  ContainerMetadata metadata;
  metadata.state = StateFrom(in.state());
  metadata.name = in.name();
  metadata.image = in.image();
  metadata.image_id = in.image_id();
  metadata.image_digest = in.image_digest();
  if (in.has_labels()) metadata.labels = FromMessage(in.labels());
  if (in.has_mounts()) {
    metadata.mounts.emplace();
    metadata.mounts_whole = !in.mounts().cut();
    for (const v1::RecordedMount& mount : in.mounts().mounts()) {
      metadata.mounts->push_back(
          {mount.source(), mount.destination(), mount.writable(), mount.propagation()});
    }
  }
  if (in.has_privileged()) metadata.privileged = in.privileged();
  if (in.has_seccomp()) metadata.seccomp = in.seccomp();
  metadata.start_ns = in.start_ns();
  if (in.has_annotations()) metadata.annotations = FromMessage(in.annotations());
  if (in.has_uid() && in.has_gid()) metadata.user = {in.uid(), in.gid()};
  if (in.has_capabilities()) metadata.capabilities = in.capabilities();
  metadata.pod = FromMessage(in.pod());
  return metadata;
}

}  // namespace

void ContainerToMessage(const state::Container& container, v1::RecordedContainer& out) {
  out.set_full_id(container.full_id);
  out.set_id(container.id);
  out.set_runtime(container.runtime);
  out.set_cgroup_id(container.cgroup_id);
  out.set_cgroup_path(container.cgroup_path);
  if (container.metadata != ContainerMetadata()) {
    ToMessage(container.metadata, *out.mutable_metadata());
  }
}

state::Container ContainerFromMessage(const v1::RecordedContainer& in) {
  state::Container container;
  container.full_id = in.full_id();
  container.id = in.id();
  container.runtime = in.runtime();
  container.cgroup_id = in.cgroup_id();
  container.cgroup_path = in.cgroup_path();
  if (in.has_metadata()) container.metadata = FromMessage(in.metadata());
  return container;
}

void ClusterToMessage(const state::ClusterItem& item, v1::RecordedCluster& out) {
  out.set_pod_uid(item.pod_uid);
  if (item.metadata == nullptr) return;
  const state::ClusterMetadata& known = *item.metadata;
  out.set_state(static_cast<v1::RecordedClusterState>(known.state));
  out.set_name(known.name);
  out.set_namespace_(known.ns);
  out.set_uid(known.uid);
  if (known.labels) ToMessage(*known.labels, *out.mutable_labels());
  out.set_namespace_uid(known.ns_uid);
  if (known.ns_labels) ToMessage(*known.ns_labels, *out.mutable_namespace_labels());
  for (const state::ClusterOwner& owner : known.owners) {
    v1::RecordedOwner& added = *out.add_owners();
    added.set_kind(owner.kind);
    added.set_name(owner.name);
    added.set_uid(owner.uid);
    if (owner.labels) ToMessage(*owner.labels, *added.mutable_labels());
  }
  out.set_owners_whole(known.owners_whole);
}

state::ClusterItem ClusterFromMessage(const v1::RecordedCluster& in) {
  if (in.pod_uid().empty()) return {};
  state::ClusterMetadata known{.name = in.name(), .ns = in.namespace_(), .uid = in.uid()};
  if (in.state() == v1::RECORDED_CLUSTER_STATE_TOLD) known.state = state::ClusterState::kTold;
  if (in.state() == v1::RECORDED_CLUSTER_STATE_NOBODYS) known.state = state::ClusterState::kNobodys;
  if (in.has_labels()) known.labels = FromMessage(in.labels());
  known.ns_uid = in.namespace_uid();
  if (in.has_namespace_labels()) known.ns_labels = FromMessage(in.namespace_labels());
  for (const v1::RecordedOwner& owner : in.owners()) {
    state::ClusterOwner& added =
        known.owners.emplace_back(state::ClusterOwner{owner.kind(), owner.name(), owner.uid()});
    if (owner.has_labels()) added.labels = FromMessage(owner.labels());
  }
  known.owners_whole = in.owners_whole();
  return {in.pod_uid(), std::make_shared<const state::ClusterMetadata>(std::move(known))};
}

}  // namespace nezuban::recording
