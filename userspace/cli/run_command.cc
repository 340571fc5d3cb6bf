// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/config.h"
#include "daemon/daemon.h"

namespace nezuban::cli {
namespace {

// What was given on the command line, by config key.
struct RunOptions {
  std::string config_file;
  std::map<std::string, std::vector<std::string>> values;
};

std::string FlagOf(const daemon::ConfigKey& key) {
  std::string flag = "--" + std::string(key.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

// The file first, flags after it: flags win. False after printing every problem.
bool BuildConfig(const RunOptions& options, daemon::Config& config) {
  Diagnostics diagnostics;
  if (!options.config_file.empty()) {
    daemon::LoadConfig(options.config_file, config, diagnostics);
  }
  for (const daemon::ConfigKey& key : daemon::ConfigKeys()) {
    const auto given = options.values.find(std::string(key.name));
    if (given == options.values.end() || given->second.empty()) continue;
    const std::string problem = key.set(config, given->second);
    if (!problem.empty()) diagnostics.Error({}, FlagOf(key) + ": " + problem);
  }
  std::fputs(diagnostics.ToString().c_str(), stderr);
  return !diagnostics.has_errors();
}

}  // namespace

void AddRunCommand(CLI::App& app, int* exit_code) {
  CLI::App* run = app.add_subcommand("run", "Watch this node and tell what the rules match");
  auto options = std::make_shared<RunOptions>();
  run->add_option("--config", options->config_file, "nezuban.yaml; flags win over it")
      ->type_name("PATH");
  for (const daemon::ConfigKey& key : daemon::ConfigKeys()) {
    auto& values = options->values[std::string(key.name)];
    CLI::Option* option = run->add_option(FlagOf(key), values, std::string(key.doc));
    option->type_name(std::string(key.argument))->expected(1);
    if (key.repeatable) option->expected(1, -1)->allow_extra_args(false);
    option->multi_option_policy(key.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                               : CLI::MultiOptionPolicy::TakeLast);
  }
  run->callback([options, exit_code] {
    daemon::Config config;
    *exit_code = BuildConfig(*options, config) ? daemon::RunDaemon(config) : 1;
  });
}

}  // namespace nezuban::cli
