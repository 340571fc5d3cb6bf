// SPDX-License-Identifier: Apache-2.0
// What only the cluster's API server tells of a pod: who controls it, and of its namespace more
// than the name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/container_metadata.h"

namespace nezuban::state {

enum class ClusterState : std::uint8_t {
  kAsked,    // nothing of it is known yet
  kTold,     // what has no value below could not be told, or not yet
  kNobodys,  // the API server has no such pod
};

// One of those that control a pod: a ReplicaSet, then its Deployment.
struct ClusterOwner {
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<Labels> labels;
  bool operator==(const ClusterOwner&) const = default;
};

struct ClusterMetadata {
  ClusterState state = ClusterState::kAsked;
  std::string name, ns, uid;     // of the pod
  std::optional<Labels> labels;  // likewise
  std::string ns_uid;
  std::optional<Labels> ns_labels;
  std::vector<ClusterOwner> owners;  // the nearest first
  bool owners_whole = false;         // false: the last of them may have one that is not known
  bool operator==(const ClusterMetadata&) const = default;
};

// What the API server tells of the pod with that id, replacing what it told before. Without an id:
// an API server is asked, of all containers that are recognised from here on.
struct ClusterItem {
  std::string pod_uid;
  std::shared_ptr<const ClusterMetadata> metadata = {};
};

}  // namespace nezuban::state
