// SPDX-License-Identifier: Apache-2.0
// What the runtime tells of a container and its pod, beyond what its cgroup's name says.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nezuban::state {

struct Label {
  std::string key;
  std::string value;
  bool whole = true;  // false: the value was longer
  auto operator<=>(const Label&) const = default;
};

// Those of a container or pod, sorted by key.
struct Labels {
  Labels(std::initializer_list<Label> labels = {}) : list(labels) {}
  std::vector<Label> list;
  bool whole = true;  // false: there were more, all with later keys
  bool operator==(const Labels&) const = default;
};

// Labels that somebody else tells, in any order, each key once: cut at kMaxLabelText bytes a value,
// kMaxLabels of them and kMaxLabelBytes in all.
inline constexpr std::size_t kMaxLabelText = 4096;
inline constexpr std::size_t kMaxLabels = 256;
inline constexpr std::size_t kMaxLabelBytes = std::size_t{64} << 10;
Labels MakeLabels(std::vector<std::pair<std::string_view, std::string_view>> labels);

struct ContainerMount {
  std::string source;  // on the node
  std::string destination;
  bool writable = false;
  std::string propagation;  // "private", "rslave", "rshared"
  bool operator==(const ContainerMount&) const = default;
};

// Whom the container's first process runs as, in the container's own numbers.
struct ContainerUser {
  std::uint32_t uid = 0, gid = 0;
  bool operator==(const ContainerUser&) const = default;
};

struct PodMetadata {
  std::string name;
  std::string ns;  // namespace
  std::string uid;
  std::string sandbox_id;
  std::string ip;
  std::optional<Labels> labels;
  std::optional<bool> host_network, host_pid, host_ipc;
  std::optional<Labels> annotations;
  std::string cni;  // what the network plugin said, as JSON
  bool operator==(const PodMetadata&) const = default;
};

// Of what is empty or has no value while more may come nobody can tell yet whether there is one.
enum class MetadataState : std::uint8_t {
  kNone,      // nobody tells anything of this container
  kPending,   // the runtime has been asked
  kComplete,  // it has answered
};

struct ContainerMetadata {
  MetadataState state = MetadataState::kNone;
  std::string name;
  std::string image;         // as it was asked for
  std::string image_id;      // "sha256:…"
  std::string image_digest;  // "sha256:…"
  std::optional<Labels> labels;
  std::optional<std::vector<ContainerMount>> mounts;
  bool mounts_whole = true;  // false: there are more
  std::optional<bool> privileged;
  std::optional<bool> seccomp;  // whether a profile filters its system calls
  std::int64_t start_ns = 0;    // since the epoch; 0: not told
  std::optional<Labels> annotations;
  std::optional<ContainerUser> user;
  std::optional<std::string> capabilities;  // effective ones: "CAP_CHOWN CAP_KILL"
  PodMetadata pod;
  bool operator==(const ContainerMetadata&) const = default;

  // Something an alert says of its container may still come.
  bool lacks_names() const {
    return state == MetadataState::kPending &&
           (pod.name.empty() || pod.ns.empty() || image.empty());
  }
};

// Parts of an image's name: "registry:5000/a/b:tag@sha256:…". Views of it; empty: it has none.
struct ImageName {
  std::string_view repository;  // "registry:5000/a/b"
  std::string_view tag;
  std::string_view digest;  // "sha256:…"
};
ImageName SplitImageName(std::string_view image) noexcept;

}  // namespace nezuban::state
