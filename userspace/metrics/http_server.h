// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

struct mg_context;

namespace nezuban::metrics {

// Called by the server's threads, several at once; must not throw.
struct Pages {
  std::function<std::string()> metrics;  // body of /metrics
  // Why not, in words; empty: healthy, ready.
  std::function<std::string()> unhealthy;
  std::function<std::string()> unready;
};

// GET /metrics, /healthz and /readyz, for Prometheus and whoever asks whether we live. 200, or 503
// with the reason. Few threads, short requests: nobody can keep it busy for long.
class HttpServer {
 public:
  // `address` is HOST:PORT. Error: it cannot be listened on.
  static Result<std::unique_ptr<HttpServer>> Start(const std::string& address, Pages pages);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port that it listens on: of interest if 0 was asked for.
  int port() const;
  const Pages& pages() const { return pages_; }

 private:
  explicit HttpServer(Pages pages) : pages_(std::move(pages)) {}

  const Pages pages_;
  mg_context* context_ = nullptr;
};

}  // namespace nezuban::metrics
