// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/admin_board.h"
#include "daemon/cut_off.h"
#include "daemon/metadata.h"
#include "daemon/node.h"
#include "daemon/operations.h"
#include "daemon/reloader.h"
#include "daemon/rule_loader.h"
#include "daemon/rule_watcher.h"
#include "daemon/sink_set.h"
#include "daemon/status.h"
#include "daemon/systemd.h"
#include "rpc/server.h"
#include "sinks/stdout_sink.h"
#include "store/store.h"

namespace nezuban::daemon {
namespace {

// How long the sinks may still deliver when the monitor stops.
constexpr std::chrono::seconds kSinkGrace{2};

sinks::NodeNames Names(const ruleset::NodeIdentity& node) {
  return {node.hostname, node.node, node.cluster, NEZUBAN_VERSION};
}

Result<std::unique_ptr<RuleWatcher>> WatchRules(const Config& config) {
  if (!config.watch_rules) return std::unique_ptr<RuleWatcher>();
  return RuleWatcher::Start(RulesOrDefault(config.rules),
                            [main = ::pthread_self()] { ::pthread_kill(main, SIGHUP); });
}

store::StoreOptions StoreOptions(const Config& config, const ruleset::NodeIdentity& node) {
  store::StoreOptions options;
  if (config.store != "memory") options.directory = config.store;
  options.max_bytes = config.store_max_bytes;
  options.max_age = config.store_max_age;
  options.sync_priority = config.store_sync;
  options.hostname = node.hostname;
  options.node = node.node;
  options.cluster = node.cluster;
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

// All that runs. In the order in which it begins; it ends the other way round.
class Monitor {
 public:
  Monitor(Config config, const ConfigReader& read_again)
      : config_(std::move(config)),
        read_again_(read_again),
        node_(ThisNode(config_)),
        loader_(config_),
        board_(node_, loader_),
        admin_(loader_) {}
  // Whichever way it ends, the boards ask nobody who is gone.
  ~Monitor() { Disconnect(); }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // Every problem is on standard error by then.
  bool LoadRules();
  // What alerts go to, and who may ask.
  Status Serve();
  // The sensors, and what judges their events.
  Status Watch();
  // Until it is told to stop.
  void Wait(const sigset_t& signals);
  Status Stop();

 private:
  Status OpenRecording();
  Pipeline::Options Options();
  std::vector<alert::Sink*> Sinks();
  void TellOfItself(alert::Alert alert);
  void TellOfTheOneBefore();
  void TakeOverConfig();
  void Reload();
  void Disconnect();

  Config config_;
  const ConfigReader& read_again_;
  const ruleset::NodeIdentity node_;
  bool untaken_ = false;  // something of the configuration could not be taken over yet
  RuleLoader loader_;
  std::shared_ptr<const ruleset::Ruleset> rules_;
  std::shared_ptr<const Redactor> redactor_;
  StatusBoard board_;
  AdminBoard admin_;
  std::int64_t blind_since_ns_ = 0;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<SinkSet> sink_set_;
  std::unique_ptr<recording::Recorder> recorder_;  // may be null
  std::unique_ptr<RuleWatcher> watcher_;           // may be null
  std::unique_ptr<probe::ProbeSource> source_;
  std::optional<sinks::StdoutSink> lines_;
  std::optional<RuntimeLookup> lookup_;
  std::optional<Pipeline> pipeline_;
  std::optional<Reloader> reloader_;
  std::optional<Ingest> ingest_;
  std::unique_ptr<Operations> operations_;
};

bool Monitor::LoadRules() {
  Diagnostics diagnostics;
  rules_ = loader_.Load(diagnostics);
  if (rules_ != nullptr) loader_.Taken(*rules_);
  return rules_ != nullptr;
}

Status Monitor::Serve() {
  if (config_.output != "none" && !sinks::CanWrite(STDOUT_FILENO))
    return Fail("standard output is closed: redirect it to where alerts go, or use --output none");
  ASSIGN_OR_RETURN(redactor_, MakeRedactor(config_));
  // Before anything is attached: the socket's lock tells whether another monitor lives here.
  ASSIGN_OR_RETURN(auto lock, rpc::SocketLock::Acquire(config_.socket));
  blind_since_ns_ = WallClockNs();
  ASSIGN_OR_RETURN(store_, store::Store::Open(StoreOptions(config_, node_)));
  store_->Watching(blind_since_ns_);  // not before the sensors are there
  ASSIGN_OR_RETURN(server_, rpc::Server::Start(
                                ServerOptions(config_), *store_, [this] { return board_.Read(); },
                                admin_.Calls(), std::move(lock)));
  ASSIGN_OR_RETURN(sink_set_, SinkSet::Open(config_, Names(node_), *store_));
  RETURN_IF_ERROR(OpenRecording());
  ASSIGN_OR_RETURN(watcher_, WatchRules(config_));
  return {};
}

Status Monitor::OpenRecording() {
  if (config_.record.empty()) return {};
  ASSIGN_OR_RETURN(recorder_, CreateRecording(config_.record, config_, 0, redactor_));
  return {};
}

Pipeline::Options Monitor::Options() {
  Pipeline::Options options = PipelineOptions(config_, *source_, redactor_);
  if (recorder_) options.tap = [this](const state::Item& item) { recorder_->Append(item); };
  lookup_.emplace(config_, options.proc_root);
  options.lookup = &*lookup_;
  return options;
}

std::vector<alert::Sink*> Monitor::Sinks() {
  std::vector<alert::Sink*> sinks = {store_.get()};
  if (config_.output == "none") return sinks;
  const auto format =
      config_.output == "json" ? sinks::LineFormat::kJson : sinks::LineFormat::kText;
  lines_.emplace(STDOUT_FILENO, format);
  sinks.push_back(&*lines_);
  return sinks;
}

Status Monitor::Watch() {
  ASSIGN_OR_RETURN(source_, OpenSensors(config_));
  const probe::EventSet wanted = WantedEvents(*rules_);
  source_->SetEnabled(wanted);
  store_->PublishBlindTime(blind_since_ns_, WallClockNs());
  pipeline_.emplace(*source_, rules_, Sinks(), Options());
  RETURN_IF_ERROR(pipeline_->LearnWhatIsThere(
      [this](const probe::RecordHandler& handler) { return source_->Snapshot(handler); }));
  board_.Connect(&pipeline_->counters(), source_.get(), lines_ ? &*lines_ : nullptr,
                 sink_set_.get());
  board_.Connect(&*lookup_);
  reloader_.emplace(loader_, *pipeline_, *source_, wanted);
  admin_.Connect(&*pipeline_, &*reloader_);
  ingest_.emplace(*pipeline_, ::pthread_self());
  Operations::Watched watched{board_,
                              *server_,
                              *source_,
                              pipeline_->counters(),
                              *reloader_,
                              [this](alert::Alert alert) { TellOfItself(std::move(alert)); },
                              [this] { store_->Watching(WallClockNs()); }};
  ASSIGN_OR_RETURN(operations_, Operations::Start(config_, std::move(watched)));
  TellOfTheOneBefore();
  spdlog::info("watching with {} rules; gRPC on unix://{}", rules_->enabled_count(),
               config_.socket);
  return {};
}

void Monitor::TellOfItself(alert::Alert alert) {
  alert.hostname = node_.hostname;
  alert.node = node_.node;
  alert.cluster = node_.cluster;
  const auto told = std::make_shared<const alert::Alert>(std::move(alert));
  store_->Publish(told);
  if (lines_) lines_->Publish(told);
}

void Monitor::TellOfTheOneBefore() {
  const auto cut_off = store_->cut_off();
  if (!cut_off) return;
  alert::Alert alert = CutOffAlert(*cut_off, WallClockNs());
  spdlog::warn("{}", alert.message);
  TellOfItself(std::move(alert));
  store_->ForgetCutOff();
}

void Monitor::Wait(const sigset_t& signals) {
  while (true) {
    int signal = 0;
    if (::sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      Reload();
      continue;
    }
    if (signal != SIGUSR1) spdlog::info("stopping: {}", ::strsignal(signal));
    return;
  }
}

void Monitor::TakeOverConfig() {
  const auto next = read_again_();
  if (!next) {
    spdlog::error("the configuration is not taken over; what it was stays");
    return;
  }
  const ConfigChanges changes = TakeOver(*next, config_);
  for (const std::string& key : changes.need_restart) {
    spdlog::warn("{} has changed: that takes a restart", key);
  }
  if (changes.taken.empty() && !untaken_) return;
  untaken_ = false;
  for (const std::string& key : changes.taken) spdlog::info("{} has changed: taken over", key);
  SetLogLevel(config_);
  loader_.SetConfig(config_);
  server_->SetAccess(config_.tls_readers, config_.tls_administrators);
  constexpr std::chrono::seconds kPatience{5};
  const auto set = [this](Detector& detector) { detector.SetNoise(NoiseOf(config_)); };
  if (!pipeline_->Look(set, kPatience)) {
    untaken_ = true;
    spdlog::error("too busy to take over limits of alerts: the next SIGHUP tries again");
  }
  if (auto watcher = WatchRules(config_)) {
    watcher_ = *std::move(watcher);
  } else {
    untaken_ = true;
    spdlog::error("{}; what was watched still is", watcher.error().message);
  }
}

void Monitor::Reload() {
  sink_set_->Reopen();
  TakeOverConfig();
  reloader_->Reload();
}

void Monitor::Disconnect() {
  admin_.Disconnect();
  board_.Disconnect();
}

Status Monitor::Stop() {
  admin_.Disconnect();
  operations_.reset();
  Status result = ingest_->Stop();
  store_->Close();
  sink_set_->Stop(kSinkGrace);
  board_.Disconnect();
  server_->Stop();
  if (recorder_) {
    const Status recorded = FinishRecording(config_.record, *recorder_);
    if (result) result = recorded;
  }
  return result;
}

Status Run(Monitor& monitor, const sigset_t& signals) {
  RETURN_IF_ERROR(monitor.Serve());
  RETURN_IF_ERROR(monitor.Watch());
  ReleaseUnusedMemory();
  NotifySystemd("READY=1");
  monitor.Wait(signals);
  NotifySystemd("STOPPING=1");
  return monitor.Stop();
}

}  // namespace

int RunDaemon(Config config, const ConfigReader& read_again) {
  SetUpLog(config);
  const sigset_t signals = BlockSignals();
  Monitor monitor(std::move(config), read_again);
  if (!monitor.LoadRules()) return 1;
  const Status served = Run(monitor, signals);
  if (!served) return Report(served.error());
  spdlog::info("stopped");
  return 0;
}

}  // namespace nezuban::daemon
