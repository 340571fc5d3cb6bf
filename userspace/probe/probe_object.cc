// SPDX-License-Identifier: Apache-2.0
#include "probe/probe_object.h"

#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "probe/libbpf_log.h"
#include "probes.skel.h"

namespace nezuban::probe {
namespace {

// Only what the verifier says of a refusal, not the log of each instruction (BPF_LOG_STATS): that
// one takes hundreds of megabytes, and libbpf verifies again with ever larger buffers to get it.
constexpr std::uint32_t kLogReasons = 4;

std::uint32_t RingSize(std::uint32_t bytes) {
  const auto page = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  return std::bit_ceil(std::max(bytes, page));
}

ProgramNames Needed(std::span<const SensorRow* const> rows) {
  ProgramNames names = {"on_snapshot"};
  for (const SensorRow* row : rows) {
    if (NeedsDispatcher(*row)) names.insert({"on_sys_exit", "on_socketcall"});
    for (const ProgramRow& program : row->programs) names.insert(program.name);
  }
  return names;
}

std::uint32_t SensorOf(SensorKind kind) {
  return kind == SensorKind::kObject ? SENSOR_OBJECT : SENSOR_TRACEPOINT;
}

// Of the programs to load. `rows`: those that serve in the end.
void SetUp(probes& object, std::span<const SensorRow* const> rows, const LoadOptions& options) {
  bpf_program* program = nullptr;
  // Into libbpf's own buffer: it prints no other.
  bpf_object__for_each_program(program, object.obj)
      bpf_program__set_log_level(program, kLogReasons);
  const bool task_helpers = options.features.task_helpers;
  object.rodata->has_task_helpers = task_helpers ? 1 : 0;
  for (const SensorRow* row : rows) object.rodata->event_sensors[row->event] = SensorOf(row->kind);
  object.rodata->flood_rate = options.flood_rate;
  object.rodata->flood_burst = options.flood_burst;
  bpf_map__set_autocreate(object.maps.task_origins, task_helpers);
  bpf_map__set_autocreate(object.maps.task_origins_by_id, !task_helpers);
  bpf_map__set_max_entries(object.maps.ring_vital, RingSize(options.vital_bytes));
  bpf_map__set_max_entries(object.maps.ring_bulk, RingSize(options.bulk_bytes));
}

// The programs loaded are the object's, in its order, that are among `names`.
void MarkTaken(const probes& object, const ProgramNames& names, const std::string& until,
               ProgramNames& taken) {
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.obj) {
    const std::string name = bpf_program__name(program);
    if (name == until) return;
    if (names.contains(name)) taken.insert(name);
  }
}

ProbeObject Load(const ProgramNames& names, std::span<const SensorRow* const> rows,
                 const LoadOptions& options, ProgramNames& taken, LoadFailure& failure) {
  QuietLog quiet;
  // Named, or what a kernel does not have is looked for in its modules' types too: nobody may list
  // those without CAP_SYS_ADMIN, and the load would end there.
  LIBBPF_OPTS(bpf_object_open_opts, open, .btf_custom_path = "/sys/kernel/btf/vmlinux");
  ProbeObject object(probes__open_opts(&open));
  if (!object) {
    failure = {"", {"open the sensors' object: " + ErrnoText(errno)}};
    return nullptr;
  }
  for (const std::string& name : names) {
    if (bpf_object__find_program_by_name(object->obj, name.c_str()) != nullptr) continue;
    failure = {"", {"no program '" + name + "' in the object"}};
    return nullptr;
  }
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object->obj)
      bpf_program__set_autoload(program, names.contains(bpf_program__name(program)));
  SetUp(*object, rows, options);
  if (const int error = probes__load(object.get()); error != 0) {
    const std::string detail = QuietLog::FirstWarning();
    failure = {QuietLog::RefusedProgram(),
               {"load the sensors into the kernel: " + ErrnoText(error) +
                (detail.empty() ? "" : " (" + detail + ")")}};
    if (!failure.program.empty()) MarkTaken(*object, names, failure.program, taken);
    return nullptr;
  }
  MarkTaken(*object, names, "", taken);
  return object;
}

}  // namespace

void ProbeObjectDeleter::operator()(probes* object) const { probes__destroy(object); }

bool NeedsDispatcher(const SensorRow& row) {
  return std::any_of(row.programs.begin(), row.programs.end(), [](const ProgramRow& program) {
    return program.attachment == Attachment::kSyscallExit;
  });
}

ProbeObject LoadObject(std::span<const SensorRow* const> rows, const LoadOptions& options,
                       ProgramNames& taken, LoadFailure& failure) {
  return Load(Needed(rows), rows, options, taken, failure);
}

bool TryPrograms(std::span<const SensorRow* const> rows, const LoadOptions& options,
                 ProgramNames& taken, LoadFailure& failure) {
  ProgramNames untried = Needed(rows);
  std::erase_if(untried, [&](const std::string& name) { return taken.contains(name); });
  return untried.empty() || Load(untried, rows, options, taken, failure) != nullptr;
}

}  // namespace nezuban::probe
