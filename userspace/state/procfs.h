// SPDX-License-Identifier: Apache-2.0
// Reads the processes that were there already from /proc. What it reads is written by processes
// that may be hostile and may end at any moment: every read is bounded, every parse is total.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "state/process.h"

namespace nezuban::state {

// One process as /proc shows it. What could not be read is empty, 0 or -1.
struct ProcfsProcess {
  std::uint32_t tgid = 0;
  std::uint32_t ppid = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint32_t sid = 0, pgid = 0, tty = 0;
  std::uint32_t vpid = 0;  // in its innermost pid namespace
  std::uint32_t uid = 0, euid = 0, gid = 0, egid = 0;
  std::uint32_t loginuid = 0xffffffffu;
  Capabilities caps;
  std::uint32_t pid_ns = 0, mnt_ns = 0;
  std::string comm;
  std::string exe_path;
  std::string args;  // each followed by a NUL; cut at ARGS_LEN_MAX
  bool args_truncated = false;
  std::string env;  // likewise; cut at ENV_LEN_MAX
  bool env_truncated = false;
  std::string cwd;
  std::string cgroup_path;  // in the v2 hierarchy; empty: not known
  // Filled by who knows the cgroups (Enricher).
  std::uint64_t cgroup_id = 0;
  std::uint64_t origin_cgroup_id = 0;
};

// Fields of /proc/PID/stat. comm may hold anything, parentheses and newlines included.
struct ProcStat {
  std::uint32_t tgid = 0, ppid = 0, pgid = 0, sid = 0, tty = 0;
  std::uint64_t start_ticks = 0;
  std::string_view comm;
};
std::optional<ProcStat> ParseProcStat(std::string_view text) noexcept;

// Fills the ids from /proc/PID/status.
void ParseProcStatus(std::string_view text, ProcfsProcess& process) noexcept;

// Path in the v2 hierarchy from /proc/PID/cgroup ("0::/path"); empty if there is none, or if it
// leads out of the reader's cgroup namespace ("/../..").
std::string_view ParseProcCgroup(std::string_view text) noexcept;

// nullopt if it ended meanwhile. `proc_fd` is an open directory, normally /proc.
std::optional<ProcfsProcess> ReadProcess(int proc_fd, std::uint32_t tgid);

// Every process under `root` (normally "/proc"). Error: root cannot be read.
Result<std::vector<ProcfsProcess>> ScanProcfs(const std::string& root);

}  // namespace nezuban::state
