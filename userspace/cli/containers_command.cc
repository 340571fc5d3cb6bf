// SPDX-License-Identifier: Apache-2.0
#include "cli/containers_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "alert/alert.h"
#include "alert/json.h"
#include "base/text.h"
#include "cli/client_options.h"
#include "rpc/admin_client.h"

namespace nezuban::cli {
namespace {

struct ContainersOptions {
  rpc::Endpoint endpoint;
  bool json = false;
};

std::string Line(const state::Container& c) {
  const state::ContainerMetadata& m = c.metadata;
  const std::string pod = m.pod.name.empty() ? "" : m.pod.ns + "/" + m.pod.name + " ";
  const std::string image = m.image.empty() ? "" : " (" + m.image + ")";
  return Printable(c.id + "  " + c.runtime + "  " + pod + m.name + image) +
         (m.privileged.value_or(false) ? "  privileged" : "") + "\n";
}

std::string JsonLine(const state::Container& c) {
  const state::ContainerMetadata& m = c.metadata;
  alert::Json json;
  json.Open('{').Key("id").String(c.full_id).Key("runtime").String(c.runtime);
  json.Key("name").String(m.name).Key("image").String(m.image);
  json.Key("pod").String(m.pod.name).Key("namespace").String(m.pod.ns);
  json.Key("pod_uid").String(m.pod.uid).Key("cgroup").String(c.cgroup_path);
  json.Key("told").Bool(m.state == state::MetadataState::kComplete).Key("privileged");
  m.privileged ? json.Bool(*m.privileged) : json.Null();
  json.Key("start_time");
  m.start_ns != 0 ? json.String(alert::FormatTime(m.start_ns)) : json.Null();
  return json.Close('}').Take() + "\n";
}

int ListContainers(const ContainersOptions& options) {
  constexpr std::chrono::seconds kTimeout{10};
  auto client = rpc::AdminClient::Create(options.endpoint);
  auto containers =
      client ? client->ListContainers(kTimeout)
             : Result<std::vector<state::Container>>(tl::unexpected<Error>(client.error()));
  if (!containers) {
    std::fprintf(stderr, "nezuban containers: %s\n", Printable(containers.error().message).c_str());
    return containers.error().exit_code;
  }
  std::ranges::sort(*containers, {}, [](const auto& c) {
    return std::tie(c.metadata.pod.ns, c.metadata.pod.name, c.metadata.name, c.full_id);
  });
  std::string text;
  for (const auto& container : *containers) {
    text += options.json ? JsonLine(container) : Line(container);
  }
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return 2;
  return 0;
}

}  // namespace

void AddContainersCommand(CLI::App& app, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("containers", "The containers that a running monitor knows");
  auto options = std::make_shared<ContainersOptions>();
  AddClientOptions(*command, options->endpoint);
  command->add_flag("--json", options->json, "One JSON object a line for each");
  command->callback([options, exit_code] { *exit_code = ListContainers(*options); });
}

}  // namespace nezuban::cli
