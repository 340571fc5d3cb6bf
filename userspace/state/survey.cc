// SPDX-License-Identifier: Apache-2.0
#include "state/survey.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace nezuban::state {

Status SurveyCgroups(const std::string& root, const ItemHandler& handler) {
  ASSIGN_OR_RETURN(std::vector<CgroupDirectory> found, ListCgroups(root));
  for (CgroupDirectory& cgroup : found) handler(CgroupItem{std::move(cgroup)});
  return {};
}

Result<LivingItem> SurveyProcesses(const std::string& proc_root, const std::string& cgroup_root,
                                   const ItemHandler& handler) {
  LivingItem living;
  living.as_of_ns = BootTimeNs();  // before: who starts meanwhile may not be found
  ASSIGN_OR_RETURN(std::vector<ProcfsProcess> found, ScanProcfs(proc_root));
  for (ProcfsProcess& process : found) {
    living.tgids.push_back(process.tgid);
    if (!cgroup_root.empty() && !process.cgroup_path.empty()) {
      process.cgroup_id = CgroupIdOf(cgroup_root, process.cgroup_path);
    }
    handler(ProcessItem{std::move(process)});
  }
  std::sort(living.tgids.begin(), living.tgids.end());
  return living;
}

std::uint64_t BootTimeNs() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace nezuban::state
