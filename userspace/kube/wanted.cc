// SPDX-License-Identifier: Apache-2.0
#include "kube/wanted.h"

#include <algorithm>
#include <utility>

namespace nezuban::kube {

using state::ClusterItem;
using state::ClusterMetadata;
using state::ClusterState;

void Wanted::Add(const std::string& pod_uid, Time now) {
  const auto [at, added] = entries_.try_emplace(pod_uid, Entry{.since = now});
  if (!added) {
    // Of another container of it: to the one that asks nothing was told yet.
    if (!at->second.pending) again_.push_back(pod_uid);
    return;
  }
  if (entries_.size() > most_) Evict();
  order_.push_back(pod_uid);
  ++pending_;
}

void Wanted::Evict() {
  const auto worth = [this](const std::string& uid) {
    if (pods_.Find(uid) != nullptr) return 2;
    return entries_.find(uid)->second.pending ? 1 : 0;
  };
  const auto least = std::ranges::min_element(order_, {}, worth);
  if (least == order_.end()) return;
  if (worth(*least) > 0) ++dropped_;
  const auto at = entries_.find(*least);
  if (at->second.pending) --pending_;
  entries_.erase(at);
  order_.erase(least);
}

ClusterMetadata Wanted::Compose(const Object& pod, Time now) {
  ClusterMetadata known{
      .state = ClusterState::kTold, .name = pod.name, .ns = pod.ns, .uid = pod.uid};
  known.labels = pod.labels;
  if (const Namespace* ns = namespaces_.Find(pod.ns)) {
    known.ns_uid = ns->uid;
    known.ns_labels = ns->labels;
  }
  known.owners_whole = pod.controller ? owners_.Chain(*pod.controller, pod.ns, known.owners, now)
                                      : !pod.controller_unreadable;
  return known;
}

std::optional<ClusterMetadata> Wanted::Know(const std::string& uid, const Entry& entry, Time now) {
  if (const Object* pod = pods_.Find(uid)) return Compose(*pod, now);
  // A server that refuses or is gone says nothing, and one without any pod of this node may know it
  // by another name.
  if (!entry.pending || heard_ < entry.since + not_found_ || pods_.size() == 0 || pods_.lost()) {
    return std::nullopt;
  }
  return ClusterMetadata{.state = ClusterState::kNobodys};
}

std::vector<ClusterItem> Wanted::Tell(bool all, Time now) {
  std::vector<ClusterItem> items;
  for (const std::string& uid : std::exchange(again_, {})) {
    const auto at = entries_.find(uid);
    if (at != entries_.end() && at->second.told != nullptr) items.push_back({uid, at->second.told});
  }
  if (!all && pending_ == 0) return items;
  for (auto& [uid, entry] : entries_) {
    if (!all && !entry.pending) continue;
    auto known = Know(uid, entry, now);
    if (!known) {
      const bool left = entry.told != nullptr && entry.told->state == ClusterState::kTold;
      if (left) entry.told = nullptr;
      continue;
    }
    if (entry.told != nullptr && *entry.told == *known) continue;
    if (std::exchange(entry.pending, false)) --pending_;
    entry.told = std::make_shared<const ClusterMetadata>(*std::move(known));
    items.push_back({uid, entry.told});
  }
  return items;
}

}  // namespace nezuban::kube
