// SPDX-License-Identifier: Apache-2.0
#include "state/enricher.h"

#include <ctime>
#include <limits>

#include "state/cgroupfs.h"

namespace nezuban::state {
namespace {

std::int64_t Now(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Enricher::Enricher(ProcessTable& processes, ContainerTable& containers)
    : processes_(processes), containers_(containers) {
  AnchorWallClock();
}

void Enricher::AnchorWallClock() {
  // The wall clock is read between two readings of the other; the tightest of a few pairs is the
  // one least disturbed by preemption.
  std::int64_t narrowest = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 5; ++i) {
    const std::int64_t before = Now(CLOCK_BOOTTIME);
    const std::int64_t wall = Now(CLOCK_REALTIME);
    const std::int64_t width = Now(CLOCK_BOOTTIME) - before;
    if (width >= narrowest) continue;
    narrowest = width;
    wall_offset_ns_ = wall - (before + width / 2);
  }
}

std::uint64_t Enricher::OriginOf(const record_header& header, const Container* current) const {
  if (header.origin_cgroup_id != 0) return header.origin_cgroup_id;
  // The kernel side did not know this cgroup for a container when the task entered it.
  return current != nullptr ? current->cgroup_id : 0;
}

EnrichedEvent Enricher::Apply(const event::Event& event) {
  if (const auto* cgroup = event.As<cgroup_record>()) containers_.Apply(event, *cgroup);
  const record_header& header = event.header();
  const Container* current = containers_.Find(header.cgroup_id);
  const Process& process = processes_.Apply(event, OriginOf(header, current));

  const Container* origin = nullptr;
  if (process.origin_cgroup_id != 0) {
    origin = containers_.Find(process.origin_cgroup_id);
  } else if ((header.flags & RECORD_ORIGIN_UNKNOWN) == 0) {
    origin = &containers_.host();
  }
  return {event, &process, current, origin, processes_, wall_offset_ns_};
}

void Enricher::Merge(std::vector<ProcfsProcess> found, const std::string& cgroup_root) {
  for (ProcfsProcess& process : found) {
    if (!cgroup_root.empty() && !process.cgroup_path.empty()) {
      process.cgroup_id = CgroupIdOf(cgroup_root, process.cgroup_path);
      const Container* container = containers_.Find(process.cgroup_id);
      if (container != nullptr) process.origin_cgroup_id = container->cgroup_id;
    }
    processes_.Merge(process);
  }
}

}  // namespace nezuban::state
