// SPDX-License-Identifier: Apache-2.0
#include "kube/cache.h"

#include <algorithm>
#include <utility>

namespace nezuban::kube {
namespace {

constexpr int kMaxChain = 4;  // CronJob → Job → pod is the longest that Kubernetes itself makes
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::minutes(2);

// Kinds that are read: such as have controllers of their own, or labels that a field tells. Of the
// others a pod's reference says the name, and nothing is above them.
struct Kind {
  std::string_view api_version;
  std::string_view kind;
  std::string_view path;
  std::string_view resource;
};
constexpr Kind kKinds[] = {
    {"apps/v1", "ReplicaSet", "/apis/apps/v1", "replicasets"},
    {"apps/v1", "Deployment", "/apis/apps/v1", "deployments"},
    {"batch/v1", "Job", "/apis/batch/v1", "jobs"},
    {"v1", "ReplicationController", "/api/v1", "replicationcontrollers"},
};
// Such as nothing of Kubernetes' own controls; of a kind nobody knows something may.
constexpr std::string_view kTops[] = {"StatefulSet", "DaemonSet", "CronJob", "Node"};

std::size_t BytesOf(const Namespace& ns) {
  std::size_t bytes = ns.uid.size() + sizeof(ns);
  for (const state::Label& label : ns.labels.list) {
    bytes += label.key.size() + label.value.size() + sizeof(label);
  }
  return bytes;
}

const std::string& NodeUid(const Object& pod) {
  return pod.node_uid.empty() ? pod.uid : pod.node_uid;
}

}  // namespace

void Pods::Put(Object object) {
  const std::string uid = NodeUid(object);
  const auto known = pods_.find(uid);
  if (known == pods_.end() && pods_.size() >= limits_.pods) {
    ++dropped_;
    return;
  }
  ended_set_.erase(uid);
  pods_.insert_or_assign(uid, Kept<Object>{std::move(object), list_});
}

void Pods::Remove(const Object& object) {
  const auto known = pods_.find(NodeUid(object));
  if (known != pods_.end()) End(known->first);
}

// It stays for a while, as its processes may.
void Pods::End(const std::string& node_uid) {
  if (!ended_set_.insert(node_uid).second) return;
  ended_.push_back(node_uid);
  while (ended_.size() > limits_.ended_pods) {
    if (ended_set_.erase(ended_.front()) > 0) pods_.erase(ended_.front());
    ended_.pop_front();
  }
}

void Pods::EndList() {
  std::vector<std::string> gone;
  for (const auto& [uid, pod] : pods_) {
    if (pod.list != list_ && !ended_set_.contains(uid)) gone.push_back(uid);
  }
  for (const std::string& uid : gone) End(uid);
  listed_ = true;
}

const Object* Pods::Find(const std::string& node_uid) const {
  const auto at = pods_.find(node_uid);
  return at != pods_.end() ? &at->second.entry : nullptr;
}

void Namespaces::Put(Object object) {
  Namespace ns{std::move(object.uid), std::move(object.labels)};
  const std::size_t bytes = BytesOf(ns);
  const auto known = namespaces_.find(object.name);
  if (known != namespaces_.end()) {
    bytes_ -= BytesOf(known->second.entry);
    namespaces_.erase(known);
  }
  if (namespaces_.size() >= limits_.namespaces || bytes_ + bytes > limits_.namespace_bytes) {
    ++dropped_;
    return;
  }
  bytes_ += bytes;
  namespaces_.emplace(std::move(object.name), Kept<Namespace>{std::move(ns), list_});
}

void Namespaces::Remove(const Object& object) {
  const auto known = namespaces_.find(object.name);
  if (known == namespaces_.end() || known->second.entry.uid != object.uid) return;
  bytes_ -= BytesOf(known->second.entry);
  namespaces_.erase(known);
}

void Namespaces::EndList() {
  for (auto at = namespaces_.begin(); at != namespaces_.end();) {
    if (at->second.list == list_) {
      ++at;
      continue;
    }
    bytes_ -= BytesOf(at->second.entry);
    at = namespaces_.erase(at);
  }
}

const Namespace* Namespaces::Find(const std::string& name) const {
  const auto at = namespaces_.find(name);
  return at != namespaces_.end() ? &at->second.entry : nullptr;
}

std::string OwnerPath(const OwnerReference& owner, const std::string& ns) {
  const auto kind = std::ranges::find_if(kKinds, [&](const Kind& k) {
    return k.kind == owner.kind && k.api_version == owner.api_version;
  });
  if (kind == std::end(kKinds) || !IsName(ns) || !IsName(owner.name)) return {};
  return std::string(kind->path) + "/namespaces/" + ns + "/" + std::string(kind->resource) + "/" +
         owner.name;
}

Owners::Entry* Owners::Ask(const OwnerReference& owner, const std::string& ns, Time now) {
  const auto known = owners_.find(owner.uid);
  if (known != owners_.end()) {
    known->second.named = true;
    return &known->second;
  }
  if (owners_.size() >= limits_.owners) {
    ++dropped_;
    return nullptr;
  }
  Entry entry{.path = OwnerPath(owner, ns), .due = now};
  return &owners_.emplace(owner.uid, std::move(entry)).first->second;
}

bool Owners::Chain(const OwnerReference& owner, const std::string& ns,
                   std::vector<state::ClusterOwner>& into, Time now) {
  const OwnerReference* next = &owner;
  for (int depth = 0; depth < kMaxChain; ++depth) {
    into.push_back({next->kind, next->name, next->uid, std::nullopt});
    if (OwnerPath(*next, ns).empty()) {
      return std::ranges::find(kTops, next->kind) != std::end(kTops);
    }
    const Entry* entry = Ask(*next, ns, now);
    if (entry == nullptr || !entry->object) return entry != nullptr && entry->gone;
    into.back().labels = entry->object->labels;
    if (!entry->object->controller) return true;
    next = &*entry->object->controller;
  }
  return false;
}

std::optional<Owners::Due> Owners::Next(Time now) {
  const auto first = std::ranges::min_element(owners_, {}, [](const auto& one) {
    return one.second.under_way ? Time::max() : one.second.due;
  });
  if (first == owners_.end() || first->second.under_way || first->second.due > now) {
    return std::nullopt;
  }
  first->second.under_way = true;
  return Due{first->first, first->second.path};
}

std::optional<Time> Owners::NextTime() const {
  std::optional<Time> next;
  for (const auto& [uid, entry] : owners_) {
    if (!entry.under_way && (!next || entry.due < *next)) next = entry.due;
  }
  return next;
}

bool Owners::Tell(const std::string& uid, Told told, std::optional<Object> object, Time now) {
  const auto at = owners_.find(uid);
  if (at == owners_.end()) return false;
  Entry& entry = at->second;
  entry.under_way = false;
  // One that was deleted and made anew is another: of the one that was meant nobody tells any more.
  if (told == Told::kObject && object->uid != uid) told = Told::kGone;
  if (told == Told::kObject || told == Told::kGone) {
    entry.failures = 0;
    entry.due = now + limits_.owner_life;
    if (told == Told::kObject) entry.object = std::move(object);
    entry.gone = told == Told::kGone;
    return true;
  }
  const Duration pause = kFirstPause * (1 << std::min(entry.failures, 7));
  entry.due = now + std::min(pause, kLongestPause);
  ++entry.failures;
  return false;
}

void Owners::ForgetUnnamed() {
  std::erase_if(owners_,
                [](const auto& one) { return !one.second.named && !one.second.under_way; });
  for (auto& [uid, entry] : owners_) entry.named = false;
}

}  // namespace nezuban::kube
