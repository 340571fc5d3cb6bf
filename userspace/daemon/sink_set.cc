// SPDX-License-Identifier: Apache-2.0
#include "daemon/sink_set.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "sinks/store_source.h"
#include "sinks/types.h"

namespace nezuban::daemon {

Result<std::unique_ptr<SinkSet>> SinkSet::Open(const Config& config, const sinks::NodeNames& names,
                                               store::Store& store) {
  auto set = std::make_unique<SinkSet>();
  for (const sinks::SinkOptions& options : config.sinks) {
    ASSIGN_OR_RETURN(auto destination, sinks::Open(options, names));
    auto reader = store.OpenReader(std::string(store::kSinkPrefix) + options.name,
                                   {store::Start::At::kNewest});
    if (!reader) return Fail("sink " + options.name, reader.error());
    set->workers_.push_back(std::make_unique<sinks::Worker>(
        options, std::make_unique<sinks::StoreSource>(*std::move(reader)), std::move(destination),
        [](bool good, const std::string& line) {
          spdlog::log(good ? spdlog::level::info : spdlog::level::warn, "{}", line);
        }));
  }
  return set;
}

void SinkSet::Reopen() {
  for (const auto& worker : workers_) worker->Reopen();
}

void SinkSet::Stop(std::chrono::milliseconds grace) {
  for (const auto& worker : workers_) worker->RequestStop(grace);
  for (const auto& worker : workers_) worker->Stop(grace);
}

std::vector<rpc::SinkStatus> SinkSet::Status() const {
  std::vector<rpc::SinkStatus> all;
  for (const auto& worker : workers_) {
    const sinks::SinkCounters counters = worker->counters();
    all.push_back({worker->options().name, worker->options().type, counters.sent, counters.filtered,
                   counters.retried, counters.refused, counters.lost, counters.position,
                   counters.problem});
  }
  return all;
}

}  // namespace nezuban::daemon
