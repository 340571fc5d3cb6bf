// SPDX-License-Identifier: Apache-2.0
// Client: what container runtimes tell of their containers and pods, over the Kubernetes container
// runtime interface (CRI) and from the bundles they keep.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "state/process.h"

namespace nezuban::cri {

struct ClientOptions {
  // Path of the runtime's socket; "auto": the first of the usual ones that is there; "none".
  std::string socket = "auto";
  std::string host_root = "/";  // where the node's root file system is seen
  // A mount of the cgroup2 file system; empty: none.
  std::string cgroup_root = {};
  // A container whose cgroup is gone is asked for no longer than this.
  std::chrono::milliseconds gone_life{10'000};
  // Told of what a person should know, by threads of the client's. May be empty.
  std::function<void(std::string_view line)> log = {};
};

struct ClientCounters {
  std::uint64_t lookups = 0;  // containers asked for
  std::uint64_t found = 0;    // such as the runtime told of
  std::uint64_t unknown = 0;  // such as are none of the runtime's
  std::uint64_t slow = 0;     // such as took longer than half a second
  std::uint64_t failed = 0;   // calls that failed: no answer in time, no connection, an error
  std::uint64_t dropped = 0;  // lookups and results for which there was no room
  std::uint64_t pending = 0;  // containers being looked for now
  std::uint64_t slowest_ms = 0;
  std::uint64_t events = 0;  // what the runtime told of without being asked
  bool reachable = false;    // the last call to the runtime was answered
};

// LookUp, Drain and busy are for one thread, which they never keep waiting; counters is for any.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();  // gives up what is being asked
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Begins to look for a container. False: not of a kind that a runtime of pods makes.
  bool LookUp(const state::Container& container);

  // Hands over containers of which something was learned since the last call; their metadata's
  // state says whether more may come.
  void Drain(const std::function<void(state::Container&&)>& handler);

  // A container has lately been asked for and is not told of yet, or Drain has something.
  bool busy() const;

  ClientCounters counters() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace nezuban::cri
