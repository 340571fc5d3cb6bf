// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/admin_board.h"
#include "daemon/health.h"
#include "daemon/metadata.h"
#include "daemon/node.h"
#include "daemon/reloader.h"
#include "daemon/rule_loader.h"
#include "daemon/rule_watcher.h"
#include "daemon/sink_set.h"
#include "daemon/status.h"
#include "daemon/systemd.h"
#include "metrics/exposition.h"
#include "metrics/http_server.h"
#include "rpc/server.h"
#include "sinks/stdout_sink.h"
#include "store/store.h"

namespace nezuban::daemon {
namespace {

// How long the sinks may still deliver when the monitor stops.
constexpr std::chrono::seconds kSinkGrace{2};

sinks::NodeNames Names(const Config& config) {
  return {ThisNode(config).hostname, "", "", NEZUBAN_VERSION};
}

// Metrics, health and the watchdog, from when the node is watched on.
struct Operations {
  std::unique_ptr<Health> health;
  std::unique_ptr<metrics::HttpServer> http;  // may be null

  static Result<Operations> Start(const Config& config, const StatusBoard& board,
                                  const rpc::Server& server, const PipelineCounters& counters);
};

std::uint64_t EventsDecoded(const PipelineCounters& counters) {
  std::uint64_t all = 0;
  for (const auto& count : counters.decoded) all += count;
  return all;
}

Result<Operations> Operations::Start(const Config& config, const StatusBoard& board,
                                     const rpc::Server& server, const PipelineCounters& counters) {
  Health::Options options;
  if (const auto interval = WatchdogInterval()) {
    options.beat_every = std::chrono::duration_cast<std::chrono::milliseconds>(*interval / 3);
    options.beat = [] { NotifySystemd("WATCHDOG=1"); };
  }
  Operations operations;
  operations.health =
      std::make_unique<Health>([&counters] { return EventsDecoded(counters); }, std::move(options));
  if (config.metrics == "none") return operations;
  auto http = metrics::HttpServer::Start(
      config.metrics, {[&board, &server] {
                         rpc::NodeStatus status = board.Read();
                         Fill(server.counters(), status);
                         return metrics::Exposition(status);
                       },
                       [health = operations.health.get()] { return health->Problem(); },
                       [] { return std::string(); }});
  if (http) {
    operations.http = *std::move(http);
    return operations;
  }
  if (config.metrics != Config().metrics) return tl::unexpected<Error>(http.error());
  spdlog::warn("{}; going on without", http.error().message);  // nobody asked for it
  return operations;
}

// Until it is told to stop. `reload` is called at SIGHUP.
void WaitForSignal(const sigset_t& signals, const std::function<void()>& reload) {
  while (true) {
    int signal = 0;
    if (::sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      reload();
      continue;
    }
    if (signal != SIGUSR1) spdlog::info("stopping: {}", ::strsignal(signal));
    return;
  }
}

Result<std::unique_ptr<RuleWatcher>> WatchRules(const Config& config) {
  if (!config.watch_rules) return std::unique_ptr<RuleWatcher>();
  return RuleWatcher::Start(RulesOrDefault(config.rules),
                            [main = ::pthread_self()] { ::pthread_kill(main, SIGHUP); });
}

// nullptr if the config names no file.
Result<std::unique_ptr<recording::Recorder>> Record(const Config& config,
                                                    std::shared_ptr<const Redactor> redactor) {
  if (config.record.empty()) return std::unique_ptr<recording::Recorder>();
  return CreateRecording(config.record, config, 0, std::move(redactor));
}

store::StoreOptions StoreOptions(const Config& config) {
  store::StoreOptions options;
  if (config.store != "memory") options.directory = config.store;
  options.max_bytes = config.store_max_bytes;
  options.max_age = config.store_max_age;
  options.sync_priority = config.store_sync;
  options.hostname = ThisNode(config).hostname;
  options.on_fault = [](std::string_view text) { spdlog::warn("{}", Printable(text)); };
  return options;
}

rpc::ServerOptions ServerOptions(const Config& config) {
  rpc::ServerOptions options;
  options.socket_path = config.socket;
  options.tcp_address = config.listen;
  if (!config.tls_certificate.empty()) {
    options.tls = {config.tls_certificate, config.tls_key, config.tls_client_ca};
  }
  options.tls_readers = config.tls_readers;
  options.tls_administrators = config.tls_administrators;
  return options;
}

// Whichever way serving ends, the boards ask nobody who is gone.
struct Disconnecting {
  StatusBoard& board;
  AdminBoard& admin;
  ~Disconnecting() {
    admin.Disconnect();
    board.Disconnect();
  }
};

Status Serve(const Config& config, RuleLoader& loader,
             const std::shared_ptr<const ruleset::Ruleset>& rules, const sigset_t& signals) {
  if (config.output != "none" && !sinks::CanWrite(STDOUT_FILENO))
    return Fail("standard output is closed: redirect it to where alerts go, or use --output none");
  ASSIGN_OR_RETURN(const auto redactor, MakeRedactor(config));
  StatusBoard board(ThisNode(config).hostname, loader);
  AdminBoard admin(config);
  // Before anything is attached: the socket's lock tells whether another monitor lives here.
  ASSIGN_OR_RETURN(auto lock, rpc::SocketLock::Acquire(config.socket));
  const std::int64_t blind_since_ns = WallClockNs();
  ASSIGN_OR_RETURN(const auto store, store::Store::Open(StoreOptions(config)));
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(
                       ServerOptions(config), *store, [&board] { return board.Read(); },
                       admin.Calls(), std::move(lock)));
  ASSIGN_OR_RETURN(const auto sink_set, SinkSet::Open(config, Names(config), *store));
  ASSIGN_OR_RETURN(const auto recorder, Record(config, redactor));
  ASSIGN_OR_RETURN(const auto watcher, WatchRules(config));
  ASSIGN_OR_RETURN(const auto source, OpenSensors(config));
  const probe::EventSet wanted = WantedEvents(*rules);
  source->SetEnabled(wanted);
  store->PublishBlindTime(blind_since_ns, WallClockNs());

  std::optional<sinks::StdoutSink> lines;
  std::vector<alert::Sink*> sinks = {store.get()};
  if (config.output != "none") {
    lines.emplace(STDOUT_FILENO,
                  config.output == "json" ? sinks::LineFormat::kJson : sinks::LineFormat::kText);
    sinks.push_back(&*lines);
  }

  Pipeline::Options options = PipelineOptions(config, *source, redactor);
  if (recorder) options.tap = [&recorder](const state::Item& item) { recorder->Append(item); };
  RuntimeLookup lookup(config, options.proc_root);
  options.lookup = &lookup;
  Pipeline pipeline(*source, rules, std::move(sinks), std::move(options));
  RETURN_IF_ERROR(pipeline.LearnWhatIsThere(
      [&source](const probe::RecordHandler& handler) { return source->Snapshot(handler); }));
  board.Connect(&pipeline.counters(), source.get(), lines ? &*lines : nullptr, sink_set.get());
  board.Connect(&lookup);
  Reloader reloader(loader, pipeline, *source, wanted);
  admin.Connect(&pipeline, &reloader);
  const Disconnecting disconnecting{board, admin};

  Ingest ingest(pipeline, ::pthread_self());
  ASSIGN_OR_RETURN(auto operations, Operations::Start(config, board, *server, pipeline.counters()));
  spdlog::info("watching with {} rules; gRPC on unix://{}", rules->enabled_count(), config.socket);
  NotifySystemd("READY=1");
  WaitForSignal(signals, [&] {
    sink_set->Reopen();
    reloader.Reload();
  });
  NotifySystemd("STOPPING=1");
  admin.Disconnect();
  operations.http.reset();  // asks the other
  operations.health.reset();
  Status result = ingest.Stop();
  store->Close();
  sink_set->Stop(kSinkGrace);
  board.Disconnect();
  server->Stop();
  if (recorder) {
    const Status recorded = FinishRecording(config.record, *recorder);
    if (result) result = recorded;
  }
  return result;
}

}  // namespace

int RunDaemon(const Config& config) {
  SetUpLog(config);
  const sigset_t signals = BlockSignals();
  RuleLoader loader(config);
  Diagnostics diagnostics;
  const auto rules = loader.Load(diagnostics);
  if (!rules) return 1;
  loader.Taken(*rules);
  const Status served = Serve(config, loader, rules, signals);
  if (!served) return Report(served.error());
  spdlog::info("stopped");
  return 0;
}

}  // namespace nezuban::daemon
