// SPDX-License-Identifier: Apache-2.0
// Client: what only a Kubernetes API server tells of this node's pods: who controls them, and their
// namespaces' labels. It reads metadata alone (PartialObjectMetadata): of pods those of this node,
// all namespaces, and by name the few that control the pods.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kube/endpoint.h"
#include "kube/http.h"
#include "state/cluster_metadata.h"

namespace nezuban::kube {

struct ClientOptions {
  Endpoint endpoint;
  std::string node;  // as its cluster calls it
  std::string user_agent = "nezuban";
  // How long one watch lasts; half of it at random comes on top.
  std::chrono::seconds watch{300};
  std::chrono::milliseconds first_pause{250};       // between attempts that fail
  std::chrono::milliseconds longest_pause{30'000};  // likewise
  // A pod that the server, still telling of this node's others so long after it was asked for, does
  // not know is none of its.
  std::chrono::milliseconds not_found{10'000};
  HttpLimits limits = {};  // of an answer
  // Told of what a person should know, by the client's thread. May be empty.
  std::function<void(std::string_view line)> log = {};
};

struct ClientCounters {
  std::uint64_t requests = 0;    // watches, lists and single objects asked for
  std::uint64_t failed = 0;      // such as failed, refused ones included
  std::uint64_t refused = 0;     // for want of a right or of a valid token
  std::uint64_t events = 0;      // changes the server told of
  std::uint64_t unreadable = 0;  // objects and changes that made no sense
  std::uint64_t dropped = 0;     // objects and requests for which there was no room
  std::uint64_t pods = 0;        // known now
  std::uint64_t pending = 0;     // pods of containers that are not told of yet
  bool reachable = false;        // the last request was answered
};

// Ask, Drain and busy are for one thread, which they never keep waiting; counters is for any.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();  // gives up what is being asked
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // From here on what is known of that pod is told, also each time it changes.
  void Ask(const std::string& pod_uid);

  // Hands over what was learned since the last call.
  void Drain(const std::function<void(state::ClusterItem&&)>& handler);

  // A pod has lately been asked for and is not told of yet, or Drain has something.
  bool busy() const;

  ClientCounters counters() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace nezuban::kube
