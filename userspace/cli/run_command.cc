// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.h"

#include <CLI/CLI.hpp>

#include "cli/config_options.h"
#include "daemon/daemon.h"

namespace nezuban::cli {

void AddRunCommand(CLI::App& app, int* exit_code) {
  CLI::App* run = app.add_subcommand("run", "Watch this node and tell what the rules match");
  const auto options = AddConfigOptions(*run);
  run->callback([options, exit_code] {
    daemon::Config config;
    *exit_code = BuildConfig(*options, config) ? daemon::RunDaemon(config) : 1;
  });
}

}  // namespace nezuban::cli
