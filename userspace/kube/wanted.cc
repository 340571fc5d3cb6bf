// SPDX-License-Identifier: Apache-2.0
#include "kube/wanted.h"

#include <utility>

namespace nezuban::kube {

using state::ClusterItem;
using state::ClusterMetadata;
using state::ClusterState;

void Wanted::Add(const std::string& pod_uid, Time now) {
  const auto [at, added] = entries_.try_emplace(pod_uid, Entry{now, nullptr});
  if (!added) {
    // Of another container of it: to the one that asks nothing was told yet.
    if (at->second.told != nullptr) again_.push_back(pod_uid);
    return;
  }
  order_.push_back(pod_uid);
  ++pending_;
  while (order_.size() > most_) {
    const auto oldest = entries_.find(order_.front());
    if (oldest->second.told == nullptr) --pending_;
    entries_.erase(oldest);
    order_.pop_front();
  }
}

ClusterMetadata Wanted::Compose(const Object& pod, Time now) {
  ClusterMetadata known{
      .state = ClusterState::kTold, .name = pod.name, .ns = pod.ns, .uid = pod.uid};
  known.labels = pod.labels;
  if (const Namespace* ns = namespaces_.Find(pod.ns)) {
    known.ns_uid = ns->uid;
    known.ns_labels = ns->labels;
  }
  known.owners_whole = !pod.controller || owners_.Chain(*pod.controller, pod.ns, known.owners, now);
  return known;
}

std::optional<ClusterMetadata> Wanted::Know(const std::string& uid, const Entry& entry, Time now) {
  if (const Object* pod = pods_.Find(uid)) return Compose(*pod, now);
  if (entry.told != nullptr || !pods_.listed() || now - entry.since < not_found_) {
    return std::nullopt;
  }
  return ClusterMetadata{.state = ClusterState::kNobodys};
}

std::vector<ClusterItem> Wanted::Tell(bool all, Time now) {
  std::vector<ClusterItem> items;
  for (const std::string& uid : std::exchange(again_, {})) {
    const auto at = entries_.find(uid);
    if (at != entries_.end()) items.push_back({uid, at->second.told});
  }
  if (!all && pending_ == 0) return items;
  for (auto& [uid, entry] : entries_) {
    if (!all && entry.told != nullptr) continue;
    auto known = Know(uid, entry, now);
    if (!known || (entry.told != nullptr && *entry.told == *known)) continue;
    if (entry.told == nullptr) --pending_;
    entry.told = std::make_shared<const ClusterMetadata>(*std::move(known));
    items.push_back({uid, entry.told});
  }
  return items;
}

}  // namespace nezuban::kube
