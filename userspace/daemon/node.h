// SPDX-License-Identifier: Apache-2.0
// What watching and recording have in common when they start: the log, signals, where things are on
// this node, the sensors, and the thread that reads them.
#pragma once

#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "daemon/config.h"
#include "daemon/pipeline.h"
#include "probe/probe_source.h"
#include "recording/recorder.h"
#include "ruleset/ruleset.h"

namespace nezuban::daemon {

void SetUpLog(const Config& config);
// Any time after that.
void SetLogLevel(const Config& config);

// Blocked in every thread, taken by sigwait in main: nothing runs inside a signal handler, and a
// signal during load is answered once loading is done or has failed.
sigset_t BlockSignals();

// Logs it and gives the exit code.
int Report(const Error& error);

ruleset::NodeIdentity ThisNode(const Config& config);

// nullptr if the config says that secrets are to be shown.
Result<std::shared_ptr<const Redactor>> MakeRedactor(const Config& config);

// Attaches what works here and logs it, event by event. All events are delivered.
Result<std::unique_ptr<probe::ProbeSource>> OpenSensors(const Config& config);

// A new recording of this node.
Result<std::unique_ptr<recording::Recorder>> CreateRecording(
    const std::string& path, const Config& config, std::uint64_t max_bytes,
    std::shared_ptr<const Redactor> redactor);

// Ends the recording, logs how much there is of it. Error: why there is no more.
Status FinishRecording(const std::string& path, recording::Recorder& recorder);

// All but the node's name.
DetectorOptions DetectorOptionsOf(const Config& config, std::shared_ptr<const Redactor> redactor);

// The pipeline's options, but for its tap. REQUIRES: `source` outlives the pipeline.
Pipeline::Options PipelineOptions(const Config& config, probe::ProbeSource& source,
                                  std::shared_ptr<const Redactor> redactor);

// The ingest thread: runs the pipeline, and tells main by SIGUSR1 if that cannot go on.
class Ingest {
 public:
  Ingest(Pipeline& pipeline, pthread_t main);

  // Ends it and gives what it ended with.
  Status Stop();

 private:
  Status result_;
  std::jthread thread_;
};

}  // namespace nezuban::daemon
