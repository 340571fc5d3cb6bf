// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "daemon/pipeline.h"
#include "daemon/status.h"
#include "fields/convert.h"
#include "probe/probe_source.h"
#include "rpc/server.h"
#include "ruleset/ruleset.h"
#include "sinks/stdout_sink.h"
#include "state/cgroupfs.h"

namespace nezuban::daemon {
namespace {

void SetUpLog(const Config& config) {
  auto log = spdlog::stderr_color_mt("nezuban");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  log->set_level(spdlog::level::from_str(config.log_level));
  spdlog::set_default_logger(std::move(log));
  probe::SetLogger([](std::string_view level, std::string_view line) {
    spdlog::log(level == "warn" ? spdlog::level::warn : spdlog::level::debug, "libbpf: {}",
                Printable(line));
  });
}

// Blocked in every thread, taken by sigwait in main: nothing runs inside a signal handler, and a
// signal during load is answered once loading is done or has failed.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

ruleset::NodeIdentity Identity(const Config& config) {
  ruleset::NodeIdentity node = ruleset::ThisNode();
  if (!config.hostname.empty()) node.hostname = config.hostname;
  return node;
}

std::string CgroupRoot() {
  std::ifstream file("/proc/self/mountinfo");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto root = state::FindCgroup2Root(text);
  if (!root) {
    spdlog::warn(
        "no cgroup2 file system is mounted here: containers that were there before the monitor "
        "are not known");
  }
  return root.value_or("");
}

// Records have the initial pid namespace's ids. Taking those of another for them would give
// processes the names of others, and end living ones as missing.
std::string ProcRoot() {
  struct stat own {};
  if (::stat("/proc/self/ns/pid", &own) != 0 || own.st_ino == fields::kHostPidNs) return "/proc";
  spdlog::warn(
      "not in the node's pid namespace: processes that were there before the monitor are not "
      "known; start it on the host, or in a pod with hostPID: true");
  return {};
}

int Report(const Error& error) {
  spdlog::error("{}", error.message);
  return error.exit_code;
}

// Every problem on standard error, in the form compilers use; nullptr if there was an error.
std::shared_ptr<const ruleset::Ruleset> LoadRules(const Config& config) {
  Diagnostics diagnostics;
  auto rules =
      ruleset::Ruleset::Load(config.rules.empty() ? DefaultRules() : config.rules, diagnostics,
                             {.least = config.priority, .selection = config.rule_selection});
  std::fputs(diagnostics.ToString().c_str(), stderr);
  return rules;
}

probe::EventSet WantedEvents(const ruleset::Ruleset& rules) {
  const fields::EventTypes types = rules.EventTypes();
  probe::EventSet wanted;
  for (std::size_t type = 0; type < NR_EVENTS; ++type) wanted[type] = types[type];
  return wanted;
}

Result<std::unique_ptr<probe::ProbeSource>> OpenSensors(const Config& config,
                                                        const ruleset::Ruleset& rules) {
  probe::ProbeOptions options;
  options.sensors = *probe::ParseSensorChoice(config.sensors);
  options.vital_bytes = static_cast<std::uint32_t>(config.vital_ring_bytes);
  options.bulk_bytes = static_cast<std::uint32_t>(config.bulk_ring_bytes);
  ASSIGN_OR_RETURN(auto source, probe::ProbeSource::Open(options));
  source->SetEnabled(WantedEvents(rules));
  for (const probe::SensorStatus& sensor : source->sensors()) {
    const auto level =
        sensor.kind == probe::SensorKind::kNone ? spdlog::level::warn : spdlog::level::info;
    spdlog::log(level, "{}: {} sensor on {}{}{}{}", event::MainName(sensor.event),
                ToString(sensor.kind), sensor.hook, sensor.proved ? ", proved" : ", not proved",
                sensor.why.empty() ? "" : ": ", sensor.why);
  }
  return source;
}

// The ingest thread: runs the pipeline, and tells main by SIGUSR1 if that cannot go on.
class Ingest {
 public:
  Ingest(Pipeline& pipeline, pthread_t main)
      : thread_([this, &pipeline, main](const std::stop_token& stop) {
          result_ = pipeline.Run(stop);
          if (!result_) ::pthread_kill(main, SIGUSR1);
        }) {}

  // Ends it and gives what it ended with.
  Status Stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  Status result_;
  std::jthread thread_;
};

void WaitForSignal(const sigset_t& signals) {
  while (true) {
    int signal = 0;
    if (::sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      spdlog::info("SIGHUP: nothing to reload");
      continue;
    }
    if (signal != SIGUSR1) spdlog::info("stopping: {}", ::strsignal(signal));
    return;
  }
}

Status Serve(const Config& config, const std::shared_ptr<const ruleset::Ruleset>& rules,
             const sigset_t& signals) {
  if (config.output != "none" && !sinks::CanWrite(STDOUT_FILENO))
    return Fail("standard output is closed: redirect it to where alerts go, or use --output none");
  const ruleset::NodeIdentity node = Identity(config);
  StatusBoard board(node.hostname, rules->enabled_count());
  rpc::ServerOptions server_options;
  server_options.socket_path = config.socket;
  server_options.tcp_address = config.listen;
  // Before anything is attached: the socket's lock tells whether another monitor lives here.
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(server_options, [&board] { return board.Read(); }));
  ASSIGN_OR_RETURN(const auto source, OpenSensors(config, *rules));

  std::optional<sinks::StdoutSink> lines;
  std::vector<alert::Sink*> sinks = {&server->sink()};
  if (config.output != "none") {
    lines.emplace(STDOUT_FILENO,
                  config.output == "json" ? sinks::LineFormat::kJson : sinks::LineFormat::kText);
    sinks.push_back(&*lines);
  }

  Pipeline::Options options;
  options.detector.node = node;
  options.detector.processes.entries = config.max_processes;
  options.detector.hold.time_ns = config.hold_ms * 1'000'000;
  options.detector.hold.events = config.hold_events;
  options.detector.hold.bytes = config.hold_bytes;
  options.cgroup_root = CgroupRoot();
  options.proc_root = ProcRoot();
  options.mark_container = [&source](const state::CgroupOfContainer& cgroup) {
    return source->MarkContainer(cgroup.cgroup_id, cgroup.container_cgroup_id).has_value();
  };
  Pipeline pipeline(*source, rules, std::move(sinks), std::move(options));
  RETURN_IF_ERROR(pipeline.LearnWhatIsThere(
      [&source](const probe::RecordHandler& handler) { return source->Snapshot(handler); }));
  board.Connect(&pipeline.counters(), source.get(), lines ? &*lines : nullptr);

  Ingest ingest(pipeline, ::pthread_self());
  spdlog::info("watching with {} rules; gRPC on unix://{}", rules->enabled_count(), config.socket);
  WaitForSignal(signals);
  Status result = ingest.Stop();
  board.Disconnect();
  server->Stop();
  return result;
}

}  // namespace

int RunDaemon(const Config& config) {
  SetUpLog(config);
  const sigset_t signals = BlockSignals();
  const auto rules = LoadRules(config);
  if (!rules) return 1;
  const Status served = Serve(config, rules, signals);
  if (!served) return Report(served.error());
  spdlog::info("stopped");
  return 0;
}

}  // namespace nezuban::daemon
