// SPDX-License-Identifier: Apache-2.0
// What the daemon tells of itself, put together from those who count.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "daemon/health.h"
#include "daemon/metadata.h"
#include "daemon/pipeline.h"
#include "daemon/rule_loader.h"
#include "daemon/sink_set.h"
#include "probe/probe_source.h"
#include "rpc/node_status.h"

namespace nezuban::daemon {

// Thread-safe. Serves before the sensors are there and after they went.
class StatusBoard {
 public:
  // REQUIRES: the loader outlives it.
  StatusBoard(const ruleset::NodeIdentity& node, const RuleLoader& rules);

  // From now on their counters are told, until Disconnect; they must live until then.
  // `lines` may be null: nothing is written to standard output.
  void Connect(const PipelineCounters* pipeline, const probe::ProbeSource* source,
               const alert::Sink* lines, const SinkSet* sinks);
  // The same for what the container runtime is asked.
  void Connect(const RuntimeLookup* lookup);
  // The same for the self-test.
  void ConnectHealth(const Health* health);
  void Disconnect();

  rpc::NodeStatus Read() const;

 private:
  void ReadMetadata(rpc::NodeStatus& status) const;
  void ReadApiServer(rpc::NodeStatus& status) const;
  void ReadEvents(rpc::NodeStatus& status) const;

  const RuleLoader& rules_;
  rpc::NodeStatus fixed_;
  mutable std::mutex mutex_;  // guards the pointers, also while they are read through
  const PipelineCounters* pipeline_ = nullptr;
  const probe::ProbeSource* source_ = nullptr;
  const alert::Sink* lines_ = nullptr;
  const SinkSet* sinks_ = nullptr;
  const RuntimeLookup* lookup_ = nullptr;
  const Health* health_ = nullptr;
};

// Sensors as the service tells them.
std::vector<rpc::SensorStatus> ToStatus(const std::vector<probe::SensorStatus>& sensors);

}  // namespace nezuban::daemon
