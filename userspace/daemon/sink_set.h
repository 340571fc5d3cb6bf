// SPDX-License-Identifier: Apache-2.0
// The sinks of the configuration, each with its worker.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/result.h"
#include "daemon/config.h"
#include "rpc/node_status.h"
#include "sinks/worker.h"
#include "store/store.h"

namespace nezuban::daemon {

// Thread-safe but for Open.
class SinkSet {
 public:
  // Each goes on where it had been when it last ran; a new one begins with the next alert. Error:
  // one of them could never work. A peer that is down is none. REQUIRES: the store outlives it.
  static Result<std::unique_ptr<SinkSet>> Open(const Config& config, const sinks::NodeNames& names,
                                               store::Store& store);
  // Stops all at once.
  ~SinkSet() { Stop(std::chrono::milliseconds(0)); }

  // After SIGHUP: files are opened again.
  void Reopen();
  // Delivers what is there, for at most `grace` in all.
  void Stop(std::chrono::milliseconds grace);

  std::vector<rpc::SinkStatus> Status() const;

 private:
  std::vector<std::unique_ptr<sinks::Worker>> workers_;
};

}  // namespace nezuban::daemon
