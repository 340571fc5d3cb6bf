// SPDX-License-Identifier: Apache-2.0
// Any bytes as a cgroup path, as /proc/PID/{stat,status,cgroup} and as mountinfo.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/cgroup_mount.h"
#include "base/check.h"
#include "state/cgroupfs.h"
#include "state/container.h"
#include "state/proc_cgroup.h"
#include "state/procfs.h"

using namespace nezuban::state;  // NOLINT: a test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto match = ParseCgroupPath(text)) {
    CHECK(!match->full_id.empty() && !match->runtime.empty());
    CHECK(match->depth >= 1 && match->depth <= CgroupDepth(text));
    CHECK(text.find(match->full_id) != std::string_view::npos);
    const Container container = MakeContainer(1, text, *match);
    CHECK(container.id.size() <= 12 && container.full_id.starts_with(container.id));
    CHECK(text.starts_with(container.cgroup_path));
    CHECK(CgroupDepth(container.cgroup_path) == match->depth);
  }
  if (const auto stat = ParseProcStat(text)) CHECK(text.find(stat->comm) != std::string_view::npos);
  ProcfsProcess process;
  ParseProcStatus(text, process);
  CHECK(ParseProcCgroup(text).size() <= size);
  for (const std::string_view path : ParseProcCgroupV1(text)) CHECK(path.starts_with('/'));
  if (const auto root = nezuban::FindCgroup2Root(text)) CHECK(root->starts_with('/'));
  return 0;
}
