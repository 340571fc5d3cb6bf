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

std::size_t BytesOf(const state::Labels& labels) {
  std::size_t bytes = 0;
  for (const state::Label& label : labels.list) {
    bytes += label.key.size() + label.value.size() + sizeof(label);
  }
  return bytes;
}

std::size_t BytesOf(const Namespace& ns) { return ns.uid.size() + sizeof(ns) + BytesOf(ns.labels); }

std::size_t BytesOf(const Object& object) { return sizeof(object) + BytesOf(object.labels); }

const std::string& NodeUid(const Object& pod) {
  return pod.node_uid.empty() ? pod.uid : pod.node_uid;
}

}  // namespace

// Whoever may make pods may call one the mirror of any other, of any namespace.
bool Pods::MayReplace(const Object& by, const Object& known, const std::string& node_uid) const {
  if (by.node_uid.empty() || by.uid == known.uid) return true;
  if (known.node_uid.empty()) return false;
  return (by.ns == known.ns && by.name == known.name) || ended_set_.contains(node_uid);
}

void Pods::Erase(Map::iterator pod) {
  bytes_ -= BytesOf(pod->second.entry);
  pods_.erase(pod);
}

void Pods::Put(Object object) {
  const std::string uid = NodeUid(object);
  const auto known = pods_.find(uid);
  if (known != pods_.end()) {
    if (!MayReplace(object, known->second.entry, uid)) {
      ++dropped_;
      return;
    }
    ended_set_.erase(uid);
    Erase(known);
  }
  const std::size_t bytes = BytesOf(object);
  while (pods_.size() >= limits_.pods || bytes_ + bytes > limits_.pod_bytes) {
    if (ForgetOneEnded()) continue;
    ++dropped_;
    lost_list_ = list_ + 1;
    return;
  }
  bytes_ += bytes;
  pods_.emplace(uid, Kept<Object>{std::move(object), list_});
}

void Pods::Remove(const Object& object) {
  const auto known = pods_.find(NodeUid(object));
  if (known != pods_.end() && known->second.entry.uid == object.uid) End(known->first);
}

// It stays for a while, as its processes may.
void Pods::End(const std::string& node_uid) {
  if (!ended_set_.insert(node_uid).second) return;
  ended_.push_back(node_uid);
  while (ended_.size() > limits_.ended_pods) ForgetOneEnded();
}

bool Pods::ForgetOneEnded() {
  while (!ended_.empty()) {
    const std::string uid = std::move(ended_.front());
    ended_.pop_front();
    if (ended_set_.erase(uid) == 0) continue;
    Erase(pods_.find(uid));
    return true;
  }
  return false;
}

void Pods::EndList() {
  std::vector<std::string> gone;
  for (const auto& [uid, pod] : pods_) {
    if (pod.list != list_ && !ended_set_.contains(uid)) gone.push_back(uid);
  }
  for (const std::string& uid : gone) End(uid);
  whole_list_ = list_;
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

Owners::Entry* Owners::Ask(const OwnerReference& owner, const std::string& path, Time now) {
  const std::string key = path + " " + owner.uid;
  const auto known = owners_.find(key);
  if (known != owners_.end()) {
    known->second.named = true;
    return &known->second;
  }
  if (owners_.size() >= limits_.owners) {
    ++dropped_;
    return nullptr;
  }
  Entry entry{.path = path, .uid = owner.uid, .due = now};
  return &owners_.emplace(key, std::move(entry)).first->second;
}

bool Owners::Chain(const OwnerReference& owner, const std::string& ns,
                   std::vector<state::ClusterOwner>& into, Time now) {
  const OwnerReference* next = &owner;
  for (int depth = 0; depth < kMaxChain; ++depth) {
    into.push_back({next->kind, next->name, next->uid, std::nullopt});
    const std::string path = OwnerPath(*next, ns);
    if (path.empty()) return std::ranges::find(kTops, next->kind) != std::end(kTops);
    const Entry* entry = Ask(*next, path, now);
    if (entry == nullptr || !entry->object) return entry != nullptr && entry->gone;
    into.back().labels = entry->object->labels;
    if (!entry->object->controller) return !entry->object->controller_unreadable;
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
  for (const auto& [key, entry] : owners_) {
    if (!entry.under_way && (!next || entry.due < *next)) next = entry.due;
  }
  return next;
}

// False: there is no room for it.
bool Owners::Keep(Entry& entry, Object object) {
  if (entry.object) bytes_ -= BytesOf(*entry.object);
  entry.object.reset();
  const std::size_t bytes = BytesOf(object);
  if (bytes_ + bytes > limits_.owner_bytes) {
    ++dropped_;
    return false;
  }
  bytes_ += bytes;
  entry.object = std::move(object);
  return true;
}

bool Owners::Tell(const std::string& key, Told told, std::optional<Object> object, Time now) {
  const auto at = owners_.find(key);
  if (at == owners_.end()) return false;
  Entry& entry = at->second;
  entry.under_way = false;
  // One that was deleted and made anew is another: of the one that was meant nobody tells any more.
  if (told == Told::kObject && object->uid != entry.uid) told = Told::kGone;
  if (told == Told::kObject && !Keep(entry, *std::move(object))) told = Told::kFailed;
  if (told == Told::kObject || told == Told::kGone) {
    entry.failures = 0;
    entry.due = now + limits_.owner_life;
    entry.gone = told == Told::kGone;
    return true;
  }
  const Duration pause = kFirstPause * (1 << std::min(entry.failures, 7));
  entry.due = now + std::min(pause, kLongestPause);
  ++entry.failures;
  return false;
}

void Owners::ForgetUnnamed() {
  std::erase_if(owners_, [this](const auto& one) {
    const Entry& entry = one.second;
    if (entry.named || entry.under_way) return false;
    if (entry.object) bytes_ -= BytesOf(*entry.object);
    return true;
  });
  for (auto& [key, entry] : owners_) entry.named = false;
}

}  // namespace nezuban::kube
