// SPDX-License-Identifier: Apache-2.0
#include "cli/config_options.h"

#include <algorithm>
#include <cstdio>

namespace nezuban::cli {
namespace {

std::string FlagOf(const daemon::ConfigKey& key) {
  std::string flag = "--" + std::string(key.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

}  // namespace

std::shared_ptr<ConfigOptions> AddConfigOptions(CLI::App& command,
                                                std::span<const std::string_view> keys) {
  auto options = std::make_shared<ConfigOptions>();
  command.add_option("--config", options->config_file, "nezuban.yaml; flags win over it")
      ->type_name("PATH");
  const daemon::Config standard_config;
  for (const daemon::ConfigKey& key : daemon::ConfigKeys()) {
    if (!keys.empty() && std::ranges::find(keys, key.name) == keys.end()) continue;
    auto& values = options->values[std::string(key.name)];
    const std::string standard = key.shown(standard_config);
    const bool reloads = key.reload != nullptr && keys.empty();  // others end before any change
    const std::string doc = std::string(key.doc) +
                            (standard.empty() ? "" : " Default: " + standard + ".") +
                            (reloads ? " Taken over at SIGHUP." : "");
    CLI::Option* option = command.add_option(FlagOf(key), values, doc);
    option->type_name(std::string(key.argument))->expected(1);
    if (key.repeatable) option->expected(1, -1)->allow_extra_args(false);
    option->multi_option_policy(key.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                               : CLI::MultiOptionPolicy::TakeLast);
  }
  return options;
}

bool BuildConfig(const ConfigOptions& options, Watched watched, daemon::Config& config) {
  Diagnostics diagnostics;
  if (!options.config_file.empty()) {
    daemon::LoadConfig(options.config_file, config, diagnostics);
  }
  for (const daemon::ConfigKey& key : daemon::ConfigKeys()) {
    const auto given = options.values.find(std::string(key.name));
    if (given == options.values.end() || given->second.empty()) continue;
    config.given[std::string(key.name)] = given->second;
    const std::string problem = key.set(config, given->second);
    if (!problem.empty()) diagnostics.Error({}, FlagOf(key) + ": " + problem);
  }
  std::string problem = daemon::CheckConfig(config);
  if (problem.empty() && watched == Watched::kThisNode) problem = daemon::CheckSources(config);
  if (!problem.empty() && !diagnostics.has_errors()) diagnostics.Error({}, problem);
  std::fputs(diagnostics.ToString().c_str(), stderr);
  return !diagnostics.has_errors();
}

}  // namespace nezuban::cli
