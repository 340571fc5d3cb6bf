// SPDX-License-Identifier: Apache-2.0
// A client of a running monitor, for the command line; no gRPC types.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/result.h"
#include "rpc/endpoint.h"
#include "rpc/node_status.h"
#include "store/store.h"

namespace nezuban::rpc {

struct WatchRequest {
  alert::Priority min_priority = alert::Priority::kDebug;
  std::vector<std::string> rule_globs;
  std::vector<std::string> tags;
  std::string condition;                   // over alerts; empty: all
  std::chrono::milliseconds heartbeat{0};  // 0: as the server likes
  store::Start start;
  std::string name;  // of a durable subscriber; empty: none
};

// Called in the order of the stream by the thread that follows it. False ends the stream.
struct StreamCallbacks {
  std::function<bool(const alert::Alert&)> on_alert;
  std::function<bool(const store::StoredGap&)> on_gap;
  std::function<bool(const Heartbeat&)> on_heartbeat;
};

enum class StreamEnd : std::uint8_t {
  kStopped,  // by a callback or Cancel
  kLost,     // no connection, or it broke: worth trying again
  kRefused,  // the server does not want this request
};

struct StreamResult {
  StreamEnd end = StreamEnd::kStopped;
  bool connected = false;  // at least one message came
  Error error;             // unless kStopped; exit_code 1 for a bad request
};

class Client {
 public:
  // Checks the endpoint without connecting. Error (exit 1): an address that is not allowed, a file
  // that cannot be read.
  static Result<Client> Create(const Endpoint& endpoint);
  Client(Client&&) noexcept;
  ~Client();

  Result<NodeStatus> GetStatus(std::chrono::milliseconds timeout);

  // Connects anew and calls back until the stream ends. One thread at a time.
  StreamResult Follow(const WatchRequest& request, const StreamCallbacks& callbacks);

  // Tells the server that the named subscriber is done with what came up to `cursor`.
  Status Acknowledge(const std::string& name, store::Cursor cursor,
                     std::chrono::milliseconds timeout);

  // Ends a Follow that runs now, and any later one at once. Thread-safe.
  void Cancel();

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nezuban::rpc
