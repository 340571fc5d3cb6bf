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
  std::uint64_t cgroup_id = 0;  // the container's; 0: the node
  ProcessKey process;           // the container's first that lives; none for the node
  std::uint32_t mnt_ns = 0;     // the mount namespace it has to be in; 0: whichever it has
};

enum class NamesAnswer : std::uint8_t {
  kRead,
  kUnchanged,   // the files are as they were
  kUnreadable,  // the process does not live, or is not where it should be, or it took too long
};

// The files as they were when they were read.
struct NamesVersion {
  struct File {
    std::uint64_t dev = 0, ino = 0, size = 0;  // 0: no such file, or none that can be read
    std::int64_t modified_ns = 0, changed_ns = 0;
    std::vector<IdRange> ids;  // what its ids are on the node
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

// A link that leads out of the container's root ends at that root. A container without such files
// has no names; what is there but is no regular file, cannot be read or lies in a file system that
// the kernel makes up leaves open who is in it. A process that made itself a user namespace within
// the container's is not asked: its root is whatever it likes. `known` may be null: what the caller
// has. Blocks for as long as the container's file systems do, so it may never return.
NamesRead ReadNames(const NamesWanted& wanted, const NamesRoots& roots, const NamesVersion* known);

}  // namespace nezuban::state
