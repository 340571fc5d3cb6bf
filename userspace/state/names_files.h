// SPDX-License-Identifier: Apache-2.0
// Reads the passwd and group files of the node or of a container. Whoever lives there may have put
// anything in their place: never for a thread that must not be kept waiting.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "state/process.h"
#include "state/user_names.h"

namespace nezuban::state {

// Where names are to be read: in a container, through one of its processes, or on the node.
struct NamesWanted {
  std::uint64_t cgroup_id = 0;        // the container's; 0: the node
  std::vector<ProcessKey> processes;  // the first that lives serves; none for the node
};

enum class NamesAnswer : std::uint8_t {
  kRead,
  kUnchanged,   // the files are as they were
  kUnreadable,  // none of the processes lives, or it took too long
};

// The files as they were when they were read.
struct NamesVersion {
  struct File {
    std::uint64_t dev = 0, ino = 0, size = 0;  // 0: no such file, or none that can be read
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const File&) const = default;
  };
  std::array<File, 2> files;
  bool operator==(const NamesVersion&) const = default;
};

struct NamesRoots {
  std::string proc = "/proc";  // with the kernel side's process ids
  std::string node = "/";      // the node's root file system
};

struct NamesRead {
  NamesAnswer answer = NamesAnswer::kUnreadable;
  std::shared_ptr<const UserNames> names;  // null unless kRead
  NamesVersion version;
};

// A link that leads out of the container's root ends at that root; what is no regular file is taken
// for empty. A container without such files has no names. `known` may be null: what the caller has.
// Blocks for as long as the container's file systems do, so it may never return.
NamesRead ReadNames(const NamesWanted& wanted, const NamesRoots& roots, const NamesVersion* known);

}  // namespace nezuban::state
