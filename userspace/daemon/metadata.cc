// SPDX-License-Identifier: Apache-2.0
#include "daemon/metadata.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/cgroup_mount.h"
#include "base/text.h"
#include "daemon/node.h"

namespace nezuban::daemon {
namespace {

std::string ApiServerUrl(const Config& config) {
  return config.api_server == "in-cluster" ? kube::InClusterUrl() : config.api_server;
}

}  // namespace

RuntimeLookup::RuntimeLookup(const Config& config, std::string proc_root)
    : names_({.read = [roots = state::NamesRoots{std::move(proc_root), config.host_root}](
                          const state::NamesWanted& wanted, const state::NamesVersion* known) {
        return state::ReadNames(wanted, roots, known);
      }}) {
  const auto log = [](std::string_view line) { spdlog::info("{}", Printable(line)); };
  if (const std::string warning = WarnOfSources(config); !warning.empty()) {
    spdlog::warn("{}", warning);
  }
  if (config.api_server != "none") {
    cluster_.emplace(kube::ClientOptions{
        .endpoint = {ApiServerUrl(config), config.api_server_ca, config.api_server_token},
        .node = ThisNode(config).node,
        .user_agent = "nezuban/" NEZUBAN_VERSION,
        .log = log});
  }
  if (config.cri_socket == "none") return;
  client_.emplace(cri::ClientOptions{.socket = config.cri_socket,
                                     .host_root = config.host_root,
                                     .cgroup_root = Cgroup2Root(),
                                     .log = log});
}

void RuntimeLookup::Begin(const state::ItemHandler& handler) {
  handler(names_.WaitFor({}));
  if (cluster_) handler(state::ClusterItem{});
}

bool RuntimeLookup::LookUp(const state::Container& container) {
  return client_ && client_->LookUp(container);
}

void RuntimeLookup::LookUpNames(const state::NamesWanted& wanted) { names_.Ask(wanted); }

void RuntimeLookup::Drain(const state::ItemHandler& handler) {
  names_.Drain([&](state::NamesItem&& item) { handler(std::move(item)); });
  if (client_) {
    client_->Drain([&](state::Container&& container) {
      const std::string& uid = container.metadata.pod.uid;
      if (cluster_ && !uid.empty()) cluster_->Ask(uid);
      handler(state::ContainerItem{std::move(container)});
    });
  }
  if (cluster_) cluster_->Drain([&](state::ClusterItem&& item) { handler(std::move(item)); });
}

bool RuntimeLookup::busy() const {
  return names_.busy() || (client_ && client_->busy()) || (cluster_ && cluster_->busy());
}

cri::ClientCounters RuntimeLookup::counters() const {
  return client_ ? client_->counters() : cri::ClientCounters();
}

std::optional<kube::ClientCounters> RuntimeLookup::cluster_counters() const {
  if (!cluster_) return std::nullopt;
  return cluster_->counters();
}

NamesCounters RuntimeLookup::names_counters() const { return names_.counters(); }

}  // namespace nezuban::daemon
