// SPDX-License-Identifier: Apache-2.0
// AdminBoard: answers what administrators ask of the daemon.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/pipeline.h"
#include "daemon/reloader.h"
#include "rpc/admin.h"

namespace nezuban::daemon {

// Thread-safe. Serves before the pipeline is there and after it went: then it says so.
class AdminBoard {
 public:
  // REQUIRES: the loader outlives it.
  explicit AdminBoard(const RuleLoader& loader) : loader_(loader) {}

  // They must live until Disconnect, which waits for what is being answered.
  void Connect(Pipeline* pipeline, Reloader* reloader);
  // Closes the watches.
  void Disconnect();

  // REQUIRES: this outlives them.
  rpc::AdminCalls Calls();

  Result<std::vector<rpc::LoadedRule>> ListRules();
  // As they are: what the config says of the priority of rules or switches off counts here too.
  rpc::CheckedRules CheckRules(const std::vector<rpc::RuleFile>& files,
                               const std::function<bool()>& stop) const;
  Result<rpc::ReloadedRules> ReloadRules();
  Result<std::vector<state::Container>> ListContainers();
  Status WatchEvents(const std::shared_ptr<rpc::EventWatch>& watch);
  void ForgetClosed();

 private:
  Status SetWatchesLocked(Detector::Watches watches);

  const RuleLoader& loader_;
  std::mutex mutex_;  // guards the pointers, also while they are used
  Pipeline* pipeline_ = nullptr;
  Reloader* reloader_ = nullptr;
  Detector::Watches watches_;  // that the detector has
};

}  // namespace nezuban::daemon
