// SPDX-License-Identifier: Apache-2.0
// The ingest thread's work: what the node tells → items → detector → alerts → sinks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "alert/sink.h"
#include "base/result.h"
#include "daemon/cgroup_v1.h"
#include "daemon/detector.h"
#include "daemon/findings.h"
#include "probe/source.h"
#include "ruleset/ruleset.h"
#include "state/survey.h"

namespace nezuban::daemon {

// Learns about containers beside the ingest thread, which calls all of this and is never kept
// waiting.
class ContainerLookup {
 public:
  virtual ~ContainerLookup() = default;

  // Tells what is known of the node itself. Once, before the rest; may take a second.
  virtual void Begin(const state::ItemHandler& /*handler*/) {}

  // Begins to read what a container, or the node, calls its users: one NamesItem comes of it.
  virtual void LookUpNames(const state::NamesWanted& wanted) = 0;

  // Begins to look for a container. True: something may come of it soon, so that it is worth
  // waiting for.
  virtual bool LookUp(const state::Container& container) = 0;

  // Hands over what was learned since the last call.
  virtual void Drain(const state::ItemHandler& handler) = 0;

  // Something is being looked for.
  virtual bool busy() const = 0;
};

class Pipeline {
 public:
  struct Options {
    DetectorOptions detector;
    std::string cgroup_root;  // mount of cgroup2; empty: none
    std::string proc_root;    // a procfs with the kernel side's process ids; empty: none
    bool cgroup_v1 = false;   // containers are told by that procfs alone; see CgroupV1
    // Tells the kernel side of a container's cgroup that only user space recognised. Called by the
    // ingest thread: must not wait, nor write a log. Failures are counted here.
    std::function<bool(const state::CgroupOfContainer&)> mark_container;
    // Who tells more of containers than the kernel does; nullptr: nobody. Must outlive the
    // pipeline.
    ContainerLookup* lookup = nullptr;
    // Shown every item before the detector is; may be empty. Must not wait.
    state::ItemHandler tap;
  };

  // REQUIRES: the source and the sinks outlive the pipeline.
  Pipeline(probe::EventSource& source, std::shared_ptr<const ruleset::Ruleset> rules,
           std::vector<alert::Sink*> sinks, Options options);

  // Reads one record per process that is there; see probe::ProbeSource::Snapshot.
  using SnapshotReader = std::function<Result<std::size_t>(const probe::RecordHandler&)>;

  // Learns the cgroups and processes that are there already. Call once, before Run, when the
  // sensors are attached: what happens meanwhile waits in the ring buffers. Error: one of the three
  // sources (cgroup2, the iterator, procfs) cannot be read. The reader is called again, by the
  // ingest thread, after records of process life were lost.
  Status LearnWhatIsThere(SnapshotReader read_snapshot);

  // Handles events until `stop` is requested, then decides what is held. Error: the source can give
  // no more.
  Status Run(const std::stop_token& stop);

  // From the next event on: every event is asked by the old rules or by the new ones, none by both.
  // Gives the old ones back once no event is asked by them any more; nullptr if Run did not take
  // the new ones within `timeout`, or has ended: then it never will. Any thread but Run's; one at a
  // time.
  std::shared_ptr<const ruleset::Ruleset> SetRules(std::shared_ptr<const ruleset::Ruleset> rules,
                                                   std::chrono::milliseconds timeout);

  // Runs `look` on the ingest thread between two events, for a look at what only it may touch; it
  // must be done in milliseconds. False: Run did not come to it within `timeout`, or has ended, and
  // will not. Any thread but Run's.
  bool Look(const std::function<void(Detector&)>& look, std::chrono::milliseconds timeout);

  const PipelineCounters& counters() const { return detector_.counters(); }

 private:
  void Take(const state::Item& item) noexcept;
  void TakeNamed(const state::Item& item) noexcept;
  void LookUpRecognised();
  Status Watch(const std::stop_token& stop);
  void WaitFor(const std::atomic<bool>& pending, std::chrono::milliseconds timeout) const;
  void TakeRules();
  void AnchorIfDue();
  void BeLookedAt();
  void DoEverySecond();
  void TellLosses();
  void AddFloods(state::LossItem& item);
  Status TakeSnapshot(const state::ItemHandler& handler);
  void TakeFindings(std::uint64_t before_ns);
  void HealAfterLoss();

  probe::EventSource& source_;
  const Options options_;
  Detector detector_;
  const state::ItemHandler take_, take_named_;
  std::optional<CgroupV1> cgroup_v1_;
  probe::SourceCounters told_losses_{};
  std::unordered_map<std::uint64_t, std::uint64_t> told_floods_;  // by cgroup
  SnapshotReader read_snapshot_;
  Findings findings_;  // after losses
  std::uint64_t vital_drops_healed_ = 0;
  std::uint64_t seconds_ = 0;
  std::chrono::steady_clock::time_point next_anchor_{};
  std::chrono::steady_clock::time_point next_clock_look_{};
  std::int64_t anchored_ns_ = 0;  // the wall clock's distance, as it was last told
  std::atomic<bool> ended_{false};

  std::mutex rules_mutex_;  // the ingest thread only tries it
  std::shared_ptr<const ruleset::Ruleset> next_rules_;
  std::shared_ptr<const ruleset::Ruleset> old_rules_;
  std::atomic<bool> rules_pending_{false};
  std::shared_ptr<const ruleset::Ruleset> rules_;  // of the ingest thread

  std::mutex looker_mutex_;  // one Look after the other
  std::mutex look_mutex_;    // held while it looks; the ingest thread only tries it
  const std::function<void(Detector&)>* look_ = nullptr;
  std::atomic<bool> look_pending_{false};
};

}  // namespace nezuban::daemon
