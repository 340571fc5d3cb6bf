// SPDX-License-Identifier: Apache-2.0
// RuleLoader: loads the daemon's rules, again and again, and knows which are loaded.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "base/diagnostics.h"
#include "daemon/config.h"
#include "rpc/node_status.h"
#include "ruleset/ruleset.h"

namespace nezuban::daemon {

// The rules a config asks for. nullptr: `diagnostics` has an error.
std::shared_ptr<const ruleset::Ruleset> LoadRules(const Config& config, Diagnostics& diagnostics);

// What the config says of rules.
ruleset::LoadOptions LoadOptionsOf(const Config& config);

// status(), options() and SetConfig from any thread; the rest from one.
class RuleLoader {
 public:
  explicit RuleLoader(Config config) : config_(std::move(config)) {}

  // For the next Load.
  void SetConfig(Config config);
  // What is loaded next is loaded with these.
  ruleset::LoadOptions options() const;

  // Reads and compiles the files of the config. Every problem goes to `diagnostics`, and to
  // standard error in the form compilers use. nullptr if there was an error: then what was loaded
  // before stays loaded, and status() tells the first problem.
  std::shared_ptr<const ruleset::Ruleset> Load(Diagnostics& diagnostics);

  // Events are judged by `rules`, which Load gave, from now on: status() tells of them.
  void Taken(const ruleset::Ruleset& rules);

  rpc::RulesStatus status() const;

 private:
  mutable std::mutex mutex_;  // guards both
  Config config_;
  rpc::RulesStatus status_;
};

}  // namespace nezuban::daemon
