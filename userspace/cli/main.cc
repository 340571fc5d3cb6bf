// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/containers_command.h"
#include "cli/doctor_command.h"
#include "cli/record_command.h"
#include "cli/replay_command.h"
#include "cli/rules_command.h"
#include "cli/run_command.h"
#include "cli/status_command.h"
#include "cli/tables_command.h"
#include "cli/watch_command.h"

namespace {

// In the order of `nezuban --help`. Each adds its subcommand, with a callback that sets the exit
// code.
constexpr std::array kCommands = {
    nezuban::cli::AddRunCommand,    nezuban::cli::AddWatchCommand,
    nezuban::cli::AddStatusCommand, nezuban::cli::AddContainersCommand,
    nezuban::cli::AddRulesCommand,  nezuban::cli::AddTablesCommand,
    nezuban::cli::AddDoctorCommand, nezuban::cli::AddRecordCommand,
    nezuban::cli::AddReplayCommand,
};

// What we open next would otherwise take the number of a standard stream that was closed: alerts
// went into the socket's lock file, the log into a map of the kernel's. The stand-in can be neither
// read nor written, so it fails as the closed one does, and is there even where /dev is not.
void OccupyStandardStreams(int, char**, char**) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/", O_PATH | O_DIRECTORY);
  }
}

// Before main: the constructors of shared libraries open descriptors too.
[[gnu::section(".preinit_array"), gnu::used]] void (*const occupy)(int, char**,
                                                                   char**) = OccupyStandardStreams;

// CLI11 says only that a subcommand is missing; what was written instead is worth a hint.
bool KnowsCommand(const CLI::App& app, std::string_view word) {
  if (word.empty() || word.front() == '-') return true;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return true;
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string hint = nezuban::NearestHint(word, views);
  std::fprintf(stderr, "nezuban: unknown command '%s'%s%s\n", nezuban::Printable(word).c_str(),
               hint.empty() ? "" : ", ", hint.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Nezuban: runtime security for the nodes of a Kubernetes cluster", "nezuban");
  app.set_version_flag("--version", NEZUBAN_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 fine, 1 bad input, 2 cannot run here.");
  int exit_code = 0;
  for (const auto& add : kCommands) add(app, &exit_code);
  if (argc > 1 && !KnowsCommand(app, argv[1])) return 1;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 1;
  }
  return exit_code;
}
