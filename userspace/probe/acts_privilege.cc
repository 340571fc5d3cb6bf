// SPDX-License-Identifier: Apache-2.0
#include "probe/acts_privilege.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace nezuban::probe {

bool ActNamespace(const ProofContext&) {
  ::setns(-1, 0);
  ::unshare(0);
  return true;
}

bool ActRoot(const ProofContext&) {
  ::syscall(SYS_chroot, nullptr);
  return true;
}

bool ActMountApi(const ProofContext&) {
  ::syscall(SYS_fsopen, nullptr, 0);
  return true;
}

bool ActPtrace(const ProofContext&) {
  ::syscall(SYS_pidfd_open, -1, 0);
  return true;
}

bool ActSignal(const ProofContext& context) {
  return context.monitor > 0 && ::kill(context.monitor, SIGURG) == 0;
}

bool ActSetuid(const ProofContext&) {
  ::syscall(SYS_setfsuid, -1);
  return true;
}

bool ActCapset(const ProofContext&) {
  ::syscall(SYS_capset, nullptr, nullptr);
  return true;
}

bool ActCredentials(const ProofContext&) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct had[2]{};
  if (::syscall(SYS_capget, &header, had) != 0) return false;
  __user_cap_data_struct less[2] = {had[0], had[1]};
  for (auto& word : less) {
    if (word.effective == 0) continue;
    word.effective &= word.effective - 1;
    break;
  }
  if (less[0].effective == had[0].effective && less[1].effective == had[1].effective) return false;
  return ::syscall(SYS_capset, &header, less) == 0 && ::syscall(SYS_capset, &header, had) == 0;
}

bool ActBpf(const ProofContext&) {
  ::syscall(SYS_bpf, -1, nullptr, 0);
  return true;
}

bool ActModule(const ProofContext&) {
  ::syscall(SYS_finit_module, -1, "", 0);
  return true;
}

bool ActKeyctl(const ProofContext&) {
  ::syscall(SYS_keyctl, -1, 0, 0, 0, 0);
  return true;
}

}  // namespace nezuban::probe
