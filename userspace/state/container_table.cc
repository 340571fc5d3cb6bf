// SPDX-License-Identifier: Apache-2.0
#include "state/container_table.h"

#include <optional>
#include <utility>

#include "state/container.h"

namespace nezuban::state {
namespace {

// Variants of EVENT_CGROUP.
constexpr std::uint8_t kRmdir = 2;

// Of what others have to take: only one who never does gets this far.
constexpr std::size_t kForOthersMax = 65536;

// Cgroups of the host whose paths are kept.
constexpr std::size_t kPathsMax = 4096;

// Whether the runtime does not call the pod otherwise: a pod that anybody made may claim to be the
// API server's side of any other.
bool MayBeOf(const ClusterMetadata& cluster, const PodMetadata& pod) {
  if (cluster.state != ClusterState::kTold) return true;
  return (pod.ns.empty() || cluster.ns == pod.ns) && (pod.name.empty() || cluster.name == pod.name);
}

// A plain runtime's container: its cgroup may be called anything, and the id is that name.
CgroupMatch MatchByAttachment(std::string_view path, std::string_view actor) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string_view runtime = RuntimeOf(actor);
  return {.full_id = path.substr(path.rfind('/') + 1),  // npos + 1 is 0: the whole
          .runtime = runtime.empty() ? "unknown" : runtime,
          .depth = CgroupDepth(path)};
}

}  // namespace

ContainerTable::ContainerTable(ContainerTableLimits limits) : limits_(limits) {
  host_.id = "host";
  host_.runtime = "host";
  host_.cgroup_path = "/";
}

const Container* ContainerTable::Find(std::uint64_t cgroup_id) const {
  const auto cgroup = cgroups_.find(cgroup_id);
  const std::uint64_t id = cgroup != cgroups_.end() ? cgroup->second : cgroup_id;
  if (cgroup != cgroups_.end() && id == 0) return &host_;
  // A container whose cgroup is gone is still found by its own id: it may be somebody's origin.
  const auto container = containers_.find(id);
  return container != containers_.end() ? &container->second : nullptr;
}

void ContainerTable::Learn(std::uint64_t cgroup_id, std::uint64_t container_cgroup_id) {
  cgroups_[cgroup_id] = container_cgroup_id;
  if (container_cgroup_id != 0) paths_.erase(cgroup_id);
  if (learned_.size() < kForOthersMax) learned_.push_back(cgroup_id);
}

const Container* ContainerTable::FindInner(std::uint64_t cgroup_id) const {
  const auto inner = inner_.find(cgroup_id);
  return inner != inner_.end() ? inner->second.get() : nullptr;
}

// A cgroup of the container `outer_cgroup_id`, not its own.
void ContainerTable::LearnInner(std::uint64_t cgroup_id, std::uint64_t parent_id,
                                std::string_view path, std::uint64_t outer_cgroup_id) {
  const auto outer = containers_.find(outer_cgroup_id);
  if (outer == containers_.end() || !path.starts_with(outer->second.cgroup_path)) return;
  std::size_t end = outer->second.cgroup_path.size();
  std::optional<Container> inner;
  while (const auto match = ParseCgroupPath(path.substr(end))) {
    inner = MakeContainer(cgroup_id, path.substr(end), *match);
    end += inner->cgroup_path.size();
  }
  if (!inner) return;
  inner->cgroup_path = path.substr(0, end);
  const auto parent = inner_.find(parent_id);
  const bool same = parent != inner_.end() && parent->second->cgroup_path == inner->cgroup_path;
  inner_[cgroup_id] = same ? parent->second : std::make_shared<const Container>(*std::move(inner));
}

void ContainerTable::Recognise(std::uint64_t container_cgroup_id, Container container) {
  if (const auto known = containers_.find(container_cgroup_id);
      known != containers_.end() && known->second.full_id == container.full_id) {
    return;  // with all that is known of it
  }
  Forget(container_cgroup_id);
  container.cluster = cluster_asked_;
  containers_.insert_or_assign(container_cgroup_id, std::move(container));
  if (recognised_.size() < kForOthersMax) recognised_.push_back(container_cgroup_id);
}

// What has no id is no container that could be named.
void ContainerTable::LearnContainer(std::uint64_t cgroup_id, std::string_view path,
                                    const CgroupMatch& match) {
  if (match.full_id.empty()) return;
  Recognise(cgroup_id, MakeContainer(cgroup_id, path, match));
  Learn(cgroup_id, cgroup_id);
}

void ContainerTable::Add(std::uint64_t cgroup_id, std::uint64_t parent_id, std::string_view path) {
  if (cgroup_id == 0) return;
  // Below a container everything is that container, whatever it is called.
  const auto parent = parent_id != 0 ? cgroups_.find(parent_id) : cgroups_.end();
  if (parent != cgroups_.end() && parent->second != 0) {
    LearnInner(cgroup_id, parent_id, path, parent->second);
    return Learn(cgroup_id, parent->second);
  }
  const auto known = cgroups_.find(cgroup_id);
  if (known != cgroups_.end() && known->second != 0) return;  // by attachment: no name to tell it

  const auto match = ParseCgroupPath(path);
  if (!match) {
    if (paths_.size() < kPathsMax) paths_[cgroup_id] = path;
    return Learn(cgroup_id, 0);
  }
  // Where the container's own cgroup was missed, the first cgroup seen in it stands for it.
  LearnContainer(cgroup_id, path, *match);
}

void ContainerTable::LearnFromKernel(const event::Event& event, const cgroup_record& record) {
  const std::uint64_t container_id = record.container_cgroup_id;
  Learn(record.id, container_id);
  const std::string_view path = event.String(record.path).bytes;
  if (containers_.contains(container_id)) {
    if (record.id != container_id) LearnInner(record.id, record.parent_id, path, container_id);
    return;
  }
  auto match = ParseCgroupPath(path);
  if (!match && container_id == record.id) match = MatchByAttachment(path, event.comm());
  // In a container that was missed and has a name of its own: stays not known.
  if (match) LearnContainer(container_id, path, *match);
}

void ContainerTable::Apply(const event::Event& event, const cgroup_record& record) {
  Expire(record.hdr.time_ns);
  if (record.id == 0) return;
  if (record.hdr.variant == kRmdir) return Remove(record.id, record.hdr.time_ns);
  if (record.container_cgroup_id != 0) return LearnFromKernel(event, record);
  Add(record.id, record.parent_id, event.String(record.path).bytes);
  TellKernel(record.id);
}

void ContainerTable::Apply(const event::Event& event, const fork_record& record) {
  const std::uint64_t id = record.child_cgroup_id;
  if (id == 0 || id == record.hdr.cgroup_id || id != record.child_origin_cgroup_id) return;
  const auto path = paths_.find(id);
  if (path == paths_.end()) return;
  LearnContainer(id, path->second, MatchByAttachment(path->second, event.comm()));
}

void ContainerTable::TellKernel(std::uint64_t cgroup_id) {
  const auto cgroup = cgroups_.find(cgroup_id);
  if (cgroup == cgroups_.end() || cgroup->second == 0) return;
  if (for_kernel_.size() < kForOthersMax) for_kernel_.push_back({cgroup_id, cgroup->second});
}

void ContainerTable::AddFound(const CgroupDirectory& found) {
  Add(found.id, found.parent_id, found.path);
  TellKernel(found.id);
}

void ContainerTable::Set(const Container& container) {
  if (container.cgroup_id == 0 || container.full_id.empty()) return;
  const auto known = containers_.find(container.cgroup_id);
  if (known != containers_.end() && known->second.full_id == container.full_id) {
    KnownNames names = std::move(known->second.users);
    auto cluster = std::move(known->second.cluster);
    known->second = container;
    known->second.users = std::move(names);  // the runtime does not tell them
    if (cluster != nullptr && !MayBeOf(*cluster, container.metadata.pod)) cluster = cluster_asked_;
    known->second.cluster = std::move(cluster);
    if (learned_.size() < kForOthersMax) learned_.push_back(container.cgroup_id);
    return;
  }
  if (container.metadata.state != MetadataState::kNone) return;
  Forget(container.cgroup_id);
  Container& added = containers_.insert_or_assign(container.cgroup_id, container).first->second;
  added.users = {};
  added.cluster = cluster_asked_;
  Learn(container.cgroup_id, container.cgroup_id);
  TellKernel(container.cgroup_id);
}

void ContainerTable::SetCluster(const ClusterItem& item) {
  if (item.pod_uid.empty()) {
    cluster_asked_ = std::make_shared<const ClusterMetadata>();
    for (auto& [cgroup_id, container] : containers_) {
      if (container.cluster == nullptr) container.cluster = cluster_asked_;
    }
    return;
  }
  if (item.metadata == nullptr) return;
  for (auto& [cgroup_id, container] : containers_) {
    const PodMetadata& pod = container.metadata.pod;
    if (pod.uid != item.pod_uid || !MayBeOf(*item.metadata, pod)) continue;
    container.cluster = item.metadata;
    if (learned_.size() < kForOthersMax) learned_.push_back(cgroup_id);
  }
}

std::vector<CgroupOfContainer> ContainerTable::TakeForKernel() {
  return std::exchange(for_kernel_, {});
}

void ContainerTable::Remove(std::uint64_t cgroup_id, std::uint64_t now_ns) {
  Expire(now_ns);
  paths_.erase(cgroup_id);
  if (!cgroups_.contains(cgroup_id)) return;
  removed_.push_back({cgroup_id, now_ns});
  if (containers_.contains(cgroup_id)) removed_containers_.push_back(cgroup_id);
  while (removed_containers_.size() > limits_.removed_containers) {
    Forget(removed_containers_.front());
    removed_containers_.pop_front();
    ++evicted_;
  }
}

void ContainerTable::Expire(std::uint64_t now_ns) {
  while (!removed_.empty() && (removed_.size() > limits_.removed ||
                               removed_.front().time_ns + limits_.grace_ns < now_ns)) {
    cgroups_.erase(removed_.front().cgroup_id);
    inner_.erase(removed_.front().cgroup_id);
    removed_.pop_front();
  }
}

}  // namespace nezuban::state
