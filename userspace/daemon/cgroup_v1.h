// SPDX-License-Identifier: Apache-2.0
// CgroupV1: containers on a node that has nothing but cgroup v1, told by /proc/PID/cgroup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "event/owned_record.h"
#include "state/item.h"
#include "state/survey.h"

namespace nezuban::daemon {

// There the kernel's records all name the one cgroup that v2 has. This puts numbers of its own in
// its place, one for each container, so that all else is as with v2. It is slower: /proc is read
// for each process that is first met or executes something, and one that is gone by then is taken
// to be where its parent was. Only containers with a name of a known form are found. Ingest thread
// only.
class CgroupV1 {
 public:
  // `proc_root`: a procfs with the kernel side's process ids.
  explicit CgroupV1(const std::string& proc_root);

  // Hands `item` on, with those numbers in it; before it comes what they stand for, if that is new.
  void Take(const state::Item& item, const state::ItemHandler& handler);

  // Numbers no process has any more, since the last call.
  std::vector<std::uint64_t> TakeGone() { return std::exchange(gone_, {}); }

 private:
  struct Known {
    std::uint64_t start_ns = 0;
    std::uint64_t cgroup_id = 0;
  };
  struct Cgroup {
    std::uint64_t id = 0;
    std::size_t processes = 0;
  };

  void NameRecord(const state::ItemHandler& handler);
  bool IsHost(std::uint64_t cgroup_id) const;
  Known& Meet(const record_header& header, const state::ItemHandler& handler);
  void Move(Known& known, const std::string& path, const state::ItemHandler& handler);
  void Leave(const Known& known);
  void End(std::uint32_t tgid, std::uint64_t start_ns);
  std::string PathOf(std::uint32_t tgid, std::uint64_t start_ns) const;

  const UniqueFd proc_;
  event::OwnedRecord record_;
  std::unordered_map<std::uint32_t, Known> processes_;
  // Of those that ended, oldest first: their opens may come after their end.
  std::deque<std::pair<std::uint32_t, std::uint64_t>> ended_;
  std::unordered_map<std::string, Cgroup> cgroups_;       // by the container's own path
  std::unordered_map<std::uint64_t, std::string> paths_;  // of their numbers
  std::uint64_t next_ = std::uint64_t{1} << 63;           // no kernel counts that far
  std::vector<std::uint64_t> gone_;
};

}  // namespace nezuban::daemon
