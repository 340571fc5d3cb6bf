// SPDX-License-Identifier: Apache-2.0
// AdminBoard: answers what administrators ask of the daemon.
#pragma once

#include <mutex>

#include "daemon/config.h"
#include "daemon/pipeline.h"
#include "daemon/reloader.h"
#include "rpc/admin.h"

namespace nezuban::daemon {

// Thread-safe. Serves before the pipeline is there and after it went: then it says so.
class AdminBoard {
 public:
  // REQUIRES: the config outlives it.
  explicit AdminBoard(const Config& config) : config_(config) {}

  // They must live until Disconnect, which waits for what is being answered.
  void Connect(Pipeline* pipeline, Reloader* reloader);
  void Disconnect() { Connect(nullptr, nullptr); }

  // REQUIRES: this outlives them.
  rpc::AdminCalls Calls();

  Result<std::vector<rpc::LoadedRule>> ListRules();
  // As they are: what the config says of the priority of rules or switches off counts here too.
  rpc::CheckedRules CheckRules(const std::vector<rpc::RuleFile>& files) const;
  Result<rpc::ReloadedRules> ReloadRules();
  Result<std::vector<state::Container>> ListContainers();

 private:
  const Config& config_;
  std::mutex mutex_;  // guards the pointers, also while they are used
  Pipeline* pipeline_ = nullptr;
  Reloader* reloader_ = nullptr;
};

}  // namespace nezuban::daemon
