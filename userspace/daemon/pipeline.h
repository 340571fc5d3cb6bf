// SPDX-License-Identifier: Apache-2.0
// The ingest thread's work: records → events → enriched → matched → alerts → sinks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "alert/sink.h"
#include "base/result.h"
#include "daemon/sequence.h"
#include "probe/source.h"
#include "ruleset/ruleset.h"
#include "state/container_table.h"
#include "state/enricher.h"
#include "state/process_table.h"

namespace nezuban::daemon {

// Written by the ingest thread, read by any.
struct PipelineCounters {
  std::array<std::atomic<std::uint64_t>, NR_EVENTS> decoded{};
  std::array<std::atomic<std::uint64_t>, NR_EVENTS> malformed{};  // of that type, as far as it says
  std::atomic<std::uint64_t> malformed_unknown{0};                // not even a type could be read
  std::atomic<std::uint64_t> missing{0};  // numbered by the kernel side, never received
  std::atomic<std::uint64_t> alerts{0};
  std::atomic<std::uint64_t> processes{0};
  std::atomic<std::uint64_t> processes_evicted{0};
  std::atomic<std::uint64_t> containers{0};
  std::atomic<std::uint64_t> containers_unmarked{0};  // refused by mark_container
  std::atomic<std::uint64_t> heals{0};                // scans of /proc after lost records
};

class Pipeline {
 public:
  struct Options {
    ruleset::NodeIdentity node;
    filter::RuleMatching rule_matching = filter::RuleMatching::kAll;
    std::string cgroup_root;  // mount of cgroup2; empty: none
    std::string proc_root;    // a procfs with the kernel side's process ids; empty: none
    state::ProcessTableLimits processes;
    // Tells the kernel side of a container's cgroup that only user space recognised. Called by the
    // ingest thread: must not wait, nor write a log. Failures are counted here.
    std::function<bool(const state::CgroupOfContainer&)> mark_container;
  };

  // REQUIRES: the source and the sinks outlive the pipeline.
  Pipeline(probe::EventSource& source, std::shared_ptr<const ruleset::Ruleset> rules,
           std::vector<alert::Sink*> sinks, Options options);

  // Reads one record per process that is there; see probe::ProbeSource::Snapshot.
  using SnapshotReader = std::function<Result<std::size_t>(const probe::RecordHandler&)>;

  // Learns the cgroups and processes that are there already. Call once, before Run, when the
  // sensors are attached: what happens meanwhile waits in the ring buffers. Error: one of the three
  // sources (cgroup2, the iterator, procfs) cannot be read.
  Status LearnWhatIsThere(const SnapshotReader& read_snapshot);

  // Handles events until `stop` is requested. Error: the source can give no more.
  Status Run(const std::stop_token& stop);

  const PipelineCounters& counters() const { return counters_; }

 private:
  void Handle(std::span<const std::byte> record) noexcept;
  void Publish(alert::Alert alert);
  void Mark(const std::vector<state::CgroupOfContainer>& cgroups);
  void DoEverySecond();
  void HealAfterLoss();

  probe::EventSource& source_;
  const std::shared_ptr<const ruleset::Ruleset> rules_;
  const std::vector<alert::Sink*> sinks_;
  const Options options_;
  ruleset::Matching matching_;
  state::ProcessTable processes_;
  state::ContainerTable containers_;
  state::Enricher enricher_;
  SequenceTracker sequence_;
  PipelineCounters counters_;
  const ruleset::Ruleset::AlertHandler on_alert_;  // made once: no allocation per event
  std::uint64_t lost_at_last_alert_ = 0;
  std::uint64_t vital_drops_healed_ = 0;
  std::uint64_t seconds_ = 0;
};

}  // namespace nezuban::daemon
