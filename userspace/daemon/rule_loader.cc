// SPDX-License-Identifier: Apache-2.0
#include "daemon/rule_loader.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/clock.h"
#include "base/text.h"

namespace nezuban::daemon {

std::shared_ptr<const ruleset::Ruleset> LoadRules(const Config& config, Diagnostics& diagnostics) {
  return ruleset::Ruleset::Load(RulesOrDefault(config.rules), diagnostics, LoadOptionsOf(config));
}

ruleset::LoadOptions LoadOptionsOf(const Config& config) {
  return {.least = config.priority,
          .selection = config.rule_selection,
          .append_output = config.append_output,
          .static_fields = config.static_fields};
}

std::shared_ptr<const ruleset::Ruleset> RuleLoader::Load(Diagnostics& diagnostics) {
  const Config config = [this] {
    const std::lock_guard lock(mutex_);
    return config_;
  }();
  auto rules = LoadRules(config, diagnostics);
  std::fputs(diagnostics.Explain(WantsColour(STDERR_FILENO)).c_str(), stderr);
  const std::lock_guard lock(mutex_);
  if (rules == nullptr) {
    const auto first =
        std::ranges::find(diagnostics.all(), Severity::kError, &Diagnostic::severity);
    status_.error = first != diagnostics.all().end() ? Printable(ToString(*first)) : "no rules";
    status_.error_time_ns = WallClockNs();
    return nullptr;
  }
  status_.error.clear();
  status_.error_time_ns = 0;
  return rules;
}

void RuleLoader::SetConfig(Config config) {
  const std::lock_guard lock(mutex_);
  config_ = std::move(config);
}

ruleset::LoadOptions RuleLoader::options() const {
  const std::lock_guard lock(mutex_);
  return LoadOptionsOf(config_);
}

void RuleLoader::Taken(const ruleset::Ruleset& rules) {
  const std::lock_guard lock(mutex_);
  ++status_.generation;
  status_.version = rules.version();
  status_.loaded_time_ns = WallClockNs();
  status_.count = static_cast<std::uint32_t>(rules.enabled_count());
}

rpc::RulesStatus RuleLoader::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace nezuban::daemon
