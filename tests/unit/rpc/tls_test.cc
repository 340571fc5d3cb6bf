// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "rpc/admin_client.h"
#include "rpc/client.h"
#include "testlib/certificates.h"
#include "testlib/loopback.h"
#include "unit/rpc/test_server.h"

namespace nezuban::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr milliseconds kPatience{20'000};

class Tls : public testing::Test {
 protected:
  Tls() {
    certificates_.Make("server", "node-1");
    ServerOptions options{.socket_path = dir_ / "x.sock", .tcp_address = "127.0.0.1:0"};
    options.tls = {certificates_.Certificate("server"), certificates_.Key("server"),
                   certificates_.Certificate("ca"), 1};
    options.tls_readers = {"reader*"};
    options.tls_administrators = {"ops-?", "spiffe://cluster/ops"};
    auto started = Server::Start(options, *SomeStore(), SomeStatus, SomeAdmin());
    EXPECT_TRUE(started) << started.error().message;
    if (started) server_ = *std::move(started);
  }

  // `client`: whose certificate it shows; empty: none.
  Endpoint To(const std::string& client, const std::string& ca = "ca") const {
    Endpoint endpoint;
    endpoint.address = "127.0.0.1:" + std::to_string(server_->tcp_port());
    endpoint.tls_ca = certificates_.Certificate(ca);
    if (client.empty()) return endpoint;
    endpoint.tls_certificate = certificates_.Certificate(client);
    endpoint.tls_key = certificates_.Key(client);
    return endpoint;
  }

  // Empty: it got an answer.
  static std::string Problem(const Endpoint& endpoint) {
    const auto status = Client::Create(endpoint)->GetStatus(kPatience);
    return status ? "" : status.error().message;
  }

  void Restart(TcpLimits limits, milliseconds handshake_timeout) {
    ServerOptions options{.socket_path = dir_ / "y.sock", .tcp_address = "127.0.0.1:0"};
    options.tls = {certificates_.Certificate("server"), certificates_.Key("server"),
                   certificates_.Certificate("ca")};
    options.handshake_timeout = handshake_timeout;
    options.tcp_limits = limits;
    server_ = *Server::Start(options, *SomeStore(), SomeStatus, SomeAdmin());
  }

  // Connections that say nothing.
  std::vector<UniqueFd> ConnectFrom(const char* host, int count) const {
    sockaddr_in from{};
    from.sin_family = AF_INET;
    ::inet_pton(AF_INET, host, &from.sin_addr);
    const sockaddr_in to = testlib::LoopbackListener::OnLoopback(server_->tcp_port());
    std::vector<UniqueFd> fds;
    for (int i = 0; i < count; ++i) {
      fds.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int fd = fds.back().get();
      EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof(from)), 0);
      EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    }
    return fds;
  }

  static std::ptrdiff_t CountOpen(const std::vector<UniqueFd>& fds) {
    return std::ranges::count_if(fds, [](const UniqueFd& fd) {
      char byte = 0;
      return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
    });
  }

  testlib::TempDir dir_;
  testlib::Certificates certificates_;
  std::unique_ptr<Server> server_;
};

TEST_F(Tls, WhoHasTheRightCertificateGetsIn) {
  certificates_.Make("reader", "reader-1");
  EXPECT_EQ(Problem(To("reader")), "");
  Client client = *Client::Create(To("reader"));
  bool beat = false;
  const StreamResult followed =
      client.Follow({}, {[](const auto&) { return true; }, [](const auto&) { return true; },
                         [&](const auto&) {
                           beat = true;
                           return false;
                         }});
  EXPECT_EQ(followed.end, StreamEnd::kStopped) << followed.error.message;
  EXPECT_TRUE(beat);
}

TEST_F(Tls, NobodyElseDoes) {
  certificates_.MakeCa("other-ca");
  certificates_.Make("stranger", "reader-1", "other-ca");
  certificates_.Make("expired", "reader-1", "ca", -1);
  EXPECT_NE(Problem(To("")), "") << "without a certificate";
  EXPECT_NE(Problem(To("stranger")), "") << "of another CA";
  EXPECT_NE(Problem(To("expired")), "");
  Endpoint plain;
  plain.address = To("").address;
  EXPECT_NE(Problem(plain), "") << "without TLS";
  // And the client does not talk to anybody either.
  certificates_.Make("reader", "reader-1");
  EXPECT_NE(Problem(To("reader", "other-ca")), "") << "a monitor that nobody vouches for";
  Endpoint misnamed = To("reader");
  misnamed.tls_name = "node-2";
  EXPECT_NE(Problem(misnamed), "") << "the certificate of another";
  EXPECT_EQ(Problem(To("reader")), "");
}

TEST_F(Tls, TheCertificateSaysWhatOneMayDo) {
  certificates_.Make("reader", "reader-1");
  certificates_.Make("nobody", "somebody");
  certificates_.Make("ops", "ops-1");
  certificates_.Make("spiffe", "x", "ca", 30, ",URI:spiffe://cluster/ops");
  EXPECT_THAT(Problem(To("nobody")), HasSubstr("tls_readers"));
  for (const char* name : {"ops", "spiffe"}) {
    EXPECT_EQ(Problem(To(name)), "") << name;
    EXPECT_TRUE(AdminClient::Create(To(name))->ListRules(kPatience)) << name;
  }
  AdminClient reader = *AdminClient::Create(To("reader"));
  std::vector<Error> refused = {
      reader.ListRules(kPatience).error(), reader.CheckRules({{"f", "good"}}, kPatience).error(),
      reader.ReloadRules(kPatience).error(), reader.ListContainers(kPatience).error()};
  for (const Error& error : refused) {
    EXPECT_EQ(error.exit_code, 1);
    EXPECT_THAT(error.message, HasSubstr("only administrators may"));
  }
}

TEST_F(Tls, WhoMayDoWhatCanChangeWhileItServes) {
  certificates_.Make("reader", "reader-1");
  Client client = *Client::Create(To("reader"));
  AdminClient admin = *AdminClient::Create(To("reader"));
  EXPECT_FALSE(admin.ListRules(kPatience));
  server_->SetAccess({"reader-*"}, {"reader-1"});
  EXPECT_TRUE(admin.ListRules(kPatience)) << "over the same connection";
  server_->SetAccess({"reader-*"}, {});
  EXPECT_FALSE(admin.ListRules(kPatience));
  EXPECT_TRUE(client.GetStatus(kPatience));
  server_->SetAccess({"other"}, {});
  EXPECT_FALSE(client.GetStatus(kPatience));
}

TEST_F(Tls, AReaderKeepsAPlaceUnderItsOwnNameOnly) {
  certificates_.Make("reader", "reader-1");
  const auto problem = [&](const std::string& name) {
    Client client = *Client::Create(To("reader"));
    WatchRequest request;
    request.name = name;
    const auto go_on = [](const auto&) { return true; };
    const StreamResult followed =
        client.Follow(request, {go_on, go_on, [](const auto&) { return false; }});
    return followed.end == StreamEnd::kStopped ? std::string() : followed.error.message;
  };
  EXPECT_THAT(problem("siem"), HasSubstr("only administrators may choose"));
  EXPECT_EQ(problem("reader-1"), "");
  EXPECT_EQ(problem(""), "");
}

TEST_F(Tls, AReplacedCertificateIsServedWithoutARestart) {
  certificates_.Make("reader", "reader-1");
  certificates_.MakeCa("new-ca");
  certificates_.Make("new-server", "node-1", "new-ca");
  ASSERT_EQ(Problem(To("reader")), "");
  ASSERT_NE(Problem(To("reader", "new-ca")), "");
  certificates_.Replace("server", "new-server");
  const auto deadline = steady_clock::now() + kPatience;
  while (Problem(To("reader", "new-ca")) != "" && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_EQ(Problem(To("reader", "new-ca")), "");
  EXPECT_NE(Problem(To("reader")), "") << "the old one is still served";
}

TEST_F(Tls, NothingOlderThanTls12) {
  certificates_.Make("reader", "reader-1");
  const auto connect = [&](const std::string& version) {
    const std::string command = "openssl s_client -connect " + To("").address + " " + version +
                                " -cipher ALL:@SECLEVEL=0 -alpn h2 -cert " +
                                certificates_.Certificate("reader") + " -key " +
                                certificates_.Key("reader") + " </dev/null >/dev/null 2>&1";
    return std::system(command.c_str());
  };
  EXPECT_EQ(connect("-tls1_2"), 0);
  EXPECT_EQ(connect("-tls1_3"), 0);
  EXPECT_NE(connect("-tls1_1"), 0);
  EXPECT_NE(connect("-tls1"), 0);
}

TEST_F(Tls, ReaderByDefaultIsWhomTheCaVouchesFor) {
  ServerOptions options{.socket_path = dir_ / "y.sock", .tcp_address = "127.0.0.1:0"};
  options.tls = {certificates_.Certificate("server"), certificates_.Key("server"),
                 certificates_.Certificate("ca")};
  server_ = *Server::Start(options, *SomeStore(), SomeStatus, SomeAdmin());
  certificates_.Make("anybody", "anybody");
  EXPECT_EQ(Problem(To("anybody")), "");
  EXPECT_FALSE(AdminClient::Create(To("anybody"))->ListRules(kPatience));
}

TEST_F(Tls, FilesThatAreNotWhatTheyShouldBeAreAnError) {
  certificates_.Make("other", "other");
  const auto start = [&](TlsOptions tls, const std::string& address = "127.0.0.1:0") {
    ServerOptions options{.socket_path = dir_ / "y.sock", .tcp_address = address};
    options.tls = std::move(tls);
    const auto started = Server::Start(options, *SomeStore(), SomeStatus, SomeAdmin());
    EXPECT_FALSE(started);
    EXPECT_EQ(started ? 0 : started.error().exit_code, 1);
    return started ? "" : started.error().message;
  };
  const std::string certificate = certificates_.Certificate("server");
  const std::string key = certificates_.Key("server");
  const std::string ca = certificates_.Certificate("ca");
  EXPECT_THAT(start({"/nowhere", key, ca}), HasSubstr("/nowhere: cannot be read: No such file"));
  EXPECT_THAT(start({key, key, ca}), HasSubstr("expected a certificate in PEM"));
  EXPECT_THAT(start({certificate, ca, ca}), HasSubstr("expected a private key in PEM"));
  EXPECT_THAT(start({certificate, certificates_.Key("other"), ca}), HasSubstr("is not the key of"));
  EXPECT_THAT(start({certificate, key, key}), HasSubstr("expected a certificate in PEM"));
  EXPECT_THAT(start({certificate, key, ca}, "example.org:1"), HasSubstr("expected ADDRESS:PORT"));
}

// A connection that says nothing is closed, and keeps nobody else out.
TEST_F(Tls, HalfOpenConnectionsEnd) {
  ServerOptions options{.socket_path = dir_ / "y.sock", .tcp_address = "127.0.0.1:0"};
  options.tls = {certificates_.Certificate("server"), certificates_.Key("server"),
                 certificates_.Certificate("ca")};
  options.handshake_timeout = milliseconds(2000);
  server_ = *Server::Start(options, *SomeStore(), SomeStatus, SomeAdmin());
  certificates_.Make("reader", "reader-1");
  const sockaddr_in address = testlib::LoopbackListener::OnLoopback(server_->tcp_port());
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 200; ++i) {
    silent.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(silent.back().get(), reinterpret_cast<const sockaddr*>(&address),
                        sizeof(address)),
              0);
  }
  EXPECT_EQ(Problem(To("reader")), "");
  const timeval patience{60, 0};
  ::setsockopt(silent[0].get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char byte = 0;
  errno = 0;
  EXPECT_LE(::recv(silent[0].get(), &byte, 1, 0), 0);
  EXPECT_NE(errno, EAGAIN) << "it is still open";
}

// gRPC alone would take every descriptor that the process has left.
TEST_F(Tls, ConnectionsOfOneAddressAreBoundedAndForgottenWhenTheyEnd) {
  certificates_.Make("reader", "reader-1");
  Restart({.connections = 100, .of_one_address = 4}, milliseconds(60'000));
  for (int round = 0; round < 2; ++round) {
    std::vector<UniqueFd> silent;
    for (int i = 0; i < 1000 && CountOpen(silent) != 4; ++i) {
      // Fewer: the server has not seen the end of those before.
      if (CountOpen(silent) < 4) silent = ConnectFrom("127.0.0.2", 6);
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_EQ(CountOpen(silent), 4) << round;
    EXPECT_EQ(Problem(To("reader")), "") << "from another address";
  }
}

TEST_F(Tls, TheFewerPlacesAreLeftTheFewerOneAddressGets) {
  certificates_.Make("reader", "reader-1");
  Restart({.connections = 12, .of_one_address = 6}, milliseconds(60'000));
  const std::vector<UniqueFd> some = ConnectFrom("127.0.0.2", 8);
  const std::vector<UniqueFd> others = ConnectFrom("127.0.0.3", 8);
  EXPECT_EQ(Problem(To("reader")), "") << "two cannot have all places";
  EXPECT_EQ(CountOpen(some), 6);
  EXPECT_EQ(CountOpen(others), 3);
}

TEST_F(Tls, AFewAddressesCannotHaveAllPlaces) {
  certificates_.Make("reader", "reader-1");
  Restart({.connections = 16, .of_one_address = 8}, milliseconds(60'000));
  std::vector<std::vector<UniqueFd>> theirs;
  for (const char* host : {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"}) {
    theirs.push_back(ConnectFrom(host, 8));
  }
  EXPECT_EQ(Problem(To("reader")), "");
  std::vector<std::ptrdiff_t> open;
  for (const auto& some : theirs) open.push_back(CountOpen(some));
  EXPECT_THAT(open, testing::ElementsAre(7, 4, 2, 1, 1));
}

TEST_F(Tls, BeyondTheMostConnectionsWhoComesWaits) {
  certificates_.Make("reader", "reader-1");
  Restart({.connections = 2, .of_one_address = 2}, milliseconds(1000));
  const std::vector<UniqueFd> some = ConnectFrom("127.0.0.2", 4);
  const std::vector<UniqueFd> others = ConnectFrom("127.0.0.3", 4);
  const auto begin = steady_clock::now();
  EXPECT_EQ(Problem(To("reader")), "");
  EXPECT_GE(steady_clock::now() - begin, milliseconds(500)) << "until the handshakes were given up";
}

TEST(AdminCalls, OnTheUnixSocketItsPermissionsDecide) {
  TestServer server;
  AdminClient client = *AdminClient::Create({"unix:" + server.socket});
  const auto rules = client.ListRules(kPatience);
  ASSERT_TRUE(rules) << rules.error().message;
  ASSERT_EQ(rules->size(), 1u);
  const LoadedRule& rule = rules->front();
  EXPECT_EQ(rule.name + " " + rule.tags.at(0) + " " + rule.events.at(0), "a rule t execve");
  EXPECT_EQ(rule.priority, alert::Priority::kError);
  EXPECT_EQ(rule.position, (Position{"f.yaml", 7, 0}));
  EXPECT_FALSE(rule.enabled);
  EXPECT_EQ(rule.alerts, 3u);
  const auto containers = client.ListContainers(kPatience);
  ASSERT_TRUE(containers);
  ASSERT_EQ(containers->size(), 1u);
  EXPECT_EQ(containers->front().id, std::string(12, 'c'));
  EXPECT_EQ(containers->front().metadata.pod.ns, "shop");
  EXPECT_EQ(containers->front().metadata.privileged, false);
  EXPECT_EQ(containers->front().metadata.state, state::MetadataState::kComplete);
  const auto reloaded = client.ReloadRules(kPatience);
  ASSERT_TRUE(reloaded);
  EXPECT_TRUE(reloaded->loaded);
  EXPECT_EQ(reloaded->rules.version, "ff");
}

TEST(AdminCalls, PlainTcpIsForReadingOnly) {
  testlib::TempDir dir;
  const auto server =
      Server::Start({dir / "x.sock", "127.0.0.1:0"}, *SomeStore(), SomeStatus, SomeAdmin());
  ASSERT_TRUE(server);
  const std::string address = "127.0.0.1:" + std::to_string((*server)->tcp_port());
  EXPECT_TRUE(Client::Create({address})->GetStatus(kPatience));
  const auto rules = AdminClient::Create({address})->ListRules(kPatience);
  ASSERT_FALSE(rules);
  EXPECT_THAT(rules.error().message, HasSubstr("only administrators may"));
}

TEST(AdminCalls, FilesAreCheckedWholeHoweverManyPiecesTheyTake) {
  TestServer server;
  AdminClient client = *AdminClient::Create({"unix:" + server.socket});
  const auto checked =
      client.CheckRules({{"a", "good"}, {"b", std::string(200'000, 'x')}, {"c", ""}}, kPatience);
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_FALSE(checked->valid);
  EXPECT_EQ(checked->rules, 3u);
  ASSERT_EQ(checked->diagnostics.size(), 2u);
  EXPECT_EQ(ToString(checked->diagnostics[0]), "b:1:2: error: 200000, hint");
  EXPECT_EQ(ToString(checked->diagnostics[1]), "c:1:2: error: 0, hint");
  EXPECT_TRUE(client.CheckRules({{"a", "good"}}, kPatience)->valid);
}

TEST(AdminCalls, WhatIsCheckedIsBounded) {
  TestServer server;
  AdminClient client = *AdminClient::Create({"unix:" + server.socket});
  const auto large = client.CheckRules({{"a", std::string(9 << 20, 'x')}}, kPatience);
  ASSERT_FALSE(large);
  EXPECT_THAT(large.error().message, HasSubstr("expected files of 8 MiB in all"));
  std::vector<RuleFile> many;
  for (int i = 0; i < 257; ++i) many.push_back({std::to_string(i), "good"});
  EXPECT_FALSE(client.CheckRules(many, kPatience));
  EXPECT_FALSE(client.CheckRules({{"", "good"}}, kPatience));
}

TEST(Endpoint, TlsIsAllOrNothing) {
  EXPECT_FALSE(Client::Create({.address = "10.0.0.1:1"}));
  EXPECT_FALSE(Client::Create({.address = "127.0.0.1:1", .tls_name = "x"}));
  EXPECT_FALSE(Client::Create({.address = "127.0.0.1:1", .tls_ca = "/nowhere"}));
  const testlib::Certificates certificates;
  const std::string ca = certificates.Certificate("ca");
  EXPECT_TRUE(Client::Create({.address = "node-1.example.org:1", .tls_ca = ca}));
  EXPECT_FALSE(Client::Create({.address = "unix:/x", .tls_ca = ca}));
  EXPECT_FALSE(Client::Create({.address = "a b:1", .tls_ca = ca}));
  EXPECT_FALSE(Client::Create({.address = "a:99999", .tls_ca = ca}));
  EXPECT_FALSE(Client::Create({.address = "a:1", .tls_ca = ca, .tls_certificate = ca}));
}

}  // namespace
}  // namespace nezuban::rpc
