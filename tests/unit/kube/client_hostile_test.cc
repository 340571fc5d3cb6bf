// SPDX-License-Identifier: Apache-2.0
// The client against a server that does not answer as it should.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "unit/kube/api_server.h"

namespace nezuban::kube {
namespace {

using state::ClusterState;
using Milliseconds = std::chrono::milliseconds;

constexpr const char* kChange =
    R"({"type":"MODIFIED","object":{"metadata":{"name":"a","namespace":"b","uid":"c"}}})"
    "\n";

// Answers in place of the API server's: none may do more than to fail.
TEST(KubeClient, HostileAnswers) {
  Server elsewhere;
  const std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  const std::vector<Server::Handler> servers = {
      [](const auto&, const auto& send) { send("\x16\x03\x01 nonsense"); },
      [&](const auto&, const auto& send) { send(head + std::string(1000, '[')); },
      [&](const auto&, const auto& send) {
        send("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.peer().url() +
             "/api/v1/pods\r\nContent-Length: 0\r\n\r\n");
      },
      // Without an end, as list and as line.
      [&](const auto&, const auto& send) {
        const std::string part(1 << 20, 'x');
        for (bool more = send(head); more;) more = send(part);
      },
      [&](const auto& request, const auto& send) {
        if (!IsWatch(request)) {
          send(HttpAnswer("200 OK", ListOf("")));
          return;
        }
        const std::string part(1 << 20, 'x');
        for (bool more = send(head); more;) more = send(part);
      },
      // Streams that end at once.
      [&](const auto& request, const auto& send) {
        send(IsWatch(request) ? head : HttpAnswer("200 OK", ListOf("")));
      },
      // Streams that end after a change.
      [&](const auto& request, const auto& send) {
        send(IsWatch(request) ? head + kChange : HttpAnswer("200 OK", ListOf("")));
      },
  };
  for (std::size_t i = 0; i < servers.size(); ++i) {
    Server server;
    server.Start(servers[i]);
    std::atomic<std::uint64_t> before{0};
    {
      Client client(server.Options());
      client.Ask("pod-1");
      const bool streams = i >= 5;
      EXPECT_TRUE(Soon([&] {
        const ClientCounters c = client.counters();
        return streams ? c.requests >= 8 : c.failed >= 2;
      })) << i;
      before = client.counters().requests;
      std::this_thread::sleep_for(Milliseconds(streams ? 200 : 100));
      EXPECT_LT(client.counters().requests - before, 12u) << i << ": it pauses";
      client.Drain([&](state::ClusterItem&& item) {
        EXPECT_EQ(item.metadata->state, ClusterState::kNobodys) << i;
      });
    }
  }
  EXPECT_TRUE(elsewhere.requests().empty()) << "no redirection is followed";
}

TEST(KubeClient, AServerThatComesAndGoesIsNotAskedAllTheTime) {
  std::atomic<int> pods{0}, namespaces{0};
  Server server;
  server.Start([&](const auto& request, const auto& send) {
    if (request.find("/api/v1/namespaces?") != std::string::npos) {
      ++namespaces;  // without an answer
    } else if (IsWatch(request)) {
      ++pods;
      send(std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") + kChange);
    } else {
      send(HttpAnswer("200 OK", ListOf("")));
    }
  });
  ClientOptions options = server.Options();
  options.first_pause = Milliseconds(20);
  options.longest_pause = std::chrono::seconds(10);
  const Client client(options);
  EXPECT_TRUE(Soon([&] { return pods >= 30; }));
  EXPECT_LE(namespaces, 12) << "less and less often";
}

TEST(KubeClient, EndsAtOnceWhileNobodyAnswers) {
  std::atomic<bool> asked{false};
  Server server;
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

}  // namespace
}  // namespace nezuban::kube
