// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "probe/acts.h"
#include "probe/sensors.h"

namespace nezuban::probe {

using enum Attachment;

namespace {

// The programs of DEFINE_SOCKET_CALL at the exits of one call's entry points. `ia32`: i386's own,
// empty if it has none.
std::vector<ProgramRow> CallExits(const std::string& name, const std::string& ia32) {
  const std::string program = "on_" + name;
  std::vector<ProgramRow> rows = {
      {program + "_x64", kFexit, "__x64_sys_" + name},
      {program + "_socketcall", kFexit, "__ia32_compat_sys_socketcall", {}, true},
  };
  if (!ia32.empty()) rows.push_back({program + "_ia32", kFexit, "__ia32_" + ia32, {}, true});
  return rows;
}

// On the requests io_uring takes; the tracepoint has that name from 6.4 on.
ProgramRow UringSubmit(const std::string& program) {
  return {program, kTracepoint, "__bpf_trace_io_uring_submit_req", {}, true};
}

// What brings messages, descriptors may come with.
std::vector<ProgramRow> ReceiveExits() {
  return {{"on_recvmsg", kSyscallExit, "", {{47, 372, 212, 17}}},
          {"on_recvmmsg", kSyscallExit, "", {{299, 337, 243, 19}, {-1, 417, -1}}}};
}

}  // namespace

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
       {{"on_connect_file", kFexit, "__sys_connect_file"}, {"on_connect_begun_object"}},
       ActConnect},
      {EVENT_CONNECT,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (connect), inet_sock_set_state",
       {{"on_connect", kSyscallExit, "", {{42, 362, 203, 3}}}, {"on_connect_begun"}},
       ActConnect},
      {EVENT_SOCKET, SensorKind::kObject, "fexit socket, socketpair",
       Join<ProgramRow>(
           {CallExits("socket", "sys_socket"), CallExits("socketpair", "sys_socketpair")}),
       ActSocket},
      {EVENT_SOCKET,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (socket, socketpair)",
       {{"on_socket", kSyscallExit, "", {{41, 359, 198, 1}}},
        {"on_socketpair", kSyscallExit, "", {{53, 360, 199, 8}}}},
       ActSocket},
      {EVENT_BIND, SensorKind::kObject, "fexit bind", CallExits("bind", "sys_bind"), ActBind},
      {EVENT_BIND,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (bind)",
       {{"on_bind", kSyscallExit, "", {{49, 361, 200, 2}}}},
       ActBind},
      {EVENT_LISTEN, SensorKind::kObject, "fexit listen", CallExits("listen", "sys_listen"),
       ActListen},
      {EVENT_LISTEN,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (listen)",
       {{"on_listen", kSyscallExit, "", {{50, 363, 201, 4}}}},
       ActListen},
      {EVENT_ACCEPT, SensorKind::kObject, "fexit accept, accept4",
       Join<ProgramRow>({CallExits("accept", ""),
                         CallExits("accept4", "sys_accept4"),
                         {UringSubmit("on_uring_accept")}}),
       ActAccept},
      {EVENT_ACCEPT,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (accept, accept4)",
       {{"on_accept", kSyscallExit, "", {{43, -1, 202, 5}}},
        {"on_accept4", kSyscallExit, "", {{288, 364, 242, 18}}},
        UringSubmit("on_uring_accept")},
       ActAccept},
      {EVENT_SEND, SensorKind::kObject, "fexit sendto, sendmsg, sendmmsg",
       Join<ProgramRow>({CallExits("sendto", "sys_sendto"),
                         CallExits("sendmsg", "compat_sys_sendmsg"),
                         CallExits("sendmmsg", "compat_sys_sendmmsg"),
                         {UringSubmit("on_uring_send")}}),
       ActSend},
      {EVENT_SEND,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (sendto, sendmsg, sendmmsg)",
       {{"on_sendto", kSyscallExit, "", {{44, 369, 206, 11}}},
        {"on_sendmsg", kSyscallExit, "", {{46, 370, 211, 16}}},
        {"on_sendmmsg", kSyscallExit, "", {{307, 345, 269, 20}}},
        UringSubmit("on_uring_send")},
       ActSend},
      {EVENT_RECV, SensorKind::kObject, "fexit recvfrom, recvmsg, recvmmsg",
       Join<ProgramRow>(
           {CallExits("recvfrom", "compat_sys_recvfrom"),
            CallExits("recvmsg", "compat_sys_recvmsg"),
            CallExits("recvmmsg", "compat_sys_recvmmsg_time32"),
            {{"on_recvmmsg_time64_ia32", kFexit, "__ia32_compat_sys_recvmmsg_time64", {}, true}}}),
       ActReceive},
      {EVENT_RECV, SensorKind::kTracepoint, "tp_btf/sys_exit (recvfrom, recvmsg, recvmmsg)",
       Join<ProgramRow>(
           {{{"on_recvfrom", kSyscallExit, "", {{45, 371, 207, 12}}}}, ReceiveExits()}),
       ActReceive},
      {EVENT_RECVFD,
       SensorKind::kObject,
       "fentry/security_file_receive",
       {{"on_file_receive", kFentry, "security_file_receive"}},
       ActReceiveFd},
      {EVENT_RECVFD, SensorKind::kTracepoint, "tp_btf/sys_exit (recvmsg, recvmmsg)", ReceiveExits(),
       ActReceiveFd},
  };
}

}  // namespace nezuban::probe
