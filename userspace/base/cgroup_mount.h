// SPDX-License-Identifier: Apache-2.0
// Where the cgroup v2 file system is mounted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nezuban {

// From the text of /proc/PID/mountinfo: the mount point that shows most of the hierarchy; nullopt:
// none is mounted. In a cgroup namespace a mount of what lies above its root has the root "/..",
// "/../.." and so on (kernfs_path_from_node, Linux 6.1); that of its own part has "/".
std::optional<std::string> FindCgroup2Root(std::string_view mountinfo);

// The same of this process; empty: none.
std::string Cgroup2Root();

}  // namespace nezuban
