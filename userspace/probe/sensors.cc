// SPDX-License-Identifier: Apache-2.0
#include "probe/sensors.h"

#include "probe/acts.h"
#include "probe/proof.h"

namespace nezuban::probe {
namespace {

using enum Attachment;

// Whether the kernel has entry points for 32-bit calls of their own.
enum class Calls32 { kSeen, kAbsent };

SensorRow MountOnObjects(Calls32 calls32) {
  SensorRow row{EVENT_MOUNT,
                SensorKind::kObject,
                "fexit/path_mount, fentry/security_move_mount, fexit move_mount, fexit fsmount",
                {{"on_path_mount", kFexit, "path_mount"},
                 {"on_move_mount_begin", kFentry, "security_move_mount"},
                 {"on_move_mount_x64", kFexit, "__x64_sys_move_mount"},
                 {"on_fsmount_x64", kFexit, "__x64_sys_fsmount"}},
                ActMount};
  if (calls32 == Calls32::kSeen)
    row.programs.push_back({"on_move_mount_ia32", kFexit, "__ia32_sys_move_mount"});
  row.programs.push_back({"on_fsmount_ia32", kFexit, "__ia32_sys_fsmount"});
  return row;
}

SensorRow DupOnObjects(Calls32 calls32) {
  SensorRow row{EVENT_DUP,
                SensorKind::kObject,
                "fexit dup, dup2, dup3, f_dupfd",
                {{"on_dup_x64", kFexit, "__x64_sys_dup"},
                 {"on_dup2_x64", kFexit, "__x64_sys_dup2"},
                 {"on_dup3_x64", kFexit, "__x64_sys_dup3"},
                 {"on_fcntl_dup", kFexit, "f_dupfd"}},
                ActDup};
  if (calls32 == Calls32::kSeen) {
    row.programs.push_back({"on_dup_ia32", kFexit, "__ia32_sys_dup"});
    row.programs.push_back({"on_dup2_ia32", kFexit, "__ia32_sys_dup2"});
    row.programs.push_back({"on_dup3_ia32", kFexit, "__ia32_sys_dup3"});
  }
  return row;
}

const std::vector<SensorRow>& Rows() {
  static const std::vector<SensorRow> rows = {
      {EVENT_EXEC, SensorKind::kTracepoint, "tp_btf/sched_process_exec", {{"on_exec"}}},
      {EVENT_FORK, SensorKind::kTracepoint, "tp_btf/sched_process_fork", {{"on_fork"}}},
      {EVENT_EXIT, SensorKind::kTracepoint, "tp_btf/sched_process_exit", {{"on_exit"}}},
      {EVENT_CGROUP,
       SensorKind::kTracepoint,
       "tp_btf/cgroup_mkdir, cgroup_attach_task, cgroup_rmdir",
       {{"on_cgroup_mkdir"}, {"on_cgroup_attach_task"}, {"on_cgroup_rmdir"}},
       ActMakeCgroup},
      MountOnObjects(Calls32::kSeen),
      MountOnObjects(Calls32::kAbsent),
      {EVENT_MOUNT,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (mount, move_mount, fsmount)",
       {{"on_mount", kSyscallExit, "", {{165, 21, 40}}},
        {"on_move_mount", kSyscallExit, "", {{429, 429, 429}}},
        {"on_fsmount", kSyscallExit, "", {{432, 432, 432}}}},
       ActMount},
      DupOnObjects(Calls32::kSeen),
      DupOnObjects(Calls32::kAbsent),
      {EVENT_DUP,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (dup, dup2, dup3, fcntl)",
       {{"on_dup",
         kSyscallExit,
         "",
         {{32, 41, 23}, {33, 63, -1}, {292, 330, 24}, {72, 55, 25}, {-1, 221, -1}}}},
       ActDup},
      {EVENT_CONNECT,
       SensorKind::kObject,
       "fexit/__sys_connect_file, inet_sock_set_state",
       {{"on_connect_file", kFexit, "__sys_connect_file"},
        {"on_connect_syn_sent"},
        {"on_connect_fast_open"}},
       ActConnect},
      {EVENT_CONNECT,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (connect), inet_sock_set_state",
       {{"on_connect", kSyscallExit, "", {{42, 362, 203}, {-1, 102, -1}}},
        {"on_connect_syn_sent"},
        {"on_connect_elsewhere"}},
       ActConnect},
  };
  return rows;
}

}  // namespace

std::string_view ToString(SensorKind kind) {
  switch (kind) {
    case SensorKind::kObject:
      return "object";
    case SensorKind::kTracepoint:
      return "tracepoint";
    case SensorKind::kNone:
      break;
  }
  return "none";
}

std::optional<SensorChoice> ParseSensorChoice(std::string_view text) {
  if (text == "auto") return SensorChoice::kAuto;
  if (text == "object") return SensorChoice::kObject;
  if (text == "tracepoint") return SensorChoice::kTracepoint;
  return std::nullopt;
}

std::span<const SensorRow> Sensors() { return Rows(); }

std::vector<const SensorRow*> SensorsFor(event::EventType event, SensorChoice choice) {
  std::vector<const SensorRow*> all;
  std::vector<const SensorRow*> asked_for;
  const SensorKind kind =
      choice == SensorChoice::kObject ? SensorKind::kObject : SensorKind::kTracepoint;
  for (const SensorRow& row : Rows()) {
    if (row.event != event) continue;
    all.push_back(&row);
    if (row.kind == kind) asked_for.push_back(&row);
  }
  return choice == SensorChoice::kAuto || asked_for.empty() ? all : asked_for;
}

}  // namespace nezuban::probe
