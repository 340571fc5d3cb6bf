// SPDX-License-Identifier: Apache-2.0
#include "daemon/record.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstring>
#include <ctime>

#include "daemon/metadata.h"
#include "daemon/node.h"

namespace nezuban::daemon {
namespace {

using Clock = std::chrono::steady_clock;

// Until a signal, the time is over, or no more can be recorded.
void Wait(const sigset_t& signals, const RecordOptions& options,
          const recording::Recorder& recorder) {
  const Clock::time_point end = Clock::now() + std::chrono::seconds(options.seconds);
  constexpr timespec kLook{0, 50'000'000};
  while (!recorder.done() && (options.seconds == 0 || Clock::now() < end)) {
    const int signal = ::sigtimedwait(&signals, nullptr, &kLook);
    if (signal < 0 || signal == SIGHUP) continue;
    if (signal != SIGUSR1) spdlog::info("stopping: {}", ::strsignal(signal));
    return;
  }
}

Status Record(const Config& config, const RecordOptions& options, const sigset_t& signals) {
  ASSIGN_OR_RETURN(const auto redactor, MakeRedactor(config));
  ASSIGN_OR_RETURN(const auto recorder,
                   CreateRecording(options.file, config, options.max_bytes, redactor));
  ASSIGN_OR_RETURN(const auto source, OpenSensors(config));
  // No rules: but it knows the containers, of which the kernel side must be told.
  Diagnostics none;
  Pipeline::Options pipeline_options = PipelineOptions(config, *source, redactor);
  pipeline_options.tap = [&recorder](const state::Item& item) { recorder->Append(item); };
  RuntimeLookup lookup(config, pipeline_options.proc_root);
  pipeline_options.lookup = &lookup;
  Pipeline pipeline(*source, ruleset::Ruleset::FromFiles({}, none), {},
                    std::move(pipeline_options));
  RETURN_IF_ERROR(pipeline.LearnWhatIsThere(
      [&source](const probe::RecordHandler& handler) { return source->Snapshot(handler); }));
  Ingest ingest(pipeline, ::pthread_self());
  spdlog::info("recording to {}", options.file);
  Wait(signals, options, *recorder);
  Status ended = ingest.Stop();
  RETURN_IF_ERROR(FinishRecording(options.file, *recorder));
  return ended;
}

}  // namespace

int RunRecord(const Config& config, const RecordOptions& options) {
  SetUpLog(config);
  const sigset_t signals = BlockSignals();
  const Status recorded = Record(config, options, signals);
  return recorded ? 0 : Report(recorded.error());
}

}  // namespace nezuban::daemon
