// SPDX-License-Identifier: Apache-2.0
// The sinks of the configuration, each with its worker.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "alert/sink.h"
#include "base/result.h"
#include "daemon/config.h"
#include "rpc/node_status.h"
#include "sinks/memory_source.h"
#include "sinks/worker.h"

namespace nezuban::daemon {

// Thread-safe but for Open.
class SinkSet {
 public:
  // Error: one of them could never work. A peer that is down is none.
  static Result<std::unique_ptr<SinkSet>> Open(const Config& config, const sinks::NodeNames& names);

  // Where the alerts for them have to be published; they live as long as this.
  std::vector<alert::Sink*> inlets() const;
  // After SIGHUP: files are opened again.
  void Reopen();
  // Delivers what is there, for at most `grace` in all.
  void Stop(std::chrono::milliseconds grace);

  std::vector<rpc::SinkStatus> Status() const;

 private:
  std::vector<std::unique_ptr<sinks::MemoryQueue>> queues_;
  std::vector<std::unique_ptr<sinks::Worker>> workers_;  // before their queues go
};

}  // namespace nezuban::daemon
