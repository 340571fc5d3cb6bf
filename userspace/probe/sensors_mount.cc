// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "probe/acts.h"
#include "probe/acts_privilege.h"
#include "probe/sensors.h"

namespace nezuban::probe {

using enum Attachment;

std::vector<SensorRow> MountSensors() {
  std::vector<SensorRow> rows = {
      {EVENT_MOUNT,
       SensorKind::kObject,
       "fexit/path_mount, fentry/security_move_mount, fexit move_mount, fexit fsmount",
       {{"on_path_mount", kFexit, "path_mount"},
        {"on_move_mount_begin", kFentry, "security_move_mount"},
        {"on_move_mount_x64", kFexit, "__x64_sys_move_mount"},
        {"on_fsmount_x64", kFexit, "__x64_sys_fsmount"},
        {"on_move_mount_ia32", kFexit, "__ia32_sys_move_mount", {}, true},
        {"on_fsmount_ia32", kFexit, "__ia32_sys_fsmount", {}, true}},
       ActMount},
      {EVENT_MOUNT,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (mount, move_mount, fsmount)",
       {{"on_mount", kSyscallExit, "", {{165, 21, 40}}},
        {"on_move_mount", kSyscallExit, "", {{429, 429, 429}}},
        {"on_fsmount", kSyscallExit, "", {{432, 432, 432}}}},
       ActMount},
  };
  // Numbers: x86-64, i386, arm64.
  std::vector<SensorRow> api = SyscallSensors(EVENT_MOUNT_API,
                                              {{"fsopen", {430, 430, 430}},
                                               {"fsconfig", {431, 431, 431}},
                                               {"fspick", {433, 433, 433}},
                                               {"open_tree", {428, 428, 428}},
                                               {"mount_setattr", {442, 442, 442}, true}},
                                              ActMountApi);
  return Join<SensorRow>({std::move(rows), std::move(api)});
}

}  // namespace nezuban::probe
