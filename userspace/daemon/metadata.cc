// SPDX-License-Identifier: Apache-2.0
#include "daemon/metadata.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/cgroup_mount.h"
#include "base/text.h"

namespace nezuban::daemon {

RuntimeLookup::RuntimeLookup(const Config& config, std::string proc_root)
    : names_({.read = [roots = state::NamesRoots{std::move(proc_root), config.host_root}](
                          const state::NamesWanted& wanted, const state::NamesVersion* known) {
        return state::ReadNames(wanted, roots, known);
      }}) {
  if (config.cri_socket == "none") return;
  client_.emplace(cri::ClientOptions{
      .socket = config.cri_socket,
      .host_root = config.host_root,
      .cgroup_root = Cgroup2Root(),
      .log = [](std::string_view line) { spdlog::info("{}", Printable(line)); }});
}

void RuntimeLookup::Begin(const state::ItemHandler& handler) { handler(names_.WaitFor({})); }

bool RuntimeLookup::LookUp(const state::Container& container) {
  return client_ && client_->LookUp(container);
}

void RuntimeLookup::LookUpNames(const state::NamesWanted& wanted) { names_.Ask(wanted); }

void RuntimeLookup::Drain(const state::ItemHandler& handler) {
  names_.Drain([&](state::NamesItem&& item) { handler(std::move(item)); });
  if (!client_) return;
  client_->Drain(
      [&](state::Container&& container) { handler(state::ContainerItem{std::move(container)}); });
}

bool RuntimeLookup::busy() const { return names_.busy() || (client_ && client_->busy()); }

cri::ClientCounters RuntimeLookup::counters() const {
  return client_ ? client_->counters() : cri::ClientCounters();
}

NamesCounters RuntimeLookup::names_counters() const { return names_.counters(); }

}  // namespace nezuban::daemon
