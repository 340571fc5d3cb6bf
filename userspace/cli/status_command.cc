// SPDX-License-Identifier: Apache-2.0
#include "cli/status_command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "base/text.h"
#include "cli/client_options.h"
#include "cli/status_text.h"
#include "rpc/client.h"

namespace nezuban::cli {
namespace {

struct StatusOptions {
  rpc::Endpoint endpoint;
  bool json = false;
  bool healthy = false;
};

int ShowStatus(const StatusOptions& options) {
  constexpr std::chrono::milliseconds kTimeout{5000};
  auto client = rpc::Client::Create(options.endpoint);
  const auto status = client ? client->GetStatus(kTimeout)
                             : Result<rpc::NodeStatus>(tl::unexpected<Error>(client.error()));
  if (!status) {
    std::fprintf(stderr, "nezuban status: %s\n", Printable(status.error().message).c_str());
    return status.error().exit_code;
  }
  const std::string text = options.json ? StatusJson(*status) + "\n" : StatusText(*status);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return 2;
  return options.healthy && !status->problem.empty() ? 2 : 0;
}

}  // namespace

void AddStatusCommand(CLI::App& app, int* exit_code) {
  CLI::App* status = app.add_subcommand("status", "What a running monitor sees and what it lost");
  auto options = std::make_shared<StatusOptions>();
  AddClientOptions(*status, options->endpoint);
  status->add_flag("--json", options->json, "One JSON object");
  status->add_flag("--healthy", options->healthy,
                   "Exit with 2 if the events of the self-test do not come through");
  status->callback([options, exit_code] { *exit_code = ShowStatus(*options); });
}

}  // namespace nezuban::cli
