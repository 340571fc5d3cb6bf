// SPDX-License-Identifier: Apache-2.0
#include "probe/acts_privilege.h"
#include "probe/sensors.h"

namespace nezuban::probe {
namespace {

using enum Attachment;

constexpr bool kOptional = true;
constexpr char kCompat[] = "__ia32_compat_";

// i386 has each of these calls twice; the older one takes 16-bit ids and is an entry point of its
// own.
std::vector<SensorRow> SetuidSensors() {
  struct Old {
    const char* name;
    int i386;
  };
  constexpr Old kOld[] = {{"setuid16", 23},    {"setgid16", 46},     {"setreuid16", 70},
                          {"setregid16", 71},  {"setresuid16", 164}, {"setresgid16", 170},
                          {"setfsuid16", 138}, {"setfsgid16", 139}};
  std::vector<SensorRow> rows = SyscallSensors(EVENT_SETUID,
                                               {{"setuid", {105, 213, 146}},
                                                {"setgid", {106, 214, 144}},
                                                {"setreuid", {113, 203, 145}},
                                                {"setregid", {114, 204, 143}},
                                                {"setresuid", {117, 208, 147}},
                                                {"setresgid", {119, 210, 149}},
                                                {"setfsuid", {122, 215, 151}},
                                                {"setfsgid", {123, 216, 152}}},
                                               ActSetuid);
  for (const Old& old : kOld) {
    const std::string name = old.name;
    rows[0].programs.push_back({"on_" + name + "_ia32", kFexit, "__ia32_sys_" + name, {}, true});
    rows[1].programs.push_back({"on_" + name, kSyscallExit, "", {{-1, old.i386, -1}}});
  }
  return rows;
}

std::vector<SensorRow> NamespaceSensors() {
  return SyscallSensors(EVENT_NAMESPACE, {{"setns", {308, 346, 268}}, {"unshare", {272, 310, 97}}},
                        ActNamespace);
}

std::vector<SensorRow> CapsetSensors() {
  return SyscallSensors(EVENT_CAPSET, {{"capset", {126, 185, 91}}}, ActCapset);
}

// The tracepoint kind has no hook of its own: the programs of the calls that change credentials
// make this event too.
std::vector<SensorRow> CredentialsSensors() {
  std::vector<ProgramRow> programs = {{.name = "on_exec_credentials", .first = true}};
  for (const auto& rows : {NamespaceSensors(), SetuidSensors(), CapsetSensors()})
    for (const SensorRow& row : rows)
      if (row.kind == SensorKind::kTracepoint)
        programs.insert(programs.end(), row.programs.begin(), row.programs.end());
  return {{EVENT_CREDENTIALS,
           SensorKind::kObject,
           "fentry/commit_creds",
           {{"on_commit_creds", kFentry, "commit_creds"}},
           ActCredentials},
          {EVENT_CREDENTIALS, SensorKind::kTracepoint,
           "tp_btf/sys_exit (the setuid family, capset, setns, unshare), sched_process_exec",
           std::move(programs), ActCredentials}};
}

std::vector<SensorRow> RootSensors() {
  std::vector<SensorRow> rows = SyscallSensors(
      EVENT_ROOT,
      {{"chroot", {161, 61, 51}}, {"pivot_root", {155, 217, 41}}, {"umount", {166, 52, 39}}},
      ActRoot);
  rows[0].programs.push_back({"on_oldumount_ia32", kFexit, "__ia32_sys_oldumount", {}, true});
  rows[1].programs.push_back({"on_oldumount", kSyscallExit, "", {{-1, 22, -1}}});
  return rows;
}

}  // namespace

// Numbers: x86-64, i386, arm64.
std::vector<SensorRow> PrivilegeSensors() {
  return Join<SensorRow>({
      NamespaceSensors(),
      RootSensors(),
      SyscallSensors(EVENT_PTRACE,
                     {{"ptrace", {101, 26, 117}, false, kCompat},
                      {"process_vm_readv", {310, 347, 270}},
                      {"process_vm_writev", {311, 348, 271}},
                      {"pidfd_getfd", {438, 438, 438}},
                      {"pidfd_open", {434, 434, 434}}},
                     ActPtrace),
      {{EVENT_SIGNAL,
        SensorKind::kTracepoint,
        "tp_btf/signal_generate",
        {{"on_signal"}},
        ActSignal}},
      SetuidSensors(),
      CapsetSensors(),
      CredentialsSensors(),
  });
}

std::vector<SensorRow> KernelSensors() {
  return Join<SensorRow>({
      SyscallSensors(EVENT_BPF,
                     {{"bpf", {321, 357, 280}},
                      {"perf_event_open", {298, 336, 241}},
                      {"userfaultfd", {323, 374, 282}, kOptional},
                      {"io_uring_setup", {425, 425, 425}, kOptional},
                      {"seccomp", {317, 354, 277}, kOptional}},
                     ActBpf),
      SyscallSensors(EVENT_MODULE,
                     {{"init_module", {175, 128, 105}, kOptional},
                      {"finit_module", {313, 350, 273}, kOptional},
                      {"delete_module", {176, 129, 106}, kOptional},
                      {"kexec_load", {246, 283, 104}, kOptional, kCompat},
                      {"kexec_file_load", {320, -1, 294}, kOptional}},
                     ActModule),
      SyscallSensors(EVENT_KEYCTL,
                     {{"keyctl", {250, 288, 219}, kOptional, kCompat},
                      {"add_key", {248, 286, 217}, kOptional},
                      {"request_key", {249, 287, 218}, kOptional}},
                     ActKeyctl),
  });
}

}  // namespace nezuban::probe
