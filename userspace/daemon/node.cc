// SPDX-License-Identifier: Apache-2.0
#include "daemon/node.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <utility>

#include "base/cgroup_mount.h"
#include "base/scheduling.h"
#include "base/text.h"
#include "fields/convert.h"
#include "state/cgroupfs.h"

namespace nezuban::daemon {
namespace {

std::string CgroupRoot() {
  std::string root = Cgroup2Root();
  if (root.empty()) {
    spdlog::warn(
        "no cgroup2 file system is mounted here: containers are told by /proc/PID/cgroup, which is "
        "slower, late for processes that end at once, and has floods of one taken for the node's");
  }
  return root;
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

}  // namespace

void SetUpLog(const Config& config) {
  auto log = spdlog::stderr_color_mt("nezuban");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  spdlog::set_default_logger(std::move(log));
  SetLogLevel(config);
  probe::SetLogger([](std::string_view level, std::string_view line) {
    spdlog::log(level == "warn" ? spdlog::level::warn : spdlog::level::debug, "libbpf: {}",
                Printable(line));
  });
}

void SetLogLevel(const Config& config) {
  spdlog::set_level(spdlog::level::from_str(config.log_level));
}

sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

int Report(const Error& error) {
  spdlog::error("{}", error.message);
  return error.exit_code;
}

ruleset::NodeIdentity ThisNode(const Config& config) {
  ruleset::NodeIdentity node = ruleset::ThisNode();
  if (!config.hostname.empty()) node.hostname = config.hostname;
  node.node = config.node.empty() ? node.hostname : config.node;
  node.cluster = config.cluster;
  return node;
}

Result<std::shared_ptr<const Redactor>> MakeRedactor(const Config& config) {
  if (!config.redact) return std::shared_ptr<const Redactor>();
  return Redactor::Make(config.redact_patterns);
}

Result<std::unique_ptr<probe::ProbeSource>> OpenSensors(const Config& config) {
  probe::ProbeOptions options;
  options.sensors = *probe::ParseSensorChoice(config.sensors);
  options.vital_bytes = static_cast<std::uint32_t>(config.vital_ring_bytes);
  options.bulk_bytes = static_cast<std::uint32_t>(config.bulk_ring_bytes);
  options.flood_rate = static_cast<std::uint32_t>(config.flood_rate);
  options.flood_burst = static_cast<std::uint32_t>(config.flood_burst);
  ASSIGN_OR_RETURN(auto source, probe::ProbeSource::Open(options));
  for (const probe::SensorStatus& sensor : source->sensors()) {
    const auto level =
        sensor.kind == probe::SensorKind::kNone ? spdlog::level::warn : spdlog::level::info;
    spdlog::log(level, "{}: {} sensor on {}{}{}{}", event::MainName(sensor.event),
                ToString(sensor.kind), sensor.hook, sensor.proved ? ", proved" : ", not proved",
                sensor.why.empty() ? "" : ": ", sensor.why);
  }
  return source;
}

Result<std::unique_ptr<recording::Recorder>> CreateRecording(
    const std::string& path, const Config& config, std::uint64_t max_bytes,
    std::shared_ptr<const Redactor> redactor) {
  utsname name{};
  ::uname(&name);
  const ruleset::NodeIdentity node = ThisNode(config);
  return recording::Recorder::Create(path,
                                     {NEZUBAN_VERSION, node.hostname, node.run_id, name.release,
                                      state::ClockTickNs(), node.node, node.cluster},
                                     {max_bytes, std::move(redactor)});
}

Status FinishRecording(const std::string& path, recording::Recorder& recorder) {
  const Status finished = recorder.Finish();
  spdlog::info("recorded {} items, {} bytes to {}", recorder.items(), recorder.bytes(), path);
  if (recorder.left_out() > 0) {
    spdlog::warn("{} items were left out of it: the disk was too slow", recorder.left_out());
  }
  if (!finished) return Fail("the recording ends early", finished.error());
  return {};
}

DetectorOptions DetectorOptionsOf(const Config& config, std::shared_ptr<const Redactor> redactor) {
  DetectorOptions options;
  options.processes.entries = config.max_processes;
  options.hold.time_ns = config.hold_ms * 1'000'000;
  options.hold.events = config.hold_events;
  options.hold.bytes = config.hold_bytes;
  options.noise = NoiseOf(config);
  options.rule_matching = WhichRules(config);
  options.redactor = std::move(redactor);
  return options;
}

Pipeline::Options PipelineOptions(const Config& config, probe::ProbeSource& source,
                                  std::shared_ptr<const Redactor> redactor) {
  Pipeline::Options options;
  options.detector = DetectorOptionsOf(config, std::move(redactor));
  options.detector.node = ThisNode(config);
  options.cgroup_root = CgroupRoot();
  options.proc_root = ProcRoot();
  options.cgroup_v1 = options.cgroup_root.empty() && !options.proc_root.empty();
  const bool by_name_only = options.cgroup_v1;  // the kernel side has no such cgroups
  options.mark_container = [&source, by_name_only](const state::CgroupOfContainer& cgroup) {
    return by_name_only ||
           source.MarkContainer(cgroup.cgroup_id, cgroup.container_cgroup_id).has_value();
  };
  return options;
}

Ingest::Ingest(Pipeline& pipeline, pthread_t main)
    : thread_([this, &pipeline, main](const std::stop_token& stop) {
        AskForShortSlices();
        result_ = pipeline.Run(stop);
        if (!result_) ::pthread_kill(main, SIGUSR1);
      }) {}

Status Ingest::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  return result_;
}

}  // namespace nezuban::daemon
