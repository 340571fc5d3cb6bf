// SPDX-License-Identifier: Apache-2.0
// Runtime: a connection to one runtime's CRI service. Calls return at once; their answers come by
// callback.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cri/schedule.h"
#include "state/container_metadata.h"

namespace nezuban::cri {

// What came of asking for a container.
struct Answer {
  Outcome outcome = Outcome::kUnreachable;
  state::ContainerMetadata metadata;  // what was known before, and what was told
  bool whole = false;                 // the pod was told too
  std::string error;                  // why it failed
};

// Bounds of one call.
inline constexpr std::chrono::milliseconds kCallTimeout{1000};
inline constexpr int kMaxMessageBytes = 4 << 20;

// Callbacks come on gRPC's threads, each exactly once, also when the runtime is destroyed: that
// waits for them.
class Runtime {
 public:
  explicit Runtime(std::string socket_path);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const std::string& socket_path() const { return socket_path_; }

  // Asks for a container and its pod; where there is no such container, for a pod's sandbox of that
  // id. `known` is what it adds to.
  void Ask(const std::string& id, state::ContainerMetadata known, std::function<void(Answer)> done);

  // Begins to listen to what it tells of unasked: `on_event` gets the id of each container or
  // sandbox to which something happened, `on_end` says when no more come, with false if it has no
  // such thing. Both on gRPC's threads. Does nothing while it listens.
  void Listen(std::function<void(const std::string&)> on_event, std::function<void(bool)> on_end);

  // "containerd 1.6.20"; empty: it did not say.
  void AskVersion(std::function<void(std::string)> done);

 private:
  class Calls;
  const std::string socket_path_;
  std::unique_ptr<Calls> calls_;
};

}  // namespace nezuban::cri
