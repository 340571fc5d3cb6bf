// SPDX-License-Identifier: Apache-2.0
#include "probe/proof.h"
#include "probe/sensors.h"

namespace nezuban::probe {

using enum Attachment;

std::vector<SensorRow> ProcessSensors() {
  return {
      {EVENT_EXEC, SensorKind::kTracepoint, "tp_btf/sched_process_exec", {{"on_exec"}}},
      {EVENT_FORK, SensorKind::kTracepoint, "tp_btf/sched_process_fork", {{"on_fork"}}},
      {EVENT_EXIT, SensorKind::kTracepoint, "tp_btf/sched_process_exit", {{"on_exit"}}},
      {EVENT_CGROUP,
       SensorKind::kTracepoint,
       "tp_btf/cgroup_mkdir, cgroup_attach_task, cgroup_rmdir",
       {{"on_cgroup_mkdir"}, {"on_cgroup_attach_task"}, {"on_cgroup_rmdir"}},
       ActMakeCgroup},
  };
}

}  // namespace nezuban::probe
