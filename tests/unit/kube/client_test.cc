// SPDX-License-Identifier: Apache-2.0
// The client against a server that speaks TLS and HTTP, well or badly.
#include "kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "testlib/temp_dir.h"
#include "unit/kube/https_peer.h"
#include "unit/rpc/certificates.h"

namespace nezuban::kube {
namespace {

using state::ClusterMetadata;
using state::ClusterState;
using testing::Contains;
using testing::HasSubstr;
using Milliseconds = std::chrono::milliseconds;

constexpr std::string_view kPod =
    R"({"metadata":{"name":"web-0","namespace":"shop","uid":"pod-1","resourceVersion":"5",)"
    R"("ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d",)"
    R"("uid":"rs-1","controller":true}]}})";

std::string ListOf(const std::string& items) {
  return R"({"metadata":{"resourceVersion":"5"},"items":[)" + items + "]}";
}

// Made once: it takes longer than the tests.
struct ServerCertificates : rpc::Certificates {
  ServerCertificates() {
    Make("server", "api");
    MakeCa("other");
  }
};
rpc::Certificates& TestCertificates() {
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
      while (!end_watches && send("")) std::this_thread::sleep_for(Milliseconds(2));
    } else if (path.starts_with("/api/v1/pods?")) {
      send(HttpAnswer("200 OK", ListOf(std::string(kPod))));
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
            .longest_pause = Milliseconds(100),
            .not_found = Milliseconds(50),
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

  std::atomic<bool> refuse{false}, end_watches{false};

 private:
  rpc::Certificates& certificates_ = TestCertificates();
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
    std::this_thread::sleep_for(Milliseconds(5));
  }
  return false;
}

// What was last told of the pod, once it is as `enough` has it.
template <typename Enough>
std::optional<ClusterMetadata> Told(Client& client, const std::string& uid, Enough enough) {
  std::optional<ClusterMetadata> told;
  Soon([&] {
    client.Drain([&](state::ClusterItem&& item) {
      if (item.pod_uid == uid) told = *item.metadata;
    });
    return told && enough(*told);
  });
  return told;
}

bool IsWhole(const ClusterMetadata& known) { return known.owners_whole && known.ns_labels; }

TEST(KubeClient, TellsOfAPodAndAsksForMetadataOnly) {
  Server server;
  Client client(server.Options());
  EXPECT_FALSE(client.busy());
  client.Ask("pod-1");
  EXPECT_TRUE(client.busy());
  const auto told = Told(client, "pod-1", IsWhole);
  ASSERT_TRUE(told && IsWhole(*told));
  EXPECT_EQ(told->name, "web-0");
  EXPECT_EQ(told->ns_labels, (state::Labels{{"team", "a"}}));
  ASSERT_EQ(told->owners.size(), 1u);
  EXPECT_EQ(told->owners[0].name, "web-7d");
  EXPECT_TRUE(client.counters().reachable);
  EXPECT_EQ(client.counters().pods, 1u);
  for (const std::string& request : server.requests()) {
    EXPECT_THAT(request, HasSubstr("Authorization: Bearer t0ken\r\n"));
    EXPECT_THAT(request, HasSubstr("as=PartialObjectMetadata"));
  }
  EXPECT_THAT(server.requests(),
              Contains(HasSubstr("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1&")));
}

TEST(KubeClient, APodThatIsNotThere) {
  Server server;
  Client client(server.Options());
  client.Ask("pod-2");
  const auto told = Told(client, "pod-2", [](const auto&) { return true; });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->state, ClusterState::kNobodys);
}

TEST(KubeClient, TakesUpANewToken) {
  Server server;
  Client client(server.Options());
  client.Ask("pod-1");
  ASSERT_TRUE(Told(client, "pod-1", IsWhole));
  std::ofstream(server.directory() / "token") << "another\n";
  server.end_watches = true;
  EXPECT_TRUE(Soon([&] {
    const auto requests = server.requests();
    return requests.back().find("Bearer another") != std::string::npos;
  }));
}

TEST(KubeClient, ARefusalIsSaidOnceAndCounted) {
  Server server;
  server.refuse = true;
  Client client(server.Options());
  client.Ask("pod-1");
  EXPECT_TRUE(Soon([&] { return client.counters().refused >= 6; }));
  const auto log = server.log();
  EXPECT_EQ(
      std::ranges::count(log, "the API server does not tell of /api/v1/pods: status 403: no right"),
      1);
  EXPECT_GE(client.counters().failed, client.counters().refused);
  EXPECT_TRUE(client.counters().reachable);
  EXPECT_EQ(client.counters().pending, 1u);
  server.refuse = false;
  ASSERT_TRUE(Told(client, "pod-1", IsWhole));
  EXPECT_THAT(server.log(), Contains("the API server tells of /api/v1/pods again"));
}

TEST(KubeClient, AnotherAuthoritysServerGetsNothing) {
  Server server;
  ClientOptions options = server.Options();
  options.endpoint.ca_file = TestCertificates().Certificate("other");
  Client client(options);
  EXPECT_TRUE(Soon([&] { return client.counters().failed >= 2; }));
  EXPECT_TRUE(server.requests().empty());
  EXPECT_FALSE(client.counters().reachable);
  EXPECT_THAT(server.log(), Contains(HasSubstr("certificate")));
}

TEST(KubeClient, WithoutATokenNothingIsSent) {
  Server server;
  ClientOptions options = server.Options();
  options.endpoint.token_file = server.directory() / "none";
  Client client(options);
  EXPECT_TRUE(Soon([&] { return client.counters().failed >= 2; }));
  EXPECT_TRUE(server.requests().empty());
}

// Answers in place of the API server's: none may do more than to fail.
TEST(KubeClient, HostileAnswers) {
  const std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  const std::vector<Server::Handler> servers = {
      [](const auto&, const auto& send) { send("\x16\x03\x01 nonsense"); },
      [&](const auto&, const auto& send) { send(head + std::string(1000, '[')); },
      [](const auto&, const auto& send) {
        send("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
      },
      // Without an end, as list and as line.
      [&](const auto&, const auto& send) {
        const std::string part(1 << 20, 'x');
        for (bool more = send(head); more;) more = send(part);
      },
      [&](const auto& request, const auto& send) {
        if (request.find("watch=1") == std::string::npos) {
          send(HttpAnswer("200 OK", ListOf("")));
          return;
        }
        const std::string part(1 << 20, 'x');
        for (bool more = send(head); more;) more = send(part);
      },
      // Streams that end at once.
      [&](const auto& request, const auto& send) {
        const bool stream = request.find("watch=1") != std::string::npos;
        send(stream ? head : HttpAnswer("200 OK", ListOf("")));
      },
  };
  for (std::size_t i = 0; i < servers.size(); ++i) {
    Server server;
    server.Start(servers[i]);
    std::atomic<std::uint64_t> before{0};
    {
      Client client(server.Options());
      client.Ask("pod-1");
      const bool streams = i == 5;
      EXPECT_TRUE(Soon([&] {
        const ClientCounters c = client.counters();
        return streams ? c.requests >= 8 : c.failed >= 2;
      })) << i;
      before = client.counters().requests;
      std::this_thread::sleep_for(Milliseconds(100));
      EXPECT_LT(client.counters().requests - before, 12u) << i << ": it pauses";
      client.Drain([&](state::ClusterItem&& item) {
        EXPECT_EQ(item.metadata->state, ClusterState::kNobodys) << i;
      });
    }
  }
}

TEST(KubeClient, EndsAtOnceWhileNobodyAnswers) {
  Server server;
  std::atomic<bool> asked{false};
  server.Start([&](const auto&, const auto& send) {
    asked = true;
    while (send("")) std::this_thread::sleep_for(Milliseconds(2));
  });
  auto client = std::make_unique<Client>(server.Options());
  EXPECT_TRUE(Soon([&] { return asked.load(); }));
  const auto begun = std::chrono::steady_clock::now();
  client.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
}

TEST(Endpoint, OnlyHttpsAndNoMoreThanAHost) {
  for (const char* url : {"https://10.96.0.1:443", "https://[fd00::1]:6443", "https://api"}) {
    EXPECT_EQ(CheckUrl(url), "") << url;
  }
  for (const char* url :
       {"http://10.96.0.1", "https://", "https://a/b", "https://u:p@a", "a", ""}) {
    EXPECT_NE(CheckUrl(url), "") << url;
  }
  EXPECT_EQ(Escaped("a/b=c"), "a%2Fb%3Dc");
}

}  // namespace
}  // namespace nezuban::kube
