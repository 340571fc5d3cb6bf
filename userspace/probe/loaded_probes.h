// SPDX-License-Identifier: Apache-2.0
// The BPF object in the kernel: RAII over the skeleton, the attached programs and the mapped rings.
// Nothing is pinned, so that whatever ends the process detaches everything.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/probe_object.h"
#include "probe/ring.h"
#include "probe/sensors.h"
#include "probe/source.h"

struct bpf_link;
struct bpf_program;

namespace nezuban::probe {

class LoadedProbes {
 public:
  // Loads the programs of `rows` and attaches them, or gives nullptr and fills `failure`; nothing
  // stays behind then. `taken`: see LoadObject.
  static std::unique_ptr<LoadedProbes> Load(std::span<const SensorRow* const> rows,
                                            const LoadOptions& options, ProgramNames& taken,
                                            LoadFailure& failure);
  ~LoadedProbes();

  RingReader Ring(int lane) const { return rings_[static_cast<std::size_t>(lane)].Reader(); }
  int ring_fd(int lane) const;

  // Thread-safe.
  SourceCounters Counters() const;
  std::uint64_t OriginLosses() const;

  // How many instructions the verifier looked at, by program loaded. 0: this kernel does not say
  // (before 5.16).
  std::map<std::string, std::uint32_t> VerifiedInstructions() const;

  // Runs the task iterator: one SENSOR_SNAPSHOT record per process.
  Result<std::size_t> Snapshot(const RecordHandler& handler);

  // `wanted`: what the kernel side delivers; `wakes`: what wakes the reader, if that sleeps. System
  // calls of which no event is wanted are not looked at. One caller at a time.
  void SetEnabled(const EventSet& wanted, const EventSet& wakes);

  // Records the flood limit kept out, by cgroup; see EventSource::Floods. Thread-safe.
  std::vector<Flood> Floods() const;

  // READER_*, shared with the kernel side; see bpf/record.bpf.h.
  std::atomic_ref<std::uint32_t> reader_state() const;

  Status MarkContainer(std::uint64_t cgroup_id, std::uint64_t container_cgroup_id);
  void UnmarkContainer(std::uint64_t cgroup_id);
  std::size_t ContainerCgroups() const;

 private:
  LoadedProbes() = default;

  Status Prepare(const LoadOptions& options);
  Status AttachSnapshot();
  Status Attach(const SensorRow& row, bool first, std::string& refused);
  Status Attach(const ProgramRow& row, event::EventType event);
  Status PutIntoSlot(const bpf_program* program);
  Status AttachSyscalls(const ProgramRow& row, event::EventType event, int program_fd);
  void WatchOnly(const EventSet& events);
  Status AttachDispatcher(std::span<const SensorRow* const> rows);
  Status Keep(bpf_link* link, const std::string& what);
  Status TellOwnObjects();
  Result<bpf_program*> Find(const std::string& name) const;
  std::uint64_t RecursionMisses(const std::string& program) const;

  ProbeObject skeleton_;
  std::vector<bpf_link*> links_;
  bpf_link* snapshot_ = nullptr;  // among links_
  std::vector<RingMapping> rings_;
  std::vector<SensorRow> rows_;
  // A system call the dispatcher goes on from, and for which event.
  struct Watched {
    event::EventType event;
    bool compat;
    std::uint32_t number;
  };
  std::vector<Watched> watched_;
};

}  // namespace nezuban::probe
