// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <array>

#include "cli/doctor_command.h"
#include "cli/rules_command.h"
#include "cli/run_command.h"
#include "cli/status_command.h"
#include "cli/tables_command.h"
#include "cli/watch_command.h"

namespace {

// In the order of `nezuban --help`. Each adds its subcommand, with a callback that sets the exit
// code.
constexpr std::array kCommands = {
    nezuban::cli::AddRunCommand,   nezuban::cli::AddWatchCommand,  nezuban::cli::AddStatusCommand,
    nezuban::cli::AddRulesCommand, nezuban::cli::AddTablesCommand, nezuban::cli::AddDoctorCommand,
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Nezuban: runtime security for the nodes of a Kubernetes cluster", "nezuban");
  app.set_version_flag("--version", NEZUBAN_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 fine, 1 bad input, 2 cannot run here.");
  int exit_code = 0;
  for (const auto& add : kCommands) add(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 1;
  }
  return exit_code;
}
