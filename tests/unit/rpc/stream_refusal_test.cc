// SPDX-License-Identifier: Apache-2.0
// What a stream of alerts leaves out, refuses, or cannot take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "stream_requests.h"
#include "test_server.h"

namespace nezuban::rpc {
namespace {

using alert::Priority;
using testing::ElementsAre;

TEST(AlertStream, ASubscribersConditionIsAskedOfEachAlert) {
  TestServer server;
  v1::SubscribeRequest request = FromOldest();
  request.set_condition("alert.rule startswith shell and alert.priority = Error");
  server.Publish(1, 2, "shell", Priority::kError);
  server.Publish(3, 4, "mount", Priority::kError);
  Reader reader(server.Connect(), request);
  ASSERT_TRUE(reader.ReadUntil(2));  // fed from the store
  server.Publish(5, 5, "shell", Priority::kDebug);
  server.Publish(6, 6, "shell", Priority::kError);
  ASSERT_TRUE(reader.ReadUntil(3));
  EXPECT_THAT(reader.ids, ElementsAre(1, 2, 6));
}

TEST(AlertStream, RefusesABadConditionWithItsPlace) {
  TestServer server;
  v1::SubscribeRequest request;
  request.set_condition("alert.source = x\nand alert.rlue = y");
  Reader refused(server.Connect(), request);
  EXPECT_FALSE(refused.Next());
  EXPECT_EQ(refused.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused.Finish().error_message(),
            "condition:2:5: error: unknown field 'alert.rlue', did you mean 'alert.rule'?");
}

TEST(AlertStream, AllConditionsTogetherAreBounded) {
  StreamOptions options;
  options.condition_bytes = 100;
  TestServer server(options);
  v1::SubscribeRequest request;
  request.set_condition("alert.rule = " + std::string(60, 'a'));
  std::optional<Reader> first(std::in_place, server.Connect(), request);
  ASSERT_TRUE(first->Next());
  Reader second(server.Connect(), request);
  EXPECT_FALSE(second.Next());
  EXPECT_EQ(second.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  Reader without(server.Connect());
  EXPECT_TRUE(without.Next());
}

TEST(AlertStream, RefusesACursorOfAnotherStore) {
  TestServer server;
  v1::SubscribeRequest request;
  request.set_after_cursor(std::uint64_t{1} << 60);
  Reader reader(server.Connect(), request);
  EXPECT_FALSE(reader.Next());
  EXPECT_EQ(reader.Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST(AlertStream, ATooLargeAlertBecomesAGap) {
  store::StoreOptions stored;
  stored.max_alert_bytes = 10'000;
  TestServer server({}, "x.sock", stored);
  Reader reader(server.Connect());
  ASSERT_TRUE(reader.NextHeartbeat());
  server.Publish(1, 1);
  server.Publish(2, 2, "rule", Priority::kWarning, 10'000);
  server.Publish(3, 3);
  ASSERT_TRUE(reader.ReadUntil(3));
  EXPECT_THAT(reader.ids, ElementsAre(1, 3));
  EXPECT_EQ(reader.lost, 1u);
}

// The ingest thread outruns the encoder: everyone is told, nobody waits.
TEST(AlertStream, AFullInboxIsAGapForAll) {
  store::StoreOptions stored;
  stored.inbox_alerts = 100;
  TestServer server(FastHeartbeats(), "x.sock", stored);
  Reader a(server.Connect());
  Reader b(server.Connect());
  ASSERT_TRUE(a.NextHeartbeat() && b.NextHeartbeat());
  server.Publish(1, 50'000);
  ASSERT_TRUE(a.ReadUntil(50'000) && b.ReadUntil(50'000));
  EXPECT_GT(a.lost, 0u);
  EXPECT_GE(a.lost, server.store->dropped());
  EXPECT_EQ(server.server->counters().published, 50'000u);
}

TEST(AlertStream, ManyThreadsMayComeAndGo) {
  TestServer server(FastHeartbeats());
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    for (int i = 1; !stop; ++i) {
      server.Publish(i, i);
      if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto channel = server.Connect();
      for (int round = 0; round < 20; ++round) {
        Reader reader(channel, EveryTwentyMs());
        EXPECT_TRUE(reader.ReadUntil(static_cast<std::uint64_t>(round)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  publisher.join();
  for (int i = 0; i < 3000 && server.server->counters().subscribers > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(server.server->counters().subscribers, 0u);
}

TEST(AlertStream, RefusesMoreThanItServes) {
  StreamOptions options;
  options.max_subscribers = 2;
  TestServer server(options);
  const auto channel = server.Connect();
  auto first = std::make_unique<Reader>(channel);
  Reader second(channel);
  ASSERT_TRUE(first->NextHeartbeat() && second.NextHeartbeat());
  Reader third(channel);
  EXPECT_FALSE(third.Next());
  EXPECT_EQ(third.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(third.Finish().error_message(), "at most 2 subscribers are served at once");
  first.reset();
  for (int i = 0; i < 3000 && server.server->counters().subscribers > 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Reader fourth(channel);
  EXPECT_TRUE(fourth.NextHeartbeat());
}

TEST(AlertStream, RefusesABadRequest) {
  TestServer server;
  Reader priority(server.Connect(), Request(static_cast<v1::Priority>(42), {}));
  EXPECT_FALSE(priority.Next());
  EXPECT_EQ(priority.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(priority.Finish().error_message(), testing::HasSubstr("got 42"));
  Reader globs(server.Connect(), Request({}, std::vector<std::string>(1000, "*")));
  EXPECT_FALSE(globs.Next());
  EXPECT_EQ(globs.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Reader huge(server.Connect(), Request({}, {std::string(1 << 20, '*')}));
  EXPECT_FALSE(huge.Next());
  EXPECT_EQ(huge.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// Bytes that are no SubscribeRequest, and one whose text is not UTF-8.
TEST(AlertStream, RefusesBytesThatAreNoRequest) {
  TestServer server;
  const auto channel = server.Connect();
  for (const std::string& bytes :
       {std::string("\xff\xff\xff"), std::string("\x12\x01\xff"), std::string("\x12\x7f")}) {
    grpc::internal::RpcMethod method("/nezuban.v1.AlertService/Subscribe",
                                     grpc::internal::RpcMethod::SERVER_STREAMING, channel);
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
        grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(channel.get(), method,
                                                                      &context, request));
    grpc::ByteBuffer response;
    EXPECT_FALSE(reader->Read(&response));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
}

}  // namespace
}  // namespace nezuban::rpc
