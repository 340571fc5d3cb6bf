// SPDX-License-Identifier: Apache-2.0
#include "probe/acts.h"
#include "probe/sensors.h"

namespace nezuban::probe {

using enum Attachment;

std::vector<SensorRow> SocketSensors() {
  return {
      {EVENT_DUP,
       SensorKind::kObject,
       "fexit dup, dup2, dup3, f_dupfd",
       {{"on_dup_x64", kFexit, "__x64_sys_dup"},
        {"on_dup2_x64", kFexit, "__x64_sys_dup2"},
        {"on_dup3_x64", kFexit, "__x64_sys_dup3"},
        {"on_fcntl_dup", kFexit, "f_dupfd"},
        {"on_dup_ia32", kFexit, "__ia32_sys_dup", {}, true},
        {"on_dup2_ia32", kFexit, "__ia32_sys_dup2", {}, true},
        {"on_dup3_ia32", kFexit, "__ia32_sys_dup3", {}, true}},
       ActDup},
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
}

}  // namespace nezuban::probe
