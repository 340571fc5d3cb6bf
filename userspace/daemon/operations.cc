// SPDX-License-Identifier: Apache-2.0
#include "daemon/operations.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "base/clock.h"
#include "daemon/systemd.h"
#include "metrics/exposition.h"
#include "probe/self_test.h"

namespace nezuban::daemon {

Operations::~Operations() {
  http_.reset();  // asks the other
  watched_.board.ConnectHealth(nullptr);
}

// What is dropped is one only as long as somebody takes what is not: a ring buffer that nobody
// empties drops all.
Health::Counts Operations::SignsOfLife() {
  const std::uint64_t items = watched_.counters.items;
  if (items != std::exchange(items_, items)) {
    watched_.watching();
    const probe::SourceCounters kernel = watched_.source.Counters();
    for (std::size_t type = 0; type < NR_EVENTS; ++type) dropped_[type] = kernel[type].AllDropped();
  }
  Health::Counts counts = dropped_;
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    counts[type] += watched_.counters.self_test[type];
  }
  return counts;
}

void Operations::Tell(const std::string& problem) const {
  alert::Alert alert;
  alert.time_ns = WallClockNs();
  alert.id = "health-" + std::to_string(alert.time_ns);
  alert.rule = "Sensors deliver nothing";
  alert.priority = problem.empty() ? alert::Priority::kNotice : alert::Priority::kCritical;
  alert.source = "nezuban";
  alert.event_type = "health";
  alert.message = problem.empty() ? "the self-test's events reach the rules again" : problem;
  alert.tags = {"health", "nezuban"};
  if (problem.empty()) {
    spdlog::info("{}", alert.message);
  } else {
    spdlog::error("{}", alert.message);
  }
  watched_.tell(std::move(alert));
}

void Operations::BeginSelfTests() {
  Health::Options options;
  if (const auto interval = WatchdogInterval()) {
    options.beat_every = std::chrono::duration_cast<std::chrono::milliseconds>(*interval / 3);
    options.beat = [] { NotifySystemd("WATCHDOG=1"); };
  }
  options.on_change = [this](const std::string& problem) { Tell(problem); };
  const auto test = [this] {
    const auto events = probe::Testable(watched_.reloader.wanted(), watched_.source.sensors());
    return probe::RunSelfTest(events);
  };
  health_ = std::make_unique<Health>(
      test, [this] { return SignsOfLife(); }, std::move(options));
  watched_.board.ConnectHealth(health_.get());
}

Result<std::unique_ptr<Operations>> Operations::Start(const Config& config, Watched watched) {
  std::unique_ptr<Operations> operations(new Operations(std::move(watched)));
  operations->BeginSelfTests();
  if (config.metrics == "none") return operations;
  const Operations& self = *operations;
  const auto exposition = [&self] {
    rpc::NodeStatus status = self.watched_.board.Read();
    Fill(self.watched_.server.counters(), status);
    return metrics::Exposition(status);
  };
  auto http = metrics::HttpServer::Start(
      config.metrics,
      {exposition, [&self] { return self.health_->Problem(); }, [] { return std::string(); }});
  if (http) {
    operations->http_ = *std::move(http);
    return operations;
  }
  if (config.metrics != Config().metrics) return tl::unexpected<Error>(http.error());
  spdlog::warn("{}; going on without", http.error().message);  // nobody asked for it
  return operations;
}

}  // namespace nezuban::daemon
