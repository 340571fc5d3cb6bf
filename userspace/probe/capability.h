// SPDX-License-Identifier: Apache-2.0
// What this kernel and this process's privileges allow. Each answer comes from trying.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct btf;  // libbpf's

namespace nezuban::probe {

// An error with exit code 2 naming what is missing: BTF, a kernel of 5.8, CAP_BPF, CAP_PERFMON.
Status CheckPrerequisites();

// What the running kernel's BTF says. Some megabytes: for the start only. One thread.
class KernelTypes {
 public:
  static Result<KernelTypes> Load();
  bool HasFunction(const std::string& name) const { return FunctionId(name) != 0; }
  bool EnumHas(const char* enum_name, std::string_view value) const;
  // Its BTF id; 0: there is none of that name.
  std::uint32_t FunctionId(const std::string& name) const;

 private:
  struct Deleter {
    void operator()(btf* types) const;
  };
  explicit KernelTypes(btf* types);
  std::unique_ptr<btf, Deleter> btf_;
  // By name, which btf_ owns: libbpf itself looks through all types each time.
  std::unordered_map<std::string_view, std::uint32_t> functions_;
};

struct KernelFeatures {
  // bpf_get_current_task_btf, bpf_task_pt_regs, and task storage from tracing programs (5.15+).
  bool task_helpers = false;
};
KernelFeatures DetectFeatures(const KernelTypes& types);

// Whether a program can be put on a kernel function: loaded and attached for a moment for real.
// The error says what refused. `exit` asks for fexit, or for a kretprobe.
Status TryTrampoline(const KernelTypes& types, const std::string& function, bool exit);
Status TryKprobe(const std::string& function, bool exit);

}  // namespace nezuban::probe
