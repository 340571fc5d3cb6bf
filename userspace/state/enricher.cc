// SPDX-License-Identifier: Apache-2.0
#include "state/enricher.h"

#include <ctime>
#include <limits>
#include <utility>
#include <variant>

#include "event/decode.h"

namespace nezuban::state {
namespace {

std::int64_t Now(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t ReadWallOffset() {
  // The wall clock is read between two readings of the other; the tightest of a few pairs is the
  // one least disturbed by preemption.
  std::int64_t narrowest = std::numeric_limits<std::int64_t>::max();
  std::int64_t offset = 0;
  for (int i = 0; i < 5; ++i) {
    const std::int64_t before = Now(CLOCK_BOOTTIME);
    const std::int64_t wall = Now(CLOCK_REALTIME);
    const std::int64_t width = Now(CLOCK_BOOTTIME) - before;
    if (width >= narrowest) continue;
    narrowest = width;
    offset = wall - (before + width / 2);
  }
  return offset;
}

Enricher::Enricher(ProcessTable& processes, ContainerTable& containers)
    : processes_(processes), containers_(containers) {}

std::uint64_t Enricher::OriginOf(const record_header& header, const Container* current) const {
  if (header.origin_cgroup_id != 0) return header.origin_cgroup_id;
  // The kernel side did not know this cgroup for a container when the task entered it.
  return current != nullptr ? current->cgroup_id : 0;
}

EnrichedEvent Enricher::Apply(const event::Event& event) {
  processes_.BeginHealing();
  return ApplyToTables(event);
}

EnrichedEvent Enricher::ApplyToTables(const event::Event& event) {
  if (const auto* cgroup = event.As<cgroup_record>()) containers_.Apply(event, *cgroup);
  if (const auto* fork = event.As<fork_record>()) containers_.Apply(event, *fork);
  const record_header& header = event.header();
  const Process& process =
      processes_.Apply(event, OriginOf(header, containers_.Find(header.cgroup_id)));
  AskForNames(event, process);
  return Context(event, process, process.origin_cgroup_id, processes_, wall_offset_ns_);
}

// When a process begins to be somebody, or something: it lives, and is inside of its container.
void Enricher::AskForNames(const event::Event& event, const Process& process) {
  const record_header& header = event.header();
  if (header.type != EVENT_EXEC && header.type != EVENT_CREDENTIALS) return;
  const Container* container = containers_.Find(header.cgroup_id);
  if (container == nullptr) return;
  NoteFirst(*container, process);
  if (!containers_.BeginNames(*container, header.euid, header.egid, header.time_ns)) return;
  if (container->is_host()) return containers_.AskForNames({});
  const KnownNames& known = containers_.NamesOf(*container);
  containers_.AskForNames({container->cgroup_id, known.first, known.mnt_ns});
}

// Any other but the first may have been given a root of its own by who wants others to read false
// names there. When the first has ended, the next must at least see the same mounts.
void Enricher::NoteFirst(const Container& container, const Process& process) {
  if (container.is_host()) return;
  const Process* oldest = &process;
  for (const Process* one = oldest; one != nullptr; one = processes_.Parent(*one)) {
    if (containers_.Find(one->cgroup_id) != &container) break;
    if (one->exit_ns == 0 && one->origin_cgroup_id == container.cgroup_id) oldest = one;
  }
  if (oldest->origin_cgroup_id != container.cgroup_id || oldest->exit_ns != 0) return;
  KnownNames& known = containers_.NamesOf(container);
  const Process* first = processes_.Find(known.first);
  const bool lives = first != nullptr && first->exit_ns == 0;
  // Not of a runtime's helper, the first in the cgroup before there was a root to see.
  if (lives && first->exec_in_container) known.first_mnt_ns = first->mnt_ns;
  if (lives && first->key.start_ns <= oldest->key.start_ns) return;
  if (!lives && known.mnt_ns == 0) known.mnt_ns = known.first_mnt_ns;
  known.first = oldest->key;
  if (known.first_mnt_ns == 0 && oldest->exec_in_container) known.first_mnt_ns = oldest->mnt_ns;
}

EnrichedEvent Enricher::Again(const event::Event& event, const Process& process,
                              const ProcessTable& processes, std::int64_t wall_offset_ns) const {
  std::uint64_t origin = process.origin_cgroup_id;
  if (origin == 0) origin = OriginOf(event.header(), containers_.Find(event.header().cgroup_id));
  return Context(event, process, origin, processes, wall_offset_ns);
}

EnrichedEvent Enricher::Context(const event::Event& event, const Process& process,
                                std::uint64_t origin_cgroup_id, const ProcessTable& processes,
                                std::int64_t wall_offset_ns) const {
  const record_header& header = event.header();
  const Container* current = containers_.Find(header.cgroup_id);
  const Container* origin = nullptr;
  if (origin_cgroup_id != 0) {
    origin = containers_.Find(origin_cgroup_id);
  } else if ((header.flags & RECORD_ORIGIN_UNKNOWN) == 0 && current != nullptr) {
    origin = &containers_.host();  // else where it is now may turn out to be its origin
  }
  return {event,
          &process,
          current,
          origin,
          processes,
          wall_offset_ns,
          &containers_.host(),
          containers_.FindInner(header.cgroup_id)};
}

void Enricher::Learn(const Item& item) {
  std::visit([this](const auto& one) { LearnFrom(one); }, item);
}

void Enricher::LearnFrom(const SnapshotItem& item) {
  if (const auto event = event::Decode(item.bytes)) ApplyToTables(*event);
}

void Enricher::LearnFrom(const CgroupItem& item) { containers_.AddFound(item.cgroup); }

void Enricher::LearnFrom(const ProcessItem& item) {
  ProcfsProcess process = item.process;
  const Container* container = containers_.Find(process.cgroup_id);
  process.origin_cgroup_id = container != nullptr ? container->cgroup_id : 0;
  const Process& merged = processes_.Merge(process);
  if (container != nullptr) NoteFirst(*container, merged);
}

void Enricher::LearnFrom(const LivingItem& item) {
  processes_.EndMissing(item.tgids, item.as_of_ns);
}

void Enricher::LearnFrom(const ContainerItem& item) { containers_.Set(item.container); }

void Enricher::LearnFrom(const ClusterItem& item) { containers_.SetCluster(item); }

void Enricher::LearnFrom(const NamesItem& item) { containers_.SetNames(item); }

}  // namespace nezuban::state
