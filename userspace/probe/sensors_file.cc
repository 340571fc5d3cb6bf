// SPDX-License-Identifier: Apache-2.0
#include "probe/acts.h"
#include "probe/sensors.h"

namespace nezuban::probe {

using enum Attachment;

std::vector<SensorRow> FileSensors() {
  return {
      {EVENT_OPEN,
       SensorKind::kObject,
       "fentry/security_file_open, fexit do_sys_openat2, do_handle_open",
       {{"on_openat2_begin", kFentry, "do_sys_openat2"},
        {"on_handle_open_begin", kFentry, "do_handle_open"},
        {"on_file_open", kFentry, "security_file_open"},
        {"on_openat2_end", kFexit, "do_sys_openat2"},
        {"on_handle_open_end", kFexit, "do_handle_open"}},
       ActOpen},
      {EVENT_OPEN,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (open, openat, openat2, creat, open_by_handle_at)",
       {{"on_open",
         kSyscallExit,
         "",
         {{2, 5, -1}, {257, 295, 56}, {437, 437, 437}, {85, 8, -1}, {304, 342, 265}}}},
       ActOpen},
  };
}

}  // namespace nezuban::probe
