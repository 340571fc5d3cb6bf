// SPDX-License-Identifier: Apache-2.0
// Looks at what is there already, in the cgroup file system and in /proc, and tells it as items.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "state/item.h"

namespace nezuban::state {

using ItemHandler = std::function<void(const Item&)>;

// A CgroupItem for every cgroup below `root`, a mount of the cgroup2 file system (see
// Cgroup2Root), parents first. Errors: root is not cgroup2 or cannot be read.
Status SurveyCgroups(const std::string& root, const ItemHandler& handler);

// A ProcessItem for every process under `proc_root`, normally "/proc". `cgroup_root` is where
// cgroup2 is mounted, empty: nowhere. Gives who lives. Error: proc_root cannot be read.
Result<LivingItem> SurveyProcesses(const std::string& proc_root, const std::string& cgroup_root,
                                   const ItemHandler& handler);

// Nanoseconds of the boot-time clock, which records have.
std::uint64_t BootTimeNs();

}  // namespace nezuban::state
