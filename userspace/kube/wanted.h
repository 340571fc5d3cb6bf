// SPDX-License-Identifier: Apache-2.0
// Wanted: the pods that were asked for, and what was last told of each. What follows for one from
// what the cache holds is put together here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kube/cache.h"
#include "state/cluster_metadata.h"

namespace nezuban::kube {

class Wanted {
 public:
  // `most`: pods remembered; those that are no more go first, then the oldest. REQUIRES: the others
  // outlive it.
  Wanted(const Pods& pods, const Namespaces& namespaces, Owners& owners, std::size_t most,
         Duration not_found)
      : pods_(pods), namespaces_(namespaces), owners_(owners), most_(most), not_found_(not_found) {}

  // Asked for, be it again: it is told once more with the next Tell.
  void Add(const std::string& pod_uid, Time now);

  // The server told of the pods as they were then. Only that makes one that it did not name
  // nobody's.
  void Heard(Time now) { heard_ = now; }

  // What is to be told now that is not what was told. Where `all` is not set only of those that
  // were added or may not have been found.
  std::vector<state::ClusterItem> Tell(bool all, Time now);

  // Pods of which nothing was told yet.
  std::size_t pending() const { return pending_; }
  // Of which nothing more is told, for want of room.
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Entry {
    Time since;
    bool pending = true;                                      // nothing was told of it yet
    std::shared_ptr<const state::ClusterMetadata> told = {};  // null, too, once the pod has left
  };

  void Evict();
  state::ClusterMetadata Compose(const Object& pod, Time now);
  std::optional<state::ClusterMetadata> Know(const std::string& uid, const Entry& entry, Time now);

  const Pods& pods_;
  const Namespaces& namespaces_;
  Owners& owners_;
  const std::size_t most_;
  const Duration not_found_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // oldest first
  std::vector<std::string> again_;
  Time heard_;
  std::size_t pending_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace nezuban::kube
