// SPDX-License-Identifier: Apache-2.0
#include "state/proc_cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>

#include "base/text.h"
#include "base/unique_fd.h"
#include "state/process_table.h"
#include "state/procfs.h"

namespace nezuban::state {
namespace {

constexpr std::size_t kFileMax = 16384;  // up to a dozen paths; one line of numbers and a name
constexpr std::uint32_t kExiting = 4;    // PF_EXITING: v1 shows it in the root from then on

std::string Read(int proc_fd, const std::string& name) {
  const UniqueFd fd(::openat(proc_fd, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text;
  std::array<char, 4096> part;
  while (fd.valid() && text.size() < kFileMax) {
    const ssize_t size = ::read(fd.get(), part.data(), part.size());
    if (size <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

// The kernel's flags of a task, the seventh word behind its name in /proc/PID/stat.
bool IsExiting(std::string_view stat) {
  const std::vector<std::string_view> words = Split(stat.substr(stat.rfind(')') + 1), ' ');
  std::uint32_t flags = kExiting;
  if (words.size() > 7) {
    std::from_chars(words[7].data(), words[7].data() + words[7].size(), flags);
  }
  return (flags & kExiting) != 0;
}

}  // namespace

std::vector<std::string_view> ParseProcCgroupV1(std::string_view text) {
  std::vector<std::string_view> paths;
  for (const std::string_view line : Split(text, '\n')) {
    const std::size_t controllers = line.find(':');
    if (controllers == std::string_view::npos || line.starts_with("0::")) continue;
    const std::size_t path = line.find(":/", controllers + 1);
    if (path == std::string_view::npos) continue;
    const std::string_view name = line.substr(controllers + 1, path - controllers - 1);
    if (name.starts_with("name=") && name != "name=systemd") continue;
    paths.push_back(line.substr(path + 1));
  }
  return paths;
}

std::string ReadProcCgroup(int proc_fd, std::uint32_t tgid, std::uint64_t start_ns) {
  const std::string directory = std::to_string(tgid);
  std::string text = Read(proc_fd, directory + "/cgroup");
  // After it: what was not ending now was not ending then.
  const std::string stat_text = Read(proc_fd, directory + "/stat");
  const auto stat = ParseProcStat(stat_text);
  const bool same = stat && stat->start_ticks == start_ns / ClockTickNs();
  if (!same || IsExiting(stat_text)) return {};
  return text;
}

}  // namespace nezuban::state
