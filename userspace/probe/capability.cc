// SPDX-License-Identifier: Apache-2.0
#include "probe/capability.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/unique_fd.h"
#include "probe/libbpf_log.h"

namespace nezuban::probe {
namespace {

constexpr char kBtfPath[] = "/sys/kernel/btf/vmlinux";
constexpr int kCapSysAdmin = 21;
constexpr int kCapPerfmon = 38;
constexpr int kCapBpf = 39;

Status CheckVersion() {
  utsname name{};
  int major = 0;
  int minor = 0;
  if (::uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2)
    return Fail("cannot tell the kernel's version");
  if (major < 5 || (major == 5 && minor < 8))
    return Fail(std::string("kernel ") + name.release + " is too old: 5.8 or newer is needed");
  return {};
}

bool HasCapability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[capability / 32].effective >> (capability % 32)) & 1u;
}

Status CheckCapabilities() {
  if (HasCapability(kCapSysAdmin)) return {};
  std::string missing;
  if (!HasCapability(kCapBpf)) missing = "CAP_BPF";
  if (!HasCapability(kCapPerfmon)) missing += missing.empty() ? "CAP_PERFMON" : " and CAP_PERFMON";
  if (missing.empty()) return {};
  return Fail("missing capability: " + missing + " is needed to load sensors into the kernel");
}

// "return 0".
constexpr std::array<bpf_insn, 2> kReturnZero = {
    bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
    bpf_insn{.code = BPF_JMP | BPF_EXIT}};

int PerfEventType(const char* source) {
  std::ifstream file(std::string("/sys/bus/event_source/devices/") + source + "/type");
  int type = -1;
  file >> type;
  return file ? type : -1;
}

// The bit of perf_event_attr.config that asks for a return probe.
int KprobeReturnBit() {
  std::ifstream file("/sys/bus/event_source/devices/kprobe/format/retprobe");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  int bit = -1;
  return std::sscanf(text.c_str(), "config:%d", &bit) == 1 ? bit : -1;
}

}  // namespace

Status CheckPrerequisites() {
  RETURN_IF_ERROR(CheckVersion());
  if (::access(kBtfPath, R_OK) != 0)
    return Fail(std::string("this kernel has no BTF (") + kBtfPath + ": " + ErrnoText(errno) +
                "); one built with CONFIG_DEBUG_INFO_BTF is needed");
  return CheckCapabilities();
}

void KernelTypes::Deleter::operator()(btf* types) const { btf__free(types); }

Result<KernelTypes> KernelTypes::Load() {
  btf* types = btf__load_vmlinux_btf();
  if (types == nullptr) return Fail(std::string("read ") + kBtfPath + ": " + ErrnoText(errno));
  return KernelTypes(types);
}

KernelTypes::KernelTypes(btf* types) : btf_(types) {
  const std::uint32_t end = btf__type_cnt(types);
  for (std::uint32_t id = 1; id < end; ++id) {
    const btf_type* type = btf__type_by_id(types, id);
    if (btf_is_func(type)) functions_.emplace(btf__name_by_offset(types, type->name_off), id);
  }
}

std::uint32_t KernelTypes::FunctionId(const std::string& name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? 0 : found->second;
}

bool KernelTypes::EnumHas(const char* enum_name, std::string_view value) const {
  const int id = btf__find_by_name_kind(btf_.get(), enum_name, BTF_KIND_ENUM);
  if (id < 0) return false;
  const btf_type* type = btf__type_by_id(btf_.get(), static_cast<std::uint32_t>(id));
  const struct btf_enum* values = ::btf_enum(type);
  for (int i = 0; i < btf_vlen(type); ++i)
    if (value == btf__name_by_offset(btf_.get(), values[i].name_off)) return true;
  return false;
}

KernelFeatures DetectFeatures(const KernelTypes& types) {
  KernelFeatures features;
  features.task_helpers = types.EnumHas("bpf_func_id", "BPF_FUNC_task_pt_regs") &&
                          types.EnumHas("bpf_map_type", "BPF_MAP_TYPE_TASK_STORAGE");
  return features;
}

Status TryTrampoline(const KernelTypes& types, const std::string& function, bool exit) {
  QuietLog quiet;
  const auto attach_type = exit ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY;
  const std::uint32_t id = types.FunctionId(function);
  if (id == 0) return Fail("this kernel has no function " + function + " to trace");
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach_type,
              .attach_btf_id = id);
  UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "nezuban_try", "GPL", kReturnZero.data(),
                                 kReturnZero.size(), &options));
  if (!program.valid())
    return Fail((exit ? "load fexit/" : "load fentry/") + function + ": " + ErrnoText(errno));
  UniqueFd link(bpf_raw_tracepoint_open(nullptr, program.get()));
  if (!link.valid())
    return Fail((exit ? "attach fexit/" : "attach fentry/") + function + ": " + ErrnoText(errno));
  return {};
}

Status TryKprobe(const std::string& function, bool exit) {
  const int type = PerfEventType("kprobe");
  if (type < 0) return Fail("this kernel has no kprobes");
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = static_cast<__u32>(type);
  attributes.config1 = reinterpret_cast<std::uintptr_t>(function.c_str());
  if (exit) {
    const int bit = KprobeReturnBit();
    if (bit < 0) return Fail("this kernel has no kretprobes");
    attributes.config |= std::uint64_t{1} << bit;
  }
  UniqueFd event(static_cast<int>(
      ::syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event.valid()) return Fail("kprobe on " + function + ": " + ErrnoText(errno));
  return {};
}

}  // namespace nezuban::probe
