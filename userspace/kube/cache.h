// SPDX-License-Identifier: Apache-2.0
// Cache: the pods of this node, all namespaces, and those who control the pods, as far as the API
// server has told; and what follows from them for one pod. Bounded; what did not fit is counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "kube/answers.h"
#include "kube/watch.h"
#include "state/cluster_metadata.h"

namespace nezuban::kube {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

struct CacheLimits {
  std::size_t pods = 2048;
  std::size_t pod_bytes = std::size_t{16} << 20;  // of their labels, roughly
  std::size_t ended_pods = 256;  // kept for alerts of processes that were left behind
  std::size_t namespaces = 20'000;
  std::size_t namespace_bytes = std::size_t{16} << 20;  // of their labels, roughly
  std::size_t owners = 2048;
  std::size_t owner_bytes = std::size_t{16} << 20;
  Duration owner_life = std::chrono::hours(1);  // then it is asked for again
};

// Objects of a kind by name or uid, with those that left remembered by nobody.
template <typename Entry>
struct Kept {
  Entry entry;
  std::uint64_t list = 0;  // the last list it was seen in
};

class Pods final : public Objects {
 public:
  explicit Pods(const CacheLimits& limits) : limits_(limits) {}
  void BeginList() override { ++list_; }
  void Put(Object object) override;
  void Remove(const Object& object) override;
  void EndList() override;

  // By the uid the node knows it by; nullptr: not there.
  const Object* Find(const std::string& node_uid) const;
  // For want of room, what is not there may be there all the same.
  bool lost() const { return lost_list_ > whole_list_; }
  std::size_t size() const { return pods_.size(); }
  std::uint64_t dropped() const { return dropped_; }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [uid, pod] : pods_) visit(uid, pod.entry);
  }

 private:
  using Map = std::unordered_map<std::string, Kept<Object>>;
  bool MayReplace(const Object& by, const Object& known, const std::string& node_uid) const;
  void End(const std::string& node_uid);
  void Erase(Map::iterator pod);
  bool ForgetOneEnded();

  const CacheLimits limits_;
  Map pods_;                       // by node uid
  std::deque<std::string> ended_;  // oldest first; may be back
  std::unordered_set<std::string> ended_set_;
  std::size_t bytes_ = 0;
  std::uint64_t list_ = 0;
  std::uint64_t whole_list_ = 0;  // the last one that came to its end
  std::uint64_t lost_list_ = 0;   // the first that tells of what there was no room for
  std::uint64_t dropped_ = 0;
};

struct Namespace {
  std::string uid;
  state::Labels labels;
};

class Namespaces final : public Objects {
 public:
  explicit Namespaces(const CacheLimits& limits) : limits_(limits) {}
  void BeginList() override { ++list_; }
  void Put(Object object) override;
  void Remove(const Object& object) override;
  void EndList() override;

  const Namespace* Find(const std::string& name) const;
  std::size_t size() const { return namespaces_.size(); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  const CacheLimits limits_;
  std::unordered_map<std::string, Kept<Namespace>> namespaces_;
  std::size_t bytes_ = 0;
  std::uint64_t list_ = 0;
  std::uint64_t dropped_ = 0;
};

// Those who control pods, read one by one when a pod names them: a cluster has a hundred thousand
// ReplicaSets, and a node pods of a few dozen, so that following all of them would cost each node,
// and the server for each node, all that happens in the cluster.
class Owners {
 public:
  explicit Owners(const CacheLimits& limits) : limits_(limits) {}

  // Appends those above `owner` and itself; asks for what is not known. Whether they are all.
  bool Chain(const OwnerReference& owner, const std::string& ns,
             std::vector<state::ClusterOwner>& into, Time now);

  struct Due {
    std::string key;
    std::string path;
  };
  // The next to be read; nullopt: none is due.
  std::optional<Due> Next(Time now);
  // When Next may give one; nullopt: when one is asked for or told of.
  std::optional<Time> NextTime() const;

  enum class Told : std::uint8_t { kObject, kGone, kFailed };
  // What came of it. True: what follows for pods may be something else now.
  bool Tell(const std::string& key, Told told, std::optional<Object> object, Time now);

  // Forgets all that no pod named since the last call: after all pods were gone through.
  void ForgetUnnamed();

  std::size_t size() const { return owners_.size(); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Entry {
    std::string path;
    std::string uid;
    Time due;
    bool under_way = false;
    bool named = true;
    bool gone = false;
    int failures = 0;
    std::optional<Object> object;
  };
  Entry* Ask(const OwnerReference& owner, const std::string& path, Time now);
  bool Keep(Entry& entry, Object object);

  const CacheLimits limits_;
  // By path and uid: who makes a pod writes its owner's uid, and may write that of anybody's.
  std::unordered_map<std::string, Entry> owners_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

// Path of the object, and of such a kind that it is read; empty: it is not.
std::string OwnerPath(const OwnerReference& owner, const std::string& ns);

}  // namespace nezuban::kube
