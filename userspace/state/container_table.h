// SPDX-License-Identifier: Apache-2.0
// Which cgroup belongs to which container.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/event.h"
#include "state/cgroupfs.h"
#include "state/item.h"
#include "state/process.h"

namespace nezuban::state {

struct CgroupMatch;

// A cgroup that is a container or lies in one: what the kernel side has to know.
struct CgroupOfContainer {
  std::uint64_t cgroup_id;
  std::uint64_t container_cgroup_id;
  bool operator==(const CgroupOfContainer&) const = default;
};

// Removed cgroups are remembered for `grace_ns` of event time, but no more than `removed` of them;
// removed containers stay, since a process that left one still names it, up to
// `removed_containers`.
struct ContainerTableLimits {
  std::uint64_t grace_ns = 60'000'000'000;
  std::size_t removed = 16384;
  std::size_t removed_containers = 4096;
  // Of users' names, over all containers, and of one of them: the node's have no bound of their
  // own.
  std::size_t names_bytes = std::size_t{32} << 20;
  std::size_t names_each = std::size_t{512} << 10;
};

// Owned by the ingest thread. Pointers are valid until the next call that is not const, except that
// host() stays.
class ContainerTable {
 public:
  explicit ContainerTable(ContainerTableLimits limits = {});

  // The container the cgroup is or lies in; host() if it is in none; nullptr if the cgroup is not
  // known. The host is container "host" with an empty full_id.
  const Container* Find(std::uint64_t cgroup_id) const;
  const Container& host() const { return host_; }

  // The innermost container that lies within the one Find gives, by the names of the cgroups in it;
  // nullptr: there is none. Whoever is root in the outer one names them.
  const Container* FindInner(std::uint64_t cgroup_id) const;

  // Applies the creation, attachment or removal of a cgroup.
  void Apply(const event::Event& event, const cgroup_record& record);
  // Applies what a fork says of the child's cgroup: a plain runtime clones its container into one.
  void Apply(const event::Event& event, const fork_record& record);

  // Adds a cgroup that was found in the file system; parents come before their children. Can be
  // called again with what is known. If it belongs to a container, the kernel side is to be told.
  void AddFound(const CgroupDirectory& found);

  // Takes what is told of the container with that cgroup for what was known of it. What a runtime
  // tells of one that was forgotten meanwhile changes nothing.
  void Set(const Container& container);

  // What the API server tells of a pod: of all of its containers that are known.
  void SetCluster(const ClusterItem& item);

  // What was found in the passwd and group files.
  void SetNames(const NamesItem& item);

  // Whether the names of `container`, one of this table's, should be read now that a process of
  // that user and group does something there; then they count as asked for. False until the node's
  // were told: nobody reads any.
  bool BeginNames(const Container& container, std::uint32_t euid, std::uint32_t egid,
                  std::uint64_t now_ns);
  void AskForNames(const NamesWanted& wanted);

  // The container's own record of whom to ask for its names, `container` being one of this table's.
  KnownNames& NamesOf(const Container& container);

  // Adds one cgroup. `parent_id` 0: not known (then only the path tells).
  void Add(std::uint64_t cgroup_id, std::uint64_t parent_id, std::string_view path);

  // A cgroup is gone since `now_ns`. What belonged to it is still known for a while.
  void Remove(std::uint64_t cgroup_id, std::uint64_t now_ns);

  // What the kernel side did not recognise, or may have missed, since the last call.
  std::vector<CgroupOfContainer> TakeForKernel();

  // Cgroup ids of the containers that were recognised since the last call.
  std::vector<std::uint64_t> TakeRecognised() { return std::exchange(recognised_, {}); }

  // Whose names are to be read, since the last call.
  std::vector<NamesWanted> TakeNamesWanted() { return std::exchange(names_wanted_, {}); }

  // Ids of the cgroups of which Find may give something else than at the last call.
  std::vector<std::uint64_t> TakeLearned() { return std::exchange(learned_, {}); }

  // Each that is known, ended ones too, in no particular order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [cgroup_id, container] : containers_) visit(container);
  }

  std::size_t cgroup_count() const { return cgroups_.size(); }
  std::size_t container_count() const { return containers_.size(); }
  std::uint64_t evicted() const { return evicted_; }  // containers forgotten for want of room
  std::size_t names_bytes() const { return names_bytes_; }

 private:
  struct Removed {
    std::uint64_t cgroup_id;
    std::uint64_t time_ns;
  };

  void Learn(std::uint64_t cgroup_id, std::uint64_t container_cgroup_id);
  void LearnInner(std::uint64_t cgroup_id, std::uint64_t parent_id, std::string_view path,
                  std::uint64_t outer_cgroup_id);
  void Recognise(std::uint64_t container_cgroup_id, Container container);
  void LearnContainer(std::uint64_t cgroup_id, std::string_view path, const CgroupMatch& match);
  void TellKernel(std::uint64_t cgroup_id);
  void LearnFromKernel(const event::Event& event, const cgroup_record& record);
  void Expire(std::uint64_t now_ns);
  Container* FindOwn(std::uint64_t container_cgroup_id);  // 0: the host
  void KeepNames(KnownNames& known, std::shared_ptr<const UserNames> names);
  void ReplaceNames(KnownNames& known, std::shared_ptr<const UserNames> names);
  bool MakeRoomForNames(std::size_t bytes);
  void Forget(std::uint64_t container_cgroup_id);

  const ContainerTableLimits limits_;
  Container host_;
  std::shared_ptr<const ClusterMetadata> cluster_asked_;  // of new containers; null: none is asked
  std::unordered_map<std::uint64_t, std::uint64_t> cgroups_;  // → container's cgroup id; 0: host
  std::unordered_map<std::uint64_t, Container> containers_;   // by their cgroup id
  std::unordered_map<std::uint64_t, std::string> paths_;      // of cgroups of the host
  std::unordered_map<std::uint64_t, std::shared_ptr<const Container>> inner_;  // by cgroup
  std::deque<Removed> removed_;                                                // oldest first
  std::deque<std::uint64_t> removed_containers_;                               // oldest first
  std::vector<CgroupOfContainer> for_kernel_;
  std::vector<std::uint64_t> learned_;
  std::vector<std::uint64_t> recognised_;
  std::vector<NamesWanted> names_wanted_;
  std::size_t names_bytes_ = 0;  // of all containers
  std::uint64_t evicted_ = 0;
};

}  // namespace nezuban::state
