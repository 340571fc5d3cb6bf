// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.h"

#include <CLI/CLI.hpp>
#include <optional>

#include "cli/config_options.h"
#include "daemon/daemon.h"

namespace nezuban::cli {

void AddRunCommand(CLI::App& app, int* exit_code) {
  CLI::App* run = app.add_subcommand("run", "Watch this node and tell what the rules match");
  const auto options = AddConfigOptions(*run);
  run->callback([options, exit_code] {
    const auto read = [options]() -> std::optional<daemon::Config> {
      daemon::Config config;
      if (!BuildConfig(*options, Watched::kThisNode, config)) return std::nullopt;
      return config;
    };
    const auto config = read();
    *exit_code = config ? daemon::RunDaemon(*config, read) : 1;
  });
}

}  // namespace nezuban::cli
