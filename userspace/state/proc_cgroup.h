// SPDX-License-Identifier: Apache-2.0
// /proc/PID/cgroup of nodes that have cgroup v1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nezuban::state {

// The paths in the v1 hierarchies ("4:memory:/path"), in the order of the text, which they view.
// Not in named ones, which whoever may mount makes as he likes, but for systemd's.
std::vector<std::string_view> ParseProcCgroupV1(std::string_view text);

// The text for the process that started then (boot-time clock, or rounded to a tick), by an open
// procfs. Empty: it cannot be read, it is ending, when it is shown where it is not, or the number
// is another's by now.
std::string ReadProcCgroup(int proc_fd, std::uint32_t tgid, std::uint64_t start_ns);

}  // namespace nezuban::state
