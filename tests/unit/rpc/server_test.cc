// SPDX-License-Identifier: Apache-2.0
#include "rpc/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "mode_of.h"
#include "rpc/client.h"
#include "test_server.h"

namespace nezuban::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

TEST(Server, TheSocketIsPrivateWhateverTheUmask) {
  const mode_t before = ::umask(0);
  {
    TestServer server({}, "made/for/it.sock");
    EXPECT_EQ(ModeOf(server.socket), 0600u);
    EXPECT_EQ(ModeOf(std::filesystem::path(server.socket).parent_path()), 0700u);
    EXPECT_EQ(::umask(0), 0u) << "the umask must be as it was";
  }
  ::umask(before);
}

TEST(Server, TellsItsStatus) {
  TestServer server;
  Reader reader(server.Connect());
  ASSERT_TRUE(reader.NextHeartbeat());
  server.Publish(1, 3);
  auto client = Client::Create({"unix:" + server.socket});
  ASSERT_TRUE(client);
  const auto status = client->GetStatus(milliseconds(10'000));
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(status->version, "1.2.3");
  EXPECT_EQ(status->events.at(0).dropped.at(0).first, "ring full");
  EXPECT_EQ(status->subscribers, 1u);
  EXPECT_EQ(status->alerts, 3u);
}

TEST(Server, ASecondOneIsToldWhoHasTheSocket) {
  TestServer server;
  const auto second =
      Server::Start({.socket_path = server.socket}, *SomeStore(), SomeStatus, SomeAdmin());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().exit_code, 2);
  EXPECT_THAT(second.error().message, HasSubstr("in use by pid " + std::to_string(::getpid())));
  Reader reader(server.Connect());  // the first is unharmed
  EXPECT_TRUE(reader.NextHeartbeat());
}

TEST(Server, StartsAgainAtTheSamePlace) {
  testlib::TempDir dir;
  for (int i = 0; i < 3; ++i) {
    auto server =
        Server::Start({.socket_path = dir / "x.sock"}, *SomeStore(), SomeStatus, SomeAdmin());
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_TRUE(std::filesystem::exists(dir / "x.sock"));
    (*server)->Stop();
    EXPECT_FALSE(std::filesystem::exists(dir / "x.sock"));
    EXPECT_FALSE(std::filesystem::exists(dir / "x.sock.lock"));
  }
}

TEST(Server, APathWithOddCharactersIsTakenAsItIs) {
  TestServer server({}, "a b%41?#.sock");
  EXPECT_TRUE(std::filesystem::exists(server.socket));
  auto client = Client::Create({"unix://" + server.socket});
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->GetStatus(milliseconds(10'000)));
}

TEST(Server, TakesAFreeLoopbackPortAndKeepsItToItself) {
  testlib::TempDir dir;
  for (const std::string host : {"127.0.0.1", "[::1]"}) {
    auto server =
        Server::Start({dir / "a.sock", host + ":0"}, *SomeStore(), SomeStatus, SomeAdmin());
    ASSERT_TRUE(server) << server.error().message;
    const std::string address = host + ":" + std::to_string((*server)->tcp_port());
    auto client = Client::Create({address});
    ASSERT_TRUE(client);
    EXPECT_TRUE(client->GetStatus(milliseconds(10'000)));
    const auto second =
        Server::Start({dir / "b.sock", address}, *SomeStore(), SomeStatus, SomeAdmin());
    ASSERT_FALSE(second) << "gRPC shares ports unless told not to";
    EXPECT_EQ(second.error().exit_code, 2);
    EXPECT_THAT(second.error().message, HasSubstr(address));
    EXPECT_FALSE(std::filesystem::exists(dir / "b.sock"));
    EXPECT_FALSE(std::filesystem::exists(dir / "b.sock.lock"));
  }
}

TEST(Server, RefusesToLeaveTheMachine) {
  testlib::TempDir dir;
  for (const char* address : {"0.0.0.0:0", "[::]:0", "10.1.2.3:0", "localhost:0", "nonsense"}) {
    const auto server =
        Server::Start({dir / "x.sock", address}, *SomeStore(), SomeStatus, SomeAdmin());
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().exit_code, 1);
    EXPECT_FALSE(std::filesystem::exists(dir / "x.sock"));
  }
}

TEST(Server, StopsPromptlyWithOpenStreams) {
  TestServer server;
  Reader waiting(server.Connect());
  Reader stalled(server.Connect());
  ASSERT_TRUE(waiting.NextHeartbeat() && stalled.NextHeartbeat());
  server.Publish(1, 5000, "rule", alert::Priority::kWarning, 1000);
  ASSERT_TRUE(waiting.ReadUntil(5000));
  const auto before = steady_clock::now();
  server.store->Close();
  server.server->Stop(milliseconds(300));
  EXPECT_LT(steady_clock::now() - before, milliseconds(3000));
  EXPECT_FALSE(std::filesystem::exists(server.socket));
  EXPECT_FALSE(waiting.Next());
  EXPECT_EQ(waiting.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  server.Publish(6000, 6000);  // counted, not lost in silence
  EXPECT_EQ(server.store->dropped(), 1u);
  server.server->Stop();
}

TEST(Server, WhatWasPublishedBeforeStopIsDelivered) {
  TestServer server;
  Reader reader(server.Connect());
  ASSERT_TRUE(reader.NextHeartbeat());
  server.Publish(1, 997);
  std::thread stopper([&] {
    server.store->Close();
    server.server->Stop(milliseconds(10'000));
  });
  EXPECT_TRUE(reader.ReadUntil(997));
  EXPECT_FALSE(reader.Next());
  EXPECT_EQ(reader.Finish().error_message(), "the monitor is stopping");
  stopper.join();
}

// Sends `request` (protobuf wire format) to a unary or streaming method; its first answer's bytes.
std::string CallRaw(const TestServer& server, const std::string& method_name,
                    const std::string& request) {
  const auto channel = server.Connect();
  grpc::internal::RpcMethod method(method_name.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING,
                                   channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> call(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
          channel.get(), method, &context));
  const grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1));
  call->WritesDone();
  grpc::ByteBuffer answer;
  std::string flat;
  std::vector<grpc::Slice> slices;
  if (call->Read(&answer) && answer.Dump(&slices).ok()) {
    for (const auto& each : slices) {
      flat.append(reinterpret_cast<const char*>(each.begin()), each.size());
    }
  }
  context.TryCancel();
  call->Finish();
  return flat;
}

TEST(Server, AnswersHealthChecks) {
  TestServer server;
  for (const std::string name : {"", "nezuban.v1.AlertService", "nezuban.v1.NodeService"}) {
    // HealthCheckRequest.service = 1; HealthCheckResponse.status = 1, SERVING = 1.
    const std::string request = '\x0a' + std::string(1, static_cast<char>(name.size())) + name;
    EXPECT_EQ(CallRaw(server, "/grpc.health.v1.Health/Check", request), "\x08\x01") << name;
  }
}

TEST(Server, ReflectsItsServices) {
  TestServer server;
  const std::string kMethod = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  const std::string services = CallRaw(server, kMethod, std::string("\x3a\x01*"));  // list_services
  EXPECT_THAT(services, HasSubstr("nezuban.v1.AlertService"));
  EXPECT_THAT(services, HasSubstr("nezuban.v1.NodeService"));
  const std::string symbol = "nezuban.v1.AlertService";
  const std::string file =  // file_containing_symbol
      CallRaw(server, kMethod, '\x22' + std::string(1, static_cast<char>(symbol.size())) + symbol);
  EXPECT_THAT(file, HasSubstr("SubscribeRequest"));
}

// Reflection is blocking: many of its streams must neither take a thread each nor stop the alerts.
TEST(Server, IdleReflectionStreamsHurtNobody) {
  TestServer server;
  const auto channel = server.Connect();
  const auto name = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  grpc::internal::RpcMethod method(name, grpc::internal::RpcMethod::BIDI_STREAMING, channel);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>>> calls;
  for (int i = 0; i < 100; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    calls.emplace_back(
        grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
            channel.get(), method, contexts.back().get()));
  }
  std::this_thread::sleep_for(milliseconds(300));
  Reader reader(server.Connect());
  ASSERT_TRUE(reader.NextHeartbeat());
  server.Publish(1, 1);
  EXPECT_TRUE(reader.ReadUntil(1));
  std::size_t threads = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    threads += entry.exists() ? 1 : 0;
  }
  EXPECT_LT(threads, 60u);
  const auto before = steady_clock::now();
  server.server->Stop(milliseconds(300));
  EXPECT_LT(steady_clock::now() - before, milliseconds(5000));
  for (auto& call : calls) call->Finish();
}

}  // namespace
}  // namespace nezuban::rpc
