// SPDX-License-Identifier: Apache-2.0
#include "daemon/metadata.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/cgroup_mount.h"
#include "base/text.h"

namespace nezuban::daemon {

RuntimeLookup::RuntimeLookup(const Config& config) {
  if (config.cri_socket == "none") return;
  client_.emplace(cri::ClientOptions{
      .socket = config.cri_socket,
      .host_root = config.host_root,
      .cgroup_root = Cgroup2Root(),
      .log = [](std::string_view line) { spdlog::info("{}", Printable(line)); }});
}

bool RuntimeLookup::LookUp(const state::Container& container) {
  return client_ && client_->LookUp(container);
}

void RuntimeLookup::Drain(const state::ItemHandler& handler) {
  if (!client_) return;
  client_->Drain(
      [&](state::Container&& container) { handler(state::ContainerItem{std::move(container)}); });
}

bool RuntimeLookup::busy() const { return client_ && client_->busy(); }

cri::ClientCounters RuntimeLookup::counters() const {
  return client_ ? client_->counters() : cri::ClientCounters();
}

}  // namespace nezuban::daemon
