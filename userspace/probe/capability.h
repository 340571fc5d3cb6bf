// SPDX-License-Identifier: Apache-2.0
// What this kernel and this process's privileges allow. Each answer comes from trying.
#pragma once

#include <string>

#include "base/result.h"

namespace nezuban::probe {

// An error with exit code 2 naming what is missing: BTF, a kernel of 5.8, CAP_BPF, CAP_PERFMON.
Status CheckPrerequisites();

struct KernelFeatures {
  // bpf_get_current_task_btf, bpf_task_pt_regs, and task storage from tracing programs (5.15+).
  bool task_helpers = false;
};
Result<KernelFeatures> DetectFeatures();

// Whether a program can be put on a kernel function: loaded and attached for a moment for real.
// The error says what refused. `exit` asks for fexit, or for a kretprobe.
Status TryTrampoline(const std::string& function, bool exit);
Status TryKprobe(const std::string& function, bool exit);

}  // namespace nezuban::probe
