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
      {EVENT_RENAME,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (rename, renameat, renameat2)",
       {{"on_name_call", kSyscallExit, "", {{82, 38, -1}, {264, 302, 38}, {316, 353, 276}}}},
       ActRename},
      {EVENT_UNLINK,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (unlink, unlinkat, rmdir)",
       {{"on_name_call", kSyscallExit, "", {{87, 10, -1}, {263, 301, 35}, {84, 40, -1}}}},
       ActUnlink},
      {EVENT_MKDIR,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (mkdir, mkdirat)",
       {{"on_name_call", kSyscallExit, "", {{83, 39, -1}, {258, 296, 34}}}},
       ActMkdir},
      {EVENT_LINK,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (link, linkat, symlink, symlinkat)",
       {{"on_name_call",
         kSyscallExit,
         "",
         {{86, 9, -1}, {265, 303, 37}, {88, 83, -1}, {266, 304, 36}}}},
       ActLink},
      {EVENT_CHMOD,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (chmod, fchmod, fchmodat, fchmodat2)",
       {{"on_name_call",
         kSyscallExit,
         "",
         {{90, 15, -1}, {91, 94, 52}, {268, 306, 53}, {452, 452, 452}}}},
       ActChmod},
  };
}

}  // namespace nezuban::probe
