// SPDX-License-Identifier: Apache-2.0
// Walks the cgroup v2 file system. On hybrid hosts the v1 hierarchies are left alone:
// their ids collide.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nezuban::state {

struct CgroupDirectory {
  std::uint64_t id;         // inode number, which is the cgroup's id on 64-bit kernels
  std::uint64_t parent_id;  // 0: the root
  std::string path;         // from the root: "/", "/system.slice"
};

// Every cgroup below `root` (Cgroup2Root), parents before children. Cgroups that vanish meanwhile
// are left out. Errors: root cannot be opened or is not a cgroup2 file system.
Result<std::vector<CgroupDirectory>> ListCgroups(const std::string& root);

// Id of the cgroup at `path` below `root`; 0 if there is none, or the path leads upwards.
std::uint64_t CgroupIdOf(const std::string& root, std::string_view path);

}  // namespace nezuban::state
