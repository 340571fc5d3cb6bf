// SPDX-License-Identifier: Apache-2.0
// Cgroup path → the container it belongs to. The table of what runtimes call their cgroups is in
// container.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "state/process.h"

namespace nezuban::state {

// What a path says. `full_id` views the path; `runtime` is static.
struct CgroupMatch {
  std::string_view full_id;
  std::string_view runtime;
  std::size_t depth;  // of the container's own cgroup: number of path components down to it
};

// The container a cgroup (v2 path, from the hierarchy's root) is or lies in; nullopt: none that can
// be told by name. The outermost match counts: what is inside a container can name its child
// cgroups as it likes. Total for any bytes.
std::optional<CgroupMatch> ParseCgroupPath(std::string_view path) noexcept;

// The runtime whose processes, with names that begin with its own, enter a container's cgroup
// before its program is executed; empty: none that is known. Static.
std::string_view RuntimeOf(std::string_view comm) noexcept;

// Number of components of a path; empty ones do not count.
std::size_t CgroupDepth(std::string_view path) noexcept;

// The container of a path that matches; its cgroup_path ends at the match's depth.
Container MakeContainer(std::uint64_t cgroup_id, std::string_view path, const CgroupMatch& match);

}  // namespace nezuban::state
