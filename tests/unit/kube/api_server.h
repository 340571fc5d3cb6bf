// SPDX-License-Identifier: Apache-2.0
// An API server for tests of the client, and how they wait for it.
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "kube/client.h"
#include "testlib/certificates.h"
#include "testlib/temp_dir.h"
#include "unit/kube/https_peer.h"

namespace nezuban::kube {

inline constexpr std::string_view kPod =
    R"({"metadata":{"name":"web-0","namespace":"shop","uid":"pod-1","resourceVersion":"5",)"
    R"("ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d",)"
    R"("uid":"rs-1","controller":true}]}})";

inline constexpr std::string_view kBookmark =
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"6"}}})"
    "\n";

inline bool IsWatch(const std::string& request) {
  return request.find("watch=1") != std::string::npos;
}

inline std::string ListOf(const std::string& items) {
  return R"({"metadata":{"resourceVersion":"5"},"items":[)" + items + "]}";
}

// Made once: it takes longer than the tests.
struct ServerCertificates : testlib::Certificates {
  ServerCertificates() {
    Make("server", "api");
    MakeCa("other");
  }
};
inline testlib::Certificates& TestCertificates() {
  static ServerCertificates certificates;
  return certificates;
}

// A small API server; what a test wants otherwise it changes.
class Server {
 public:
  using Handler = HttpsPeer::Handler;

  Server() {
    std::ofstream(directory_ / "token") << "t0ken\n";
    Start(
        [this](const std::string& request, const HttpsPeer::Send& send) { Serve(request, send); });
  }

  void Start(Handler handler) {
    peer_.reset();
    peer_ = std::make_unique<HttpsPeer>(certificates_.Certificate("server"),
                                        certificates_.Key("server"), std::move(handler));
  }

  void Serve(const std::string& request, const HttpsPeer::Send& send) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    // As the real one is.
    const bool list =
        path.find('?') != std::string::npos && path.find("watch=1") == std::string::npos;
    const bool asks_list = request.find("as=PartialObjectMetadataList;") != std::string::npos;
    if (list != asks_list) {
      send(HttpAnswer("406 Not Acceptable", "{}"));
    } else if (refuse) {
      send(HttpAnswer("403 Forbidden", R"({"message":"no right","code":403})"));
    } else if (path.find("watch=1") != std::string::npos) {
      send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      while (!end_watches && send(bookmarks ? kBookmark : "")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    } else if (path.starts_with("/api/v1/pods?")) {
      send(HttpAnswer("200 OK", ListOf(no_pods ? "" : std::string(kPod))));
    } else if (path.starts_with("/api/v1/namespaces?")) {
      send(HttpAnswer("200 OK", ListOf(R"({"metadata":{"name":"shop","uid":"ns-1",)"
                                       R"("labels":{"team":"a"}}})")));
    } else if (path == "/apis/apps/v1/namespaces/shop/replicasets/web-7d") {
      send(HttpAnswer("200 OK", R"({"metadata":{"name":"web-7d","namespace":"shop",)"
                                R"("uid":"rs-1"}})"));
    } else {
      send(HttpAnswer("404 Not Found", "{}"));
    }
  }

  ClientOptions Options() {
    return {.endpoint = {peer_->url(), certificates_.Certificate("ca"), directory_ / "token"},
            .node = "node-1",
            .longest_pause = std::chrono::milliseconds(100),
            .not_found = std::chrono::milliseconds(50),
            .limits = {.body = 65536, .line = 16384},
            .log = [this](std::string_view line) {
              const std::lock_guard lock(mutex_);
              log_.emplace_back(line);
            }};
  }

  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::vector<std::string> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  HttpsPeer& peer() { return *peer_; }
  const testlib::TempDir& directory() const { return directory_; }

  std::atomic<bool> refuse{false}, end_watches{false}, bookmarks{false}, no_pods{false};

 private:
  testlib::Certificates& certificates_ = TestCertificates();
  testlib::TempDir directory_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_, log_;
  std::unique_ptr<HttpsPeer> peer_;
};

// Whether it comes true in time.
template <typename Condition>
bool Soon(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// Whether it waits for one to be told of; what was asked for while the client was at it goes to it
// at a Drain.
inline bool IsPending(Client& client) {
  return Soon([&] {
    client.Drain([](state::ClusterItem&&) {});
    return client.counters().pending == 1;
  });
}

// What was last told of the pod, once it is as `enough` has it.
template <typename Enough>
std::optional<state::ClusterMetadata> Told(Client& client, const std::string& uid, Enough enough) {
  std::optional<state::ClusterMetadata> told;
  Soon([&] {
    client.Drain([&](state::ClusterItem&& item) {
      if (item.pod_uid == uid) told = *item.metadata;
    });
    return told && enough(*told);
  });
  return told;
}

}  // namespace nezuban::kube
