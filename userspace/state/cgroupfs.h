// SPDX-License-Identifier: Apache-2.0
// Finds and walks the cgroup v2 file system. On hybrid hosts the v1 hierarchies are left alone:
// their ids collide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

// Mount point of the cgroup2 file system from the text of /proc/self/mountinfo; nullopt: none.
// One that shows the whole hierarchy is preferred.
std::optional<std::string> FindCgroup2Root(std::string_view mountinfo);

// Every cgroup below `root`, parents before children. Cgroups that vanish meanwhile are left out.
// Errors: root cannot be opened or is not a cgroup2 file system.
Result<std::vector<CgroupDirectory>> ListCgroups(const std::string& root);

// Id of the cgroup at `path` below `root`; 0 if there is none, or the path leads upwards.
std::uint64_t CgroupIdOf(const std::string& root, std::string_view path);

}  // namespace nezuban::state
