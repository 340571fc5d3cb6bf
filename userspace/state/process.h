// SPDX-License-Identifier: Apache-2.0
// What is known of a process and of a container. Plain data, filled by process_table,
// container_table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bpf/events.h"
#include "state/cluster_metadata.h"
#include "state/container_metadata.h"
#include "state/shared_text.h"
#include "state/user_names.h"

namespace nezuban::state {

// A process's identity: never the pid alone, which is reused.
struct ProcessKey {
  std::uint32_t tgid = 0;
  std::uint64_t start_ns = 0;  // boot-time clock; 0: not known
  bool operator==(const ProcessKey&) const = default;
};

// A string with what is known about its completeness: not known at all until it is set. Parent and
// child share the bytes after a fork; use bytes.view().
struct StoredText {
  SharedText bytes;
  // total > bytes.size(): truncated, or unreadable (STR_TOTAL_UNKNOWN)
  std::uint32_t total = STR_TOTAL_UNKNOWN;
};

// fd 0, 1 or 2 as it was at the last execve.
struct Stdio {
  std::uint8_t kind = STDIO_CLOSED;
  file_ref file{};
  endpoints ends{};
  StoredText name;
};

// Bit n of a set is capability n.
struct Capabilities {
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t effective = 0;
  bool known = false;
};

// What a process was before an execve.
struct Image {
  std::string comm;
  StoredText exe_path;
  StoredText args;
  std::uint64_t exec_ns = 0;  // since when
};

struct Process {
  ProcessKey key;
  // Who forked it (its parent then): a child stays the child of who started it, although the kernel
  // gives orphans to init. tgid 0: none.
  ProcessKey parent;
  std::string comm;
  StoredText exe_path;
  StoredText args;  // argv, each followed by a NUL
  StoredText env;   // NAME=value, each followed by a NUL; forgotten when the process has ended
  StoredText cwd;
  file_ref exe_file{};
  std::uint64_t exe_ctime_ns = 0, exe_mtime_ns = 0;  // of its inode, since the epoch; 0: not known
  std::array<Stdio, 3> stdio;
  bool stdio_known = false;  // false: never seen at an execve since the monitor started
  std::uint32_t uid = 0, euid = 0, gid = 0, egid = 0;
  std::uint32_t loginuid = 0xffffffffu;
  Capabilities caps;  // as of the last execve or change of credentials
  std::uint32_t pid_ns = 0, mnt_ns = 0;
  std::uint32_t vpid = 0, sid = 0, pgid = 0;
  std::uint32_t tty = 0;
  std::uint64_t cgroup_id = 0;
  std::uint64_t origin_cgroup_id = 0;  // 0: never in a container
  std::uint64_t exec_ns = 0;           // time of the last execve; 0: none seen since fork
  // The last execve (its own or inherited at fork) happened inside a container. False for what a
  // runtime does in a container's cgroup before it executes the workload.
  bool exec_in_container = false;
  bool from_snapshot = false;  // was there before the monitor, or before it was found
  // Found after records were lost, not seen as it happened: its last execve, or all of it.
  bool healed = false;
  // Its fork was seen, and no loss since: what is not in `before` was not.
  bool past_known = false;
  // Images it had executed itself before the one it has, the latest first; not its parent's.
  std::vector<Image> before;
  // key.start_ns comes from /proc: rounded down to a clock tick. The first record corrects it.
  bool start_rounded = false;
  std::uint64_t exit_ns = 0;  // 0: lives, as far as is known
};

// What a container, or the node, calls its users.
struct KnownNames {
  std::shared_ptr<const UserNames> names;  // null: not read yet, or not to be read
  bool awaited = false;                    // asked for: what is not among the names may still come
  bool stale = false;                      // the last time they could not be read
  // The first of the container's processes that lives, through which they are read, and the mount
  // namespace the one before it was in; 0: there was none, or it was in the node's.
  ProcessKey first;
  std::uint32_t first_mnt_ns = 0;  // the one it runs its program in; 0: none yet
  std::uint32_t mnt_ns = 0;
  std::uint64_t asked_ns = 0;  // when it was last asked for, boot-time clock; 0: never
};

// A container, as its cgroup tells it, with what its runtime tells of it later (cri/).
struct Container {
  std::string full_id;  // as the runtime names it; empty: the host
  std::string id;       // the first 12 characters; "host" for the host
  // "containerd", "cri-o", "docker", "podman", "runc", "crun", "youki", "unknown"; "host"
  std::string runtime;
  std::uint64_t cgroup_id = 0;
  std::string cgroup_path;
  ContainerMetadata metadata;
  // Of its pod, from the API server (kube/); null: none is asked.
  std::shared_ptr<const ClusterMetadata> cluster;
  KnownNames users;

  bool is_host() const { return full_id.empty(); }
};

}  // namespace nezuban::state

template <>
struct std::hash<nezuban::state::ProcessKey> {
  std::size_t operator()(const nezuban::state::ProcessKey& key) const noexcept {
    return std::hash<std::uint64_t>()(key.start_ns * 0x9e3779b97f4a7c15ULL ^ key.tgid);
  }
};
