// SPDX-License-Identifier: Apache-2.0
// Operations: what those who run the monitor see of it: the self-test and what comes of it, metrics
// and health over HTTP, the watchdog of systemd.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "alert/alert.h"
#include "base/result.h"
#include "daemon/config.h"
#include "daemon/health.h"
#include "daemon/pipeline.h"
#include "daemon/reloader.h"
#include "daemon/status.h"
#include "metrics/http_server.h"
#include "probe/probe_source.h"
#include "rpc/server.h"

namespace nezuban::daemon {

class Operations {
 public:
  // All of them outlive it.
  struct Watched {
    StatusBoard& board;
    const rpc::Server& server;
    const probe::ProbeSource& source;
    const PipelineCounters& counters;
    const Reloader& reloader;
    // Told that the sensors no longer deliver, and that they do again; any thread.
    std::function<void(alert::Alert)> tell;
    // Called every second or so as long as the ingest thread does its work; any thread.
    std::function<void()> watching;
  };

  // Error: the address that the config names for metrics cannot be had.
  static Result<std::unique_ptr<Operations>> Start(const Config& config, Watched watched);
  ~Operations();

 private:
  explicit Operations(Watched watched) : watched_(std::move(watched)) {}
  Health::Counts SignsOfLife();
  void Tell(const std::string& problem) const;
  void BeginSelfTests();

  const Watched watched_;
  std::uint64_t items_ = 0;   // this and dropped_ of the thread that looks
  Health::Counts dropped_{};  // as the ingest thread knew it
  std::unique_ptr<Health> health_;
  std::unique_ptr<metrics::HttpServer> http_;  // may be null
};

}  // namespace nezuban::daemon
