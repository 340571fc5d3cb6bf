// SPDX-License-Identifier: Apache-2.0
// The kernel as a source of records: chooses, loads, proves and reads the sensors.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "event/owned_record.h"
#include "probe/libbpf_log.h"
#include "probe/loaded_probes.h"
#include "probe/pace.h"
#include "probe/proof.h"
#include "probe/sensors.h"
#include "probe/source.h"

namespace nezuban::probe {

struct ProbeOptions {
  SensorChoice sensors = SensorChoice::kAuto;
  std::map<event::EventType, SensorChoice>
      sensors_of;  // where an event's is another than `sensors`
  // The others get no sensor; process life and cgroups always do.
  EventSet events = EventSet().set();
  std::uint32_t vital_bytes = 4u << 20;  // of the ring buffers, rounded up to a power of two
  std::uint32_t bulk_bytes = 8u << 20;
  bool leave_out_self = true;  // the caller's own acts give no record
  // Records of the bulk lane one cgroup may make, a second and at once; a rate of 0: any number.
  std::uint32_t flood_rate = 50'000;
  std::uint32_t flood_burst = 10'000;
  // Without it sensors are believed once they attach. REQUIRES: leave_out_self, by which the kernel
  // side tells the proof's fork.
  bool prove = true;
};

// Thread rule: Counters, OriginLosses, SetEnabled and the two for containers from any thread; the
// rest from the one that polls. Destroying it detaches everything; so does any end of the process.
class ProbeSource : public EventSource {
 public:
  // Attaches the best sensors that work here. An error (exit code 2) says in one sentence what is
  // missing; nothing is attached then. Takes some 100 ms, up to seconds where sensors must be
  // replaced.
  static Result<std::unique_ptr<ProbeSource>> Open(const ProbeOptions& options);
  ~ProbeSource() override;

  Result<std::size_t> Poll(std::chrono::milliseconds timeout,
                           const RecordHandler& handler) override;
  SourceCounters Counters() const override { return probes_->Counters(); }
  std::vector<Flood> Floods() const override { return probes_->Floods(); }

  // Origins that could not be kept in the kernel: from the first on, records may say
  // RECORD_ORIGIN_UNKNOWN.
  std::uint64_t OriginLosses() const { return probes_->OriginLosses(); }

  // See LoadedProbes.
  std::map<std::string, std::uint32_t> VerifiedInstructions() const {
    return probes_->VerifiedInstructions();
  }

  // One exec_record (header.sensor SENSOR_SNAPSHOT; seq means nothing) per process there is, in
  // order of pid. Also fixes the origin of every task now inside a marked container: mark first.
  // The build machine's kernel leaves out pid 1; merge with /proc.
  Result<std::size_t> Snapshot(const RecordHandler& handler) { return probes_->Snapshot(handler); }

  // Tells the kernel side of a container that was there before it: `cgroup_id` is the container's
  // own cgroup or one below it. What the kernel side has learned itself is not overwritten.
  Status MarkContainer(std::uint64_t cgroup_id, std::uint64_t container_cgroup_id) {
    return probes_->MarkContainer(cgroup_id, container_cgroup_id);
  }
  void UnmarkContainer(std::uint64_t cgroup_id) { probes_->UnmarkContainer(cgroup_id); }
  // How many cgroups the kernel side holds for containers'; approximate while they come and go.
  std::size_t ContainerCgroups() const { return probes_->ContainerCgroups(); }

  // Which events the kernel side delivers; all of them at first. Exec, fork, exit and cgroup always
  // come; the others are counted as filtered where not wanted, if their sensor runs at all then:
  // the dispatcher of system calls passes by what nobody wants.
  void SetEnabled(const EventSet& events);

  // One per event of the ABI, in its order.
  const std::vector<SensorStatus>& sensors() const { return sensors_; }

 private:
  ProbeSource() = default;

  Status Choose(const ProbeOptions& options);
  Status Prove(std::span<const SensorRow* const> rows, EventSet& proved, EventSet& attempted);
  std::size_t Drain(const RecordHandler& handler);
  bool Wait(std::chrono::microseconds longest);
  RingReader::Next Next();
  void CloseGap(const record_header& taken);
  std::size_t DeliverPending(const RecordHandler& handler);
  Status StartReading();

  std::unique_ptr<LoadedProbes> probes_;
  std::vector<RingReader> rings_;  // by lane
  UniqueFd epoll_;
  Pace pace_;
  std::deque<event::OwnedRecord> pending_;  // came while the sensors were proved
  std::vector<SensorStatus> sensors_;
};

}  // namespace nezuban::probe
