// SPDX-License-Identifier: Apache-2.0
#include "daemon/admin_board.h"

#include <chrono>
#include <utility>

#include "event/event.h"

namespace nezuban::daemon {
namespace {

// The ingest thread is asked between two events, and at least every tenth of a second.
constexpr std::chrono::seconds kPatience{5};

tl::unexpected<Error> NotWatching() { return Fail("the monitor is starting or stopping"); }
tl::unexpected<Error> Busy() { return Fail("the monitor is too busy to answer"); }

std::vector<std::string> EventNamesOf(const ruleset::Rule& rule) {
  std::vector<std::string> names;
  const filter::EventNames& events = rule.program.events();
  for (std::size_t bit = 0; bit < events.size(); ++bit) {
    if (!events[bit]) continue;
    names.emplace_back(
        event::NameOf(static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8)));
  }
  return names;
}

// Without labels and mounts, which nobody asks for here and which can be large.
state::Container Outline(const state::Container& container) {
  state::Container outline;
  outline.full_id = container.full_id;
  outline.id = container.id;
  outline.runtime = container.runtime;
  outline.cgroup_id = container.cgroup_id;
  outline.cgroup_path = container.cgroup_path;
  const state::ContainerMetadata& metadata = container.metadata;
  outline.metadata.state = metadata.state;
  outline.metadata.name = metadata.name;
  outline.metadata.image = metadata.image;
  outline.metadata.privileged = metadata.privileged;
  outline.metadata.start_ns = metadata.start_ns;
  outline.metadata.pod.name = metadata.pod.name;
  outline.metadata.pod.ns = metadata.pod.ns;
  outline.metadata.pod.uid = metadata.pod.uid;
  return outline;
}

}  // namespace

void AdminBoard::Connect(Pipeline* pipeline, Reloader* reloader) {
  const std::lock_guard lock(mutex_);
  pipeline_ = pipeline;
  reloader_ = reloader;
}

void AdminBoard::Disconnect() {
  const std::lock_guard lock(mutex_);
  for (const auto& watch : watches_) watch->Close();
  watches_.clear();  // the detector keeps its own, as long as it lives
  pipeline_ = nullptr;
  reloader_ = nullptr;
}

rpc::AdminCalls AdminBoard::Calls() {
  return {[this] { return ListRules(); },
          [this](const std::vector<rpc::RuleFile>& files, const std::function<bool()>& stop) {
            return CheckRules(files, stop);
          },
          [this] { return ReloadRules(); },
          [this] { return ListContainers(); },
          [this](const std::shared_ptr<rpc::EventWatch>& watch) { return WatchEvents(watch); },
          [this] { ForgetClosed(); }};
}

Result<std::vector<rpc::LoadedRule>> AdminBoard::ListRules() {
  std::shared_ptr<const ruleset::Ruleset> rules;
  std::vector<std::uint64_t> alerts;
  {
    const std::lock_guard lock(mutex_);
    if (pipeline_ == nullptr) return NotWatching();
    const auto look = [&](Detector& detector) {
      rules = detector.rules();
      alerts.assign(detector.alerts_by_rule().begin(), detector.alerts_by_rule().end());
    };
    if (!pipeline_->Look(look, kPatience)) return Busy();
  }
  std::vector<rpc::LoadedRule> loaded;
  for (const ruleset::Rule& rule : rules->rules()) {
    const std::size_t index = loaded.size();
    loaded.push_back({rule.name, rule.priority, rule.tags, rule.enabled, rule.position,
                      index < alerts.size() ? alerts[index] : 0, rule.desc, EventNamesOf(rule)});
  }
  return loaded;
}

rpc::CheckedRules AdminBoard::CheckRules(const std::vector<rpc::RuleFile>& files,
                                         const std::function<bool()>& stop) const {
  std::vector<ruleset::Ruleset::File> texts;
  for (const rpc::RuleFile& file : files) texts.push_back({file.path, file.text});
  Diagnostics diagnostics;
  ruleset::LoadOptions options = loader_.options();
  bool given_up = false;
  options.stop = [&] { return given_up = given_up || stop(); };
  const auto rules = ruleset::Ruleset::FromFiles(texts, diagnostics, options);
  return {rules != nullptr,
          rules == nullptr ? 0 : static_cast<std::uint32_t>(rules->rules().size()),
          diagnostics.all(), 0, given_up};
}

// The kernel delivers what a watch asks for before it is offered anything, and until it is not.
Status AdminBoard::SetWatchesLocked(Detector::Watches watches) {
  const auto types_of = [](const Detector::Watches& some) {
    probe::EventSet types;
    for (const auto& watch : some) {
      for (std::size_t type = 0; type < NR_EVENTS; ++type) {
        if (watch->types()[type]) types[type] = true;
      }
    }
    return types;
  };
  reloader_->SetBesides(types_of(watches_) | types_of(watches));
  Detector::Watches before;
  const bool set = pipeline_->Look(
      [&](Detector& detector) { before = detector.SetWatches(watches); }, kPatience);
  if (set) watches_ = std::move(watches);
  reloader_->SetBesides(types_of(watches_));
  if (!set) return Busy();
  return {};
}

Status AdminBoard::WatchEvents(const std::shared_ptr<rpc::EventWatch>& watch) {
  constexpr std::size_t kMaxWatches = 4;
  const std::lock_guard lock(mutex_);
  if (pipeline_ == nullptr) return NotWatching();
  Detector::Watches watches = watches_;
  std::erase_if(watches, [](const auto& each) { return each->closed(); });
  if (watches.size() >= kMaxWatches) {
    return Fail("at most " + std::to_string(kMaxWatches) + " watch events at once", 1);
  }
  watches.push_back(watch);
  return SetWatchesLocked(std::move(watches));
}

void AdminBoard::ForgetClosed() {
  const std::lock_guard lock(mutex_);
  if (pipeline_ == nullptr) return;
  Detector::Watches watches = watches_;
  if (std::erase_if(watches, [](const auto& each) { return each->closed(); }) == 0) return;
  static_cast<void>(SetWatchesLocked(std::move(watches)));  // else it is tried again
}

Result<rpc::ReloadedRules> AdminBoard::ReloadRules() {
  const std::lock_guard lock(mutex_);
  if (reloader_ == nullptr) return NotWatching();
  const Reloaded reloaded = reloader_->Reload();
  return rpc::ReloadedRules{reloaded.loaded, reloaded.diagnostics.all(), 0, reloader_->status()};
}

Result<std::vector<state::Container>> AdminBoard::ListContainers() {
  std::vector<state::Container> containers;
  const std::lock_guard lock(mutex_);
  if (pipeline_ == nullptr) return NotWatching();
  const auto look = [&](Detector& detector) {
    containers.reserve(detector.containers().container_count());
    detector.containers().ForEach(
        [&](const state::Container& container) { containers.push_back(Outline(container)); });
  };
  if (!pipeline_->Look(look, kPatience)) return Busy();
  return containers;
}

}  // namespace nezuban::daemon
