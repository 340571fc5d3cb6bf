// SPDX-License-Identifier: Apache-2.0
// The client against a server that speaks TLS and HTTP well.
#include "kube/client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "unit/kube/api_server.h"

namespace nezuban::kube {
namespace {

using state::ClusterMetadata;
using state::ClusterState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using Milliseconds = std::chrono::milliseconds;

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
              Contains(HasSubstr("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1%2C"
                                 "status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&")));
}

TEST(KubeClient, APodThatIsNotThere) {
  Server server;
  server.bookmarks = true;
  Client client(server.Options());
  client.Ask("pod-2");
  const auto told = Told(client, "pod-2", [](const auto&) { return true; });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->state, ClusterState::kNobodys);
}

TEST(KubeClient, AServerThatRefusesDeniesNoPod) {
  Server server;
  Client client(server.Options());
  client.Ask("pod-1");
  ASSERT_TRUE(Told(client, "pod-1", IsWhole));
  server.refuse = true;
  server.end_watches = true;
  EXPECT_TRUE(Soon([&] { return client.counters().refused >= 2; }));
  client.Ask("pod-2");
  EXPECT_TRUE(IsPending(client));
  std::this_thread::sleep_for(Milliseconds(60));
  const std::uint64_t refused = client.counters().refused;
  EXPECT_TRUE(Soon([&] { return client.counters().refused >= refused + 2; }));
  EXPECT_EQ(client.counters().pending, 1u);
  server.bookmarks = true;
  server.end_watches = false;
  server.refuse = false;
  const auto told = Told(client, "pod-2", [](const auto&) { return true; });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->state, ClusterState::kNobodys);
}

TEST(KubeClient, ANodeByAnotherNameIsSaidOnce) {
  Server server;
  server.no_pods = true;
  server.bookmarks = true;
  Client client(server.Options());
  client.Ask("pod-2");
  EXPECT_TRUE(IsPending(client));
  const std::string said =
      "the API server knows no pods of a node node-1: if this one has another name there, `node` "
      "says so";
  EXPECT_TRUE(Soon([&] { return std::ranges::count(server.log(), said) > 0; }));
  std::this_thread::sleep_for(Milliseconds(100));
  EXPECT_EQ(std::ranges::count(server.log(), said), 1);
  EXPECT_EQ(client.counters().pending, 1u) << "that does not make it nobody's";
}

// Nobody drains meanwhile.
TEST(KubeClient, WhatChangesOftenPushesNothingElseOut) {
  std::string items(kPod);
  for (int i = 0; i < 1500; ++i) {
    items +=
        R"(,{"metadata":{"name":"p","namespace":"busy","uid":"p-)" + std::to_string(i) + "\"}}";
  }
  std::atomic<std::uint64_t> changes{0};
  Server server;
  server.Start([&](const auto& request, const auto& send) {
    const bool pods = request.find("/api/v1/pods?") != std::string::npos;
    if (pods && !IsWatch(request)) return (void)send(HttpAnswer("200 OK", ListOf(items)));
    if (pods || !IsWatch(request)) return server.Serve(request, send);
    send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (std::uint64_t sent = 0; send("");) {
      std::this_thread::sleep_for(Milliseconds(2));
      if (sent == changes) continue;
      send(
          R"({"type":"MODIFIED","object":{"metadata":{"name":"busy","uid":"ns-2","labels":{"n":")" +
          std::to_string(++sent) + "\"}}}}\n");
    }
  });
  ClientOptions options = server.Options();
  options.limits.body = std::size_t{1} << 20;
  Client client(options);
  EXPECT_TRUE(Soon([&] { return client.counters().pods == 1501; }));
  client.Ask("pod-1");
  for (int i = 0; i < 1500; ++i) client.Ask("p-" + std::to_string(i));
  for (int i = 1; i <= 5; ++i) {
    changes = i;
    EXPECT_TRUE(Soon([&] { return client.counters().events >= changes; }));
  }
  EXPECT_TRUE(Told(client, "pod-1", IsWhole));
  EXPECT_EQ(client.counters().dropped, 0u);
}

// Of this process's connections to that server.
std::vector<unsigned> UserTimeouts(const std::string& url) {
  std::vector<unsigned> timeouts;
  const std::string port = url.substr(url.rfind(':') + 1);
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family != AF_INET || std::to_string(ntohs(peer.sin_port)) != port) continue;
    unsigned timeout = 0;
    size = sizeof(timeout);
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, &size), 0);
    timeouts.push_back(timeout);
  }
  return timeouts;
}

TEST(KubeClient, AConnectionThatAcknowledgesNothingIsGivenUp) {
  Server server;
  const Client client(server.Options());
  EXPECT_TRUE(Soon([&] { return std::ranges::count_if(server.requests(), IsWatch) == 2; }));
  EXPECT_THAT(UserTimeouts(server.peer().url()), ElementsAre(30'000u, 30'000u));
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
  EXPECT_TRUE(IsPending(client));
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
