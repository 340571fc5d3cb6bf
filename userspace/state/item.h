// SPDX-License-Identifier: Apache-2.0
// Item: one thing the monitor comes to know, from the kernel or from user space. What it concludes
// follows from the items and their order alone, so a recording of them gives the same alerts again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "event/event.h"
#include "state/cgroupfs.h"
#include "state/cluster_metadata.h"
#include "state/names_files.h"
#include "state/process.h"
#include "state/procfs.h"

namespace nezuban::state {

// An event, as the kernel side wrote it. 8-byte aligned, valid for the time of the call.
struct RecordItem {
  std::span<const std::byte> bytes;
};

// A process that was there already, as the task iterator wrote it: an exec_record that is no event.
struct SnapshotItem {
  std::span<const std::byte> bytes;
};

// A cgroup that was found in the file system.
struct CgroupItem {
  CgroupDirectory cgroup;
};

// A process that was found in /proc. cgroup_id is filled in, origin_cgroup_id is not.
struct ProcessItem {
  ProcfsProcess process;
};

// Who lives: of the processes that started before `as_of_ns` no other does.
struct LivingItem {
  std::vector<std::uint32_t> tgids;  // sorted
  std::uint64_t as_of_ns = 0;        // boot-time clock
};

// What user space learned of a container, be it long after its first event: replaces what was known
// of the container with that cgroup. Metadata of the runtime come in this way.
struct ContainerItem {
  Container container;
};

// What the passwd and group files of a container, or of the node, were found to say. The node's
// come first: without them nobody reads any.
struct NamesItem {
  std::uint64_t cgroup_id = 0;  // the container's; 0: the node
  NamesAnswer answer = NamesAnswer::kUnreadable;
  std::shared_ptr<const UserNames> names = {};  // null unless they were read
};

// The boot-time clock plus this is the wall clock, from here on.
struct AnchorItem {
  std::int64_t wall_offset_ns = 0;
};

// So late it is (boot-time clock), although no event said so. Events that come after it may still
// be a little older.
struct TickItem {
  std::uint64_t time_ns = 0;
};

// Lost in the kernel up to here, since the start, where it changed. Changes nothing that is known.
struct LossItem {
  struct Count {
    event::EventType type = 0;
    std::uint8_t reason = 0;  // DROP_*
    std::uint64_t count = 0;
  };
  // Of DROP_FLOOD, whose they were.
  struct Flood {
    std::uint64_t cgroup_id = 0;
    std::uint64_t dropped = 0;
  };
  std::vector<Count> counts;
  std::vector<Flood> floods;
};

using Item = std::variant<RecordItem, SnapshotItem, CgroupItem, ProcessItem, LivingItem,
                          ContainerItem, ClusterItem, NamesItem, AnchorItem, TickItem, LossItem>;

}  // namespace nezuban::state
