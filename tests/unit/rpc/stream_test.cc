// SPDX-License-Identifier: Apache-2.0
// Alerts through a real gRPC server to real subscribers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "rpc/to_proto.h"
#include "stream_requests.h"
#include "test_server.h"

namespace nezuban::rpc {
namespace {

using testlib::ExpectEqual;
using testlib::FullAlert;

using alert::Priority;
using testing::ElementsAre;

TEST(AlertStream, BeginsWithAHeartbeatThenTellsAlerts) {
  TestServer server;
  Reader reader(server.Connect());
  const auto first = reader.Next();
  ASSERT_TRUE(first && first->has_heartbeat());
  EXPECT_EQ(first->heartbeat().node().events_seen(), 10u);
  EXPECT_EQ(first->heartbeat().node().events_dropped(), 2u);
  alert::Alert alert = FullAlert();
  alert.id = "2000000000";
  server.store->Publish(std::make_shared<const alert::Alert>(alert));
  const auto second = reader.Next();
  ASSERT_TRUE(second && second->alerts().alerts_size() == 1);
  alert.cursor = second->alerts().alerts(0).cursor();
  EXPECT_GT(alert.cursor, first->heartbeat().cursor());
  ExpectEqual(FromProto(second->alerts().alerts(0)), alert);
}

TEST(AlertStream, EverySubscriberGetsEveryAlertInOrder) {
  constexpr int kReaders = 100;
  constexpr int kAlerts = 499;
  TestServer server;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < 4; ++i) channels.push_back(server.Connect());
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<Reader>(channels[static_cast<std::size_t>(i) % 4]));
    ASSERT_TRUE(readers.back()->NextHeartbeat());
  }
  EXPECT_EQ(server.server->counters().subscribers, 100u);
  server.Publish(1, kAlerts);
  for (const auto& reader : readers) {
    ASSERT_TRUE(reader->ReadUntil(kAlerts));
    EXPECT_EQ(reader->ids, Sequence(1, kAlerts));
    EXPECT_EQ(reader->lost, 0u);
  }
}

TEST(AlertStream, ABurstIsBatched) {
  TestServer server;
  Reader reader(server.Connect());
  ASSERT_TRUE(reader.NextHeartbeat());
  server.Publish(1, 5003);
  ASSERT_TRUE(reader.ReadUntil(5003));
  EXPECT_EQ(reader.ids, Sequence(1, 5003));
  EXPECT_LT(reader.batches, 2500u);
}

TEST(AlertStream, ALoneAlertIsNotDelayed) {
  TestServer server;
  Reader reader(server.Connect());
  ASSERT_TRUE(reader.NextHeartbeat());
  std::vector<std::chrono::steady_clock::duration> delays;
  for (int i = 1; i <= 11; ++i) {
    const auto before = std::chrono::steady_clock::now();
    server.Publish(i, i);
    ASSERT_TRUE(reader.ReadUntil(static_cast<std::uint64_t>(i)));
    delays.push_back(std::chrono::steady_clock::now() - before);
  }
  std::nth_element(delays.begin(), delays.begin() + 5, delays.end());
  EXPECT_LT(delays[5], std::chrono::milliseconds(100));
}

TEST(AlertStream, FiltersPerSubscriberAndCountsIt) {
  TestServer server(FastHeartbeats());
  v1::SubscribeRequest request = Request(v1::PRIORITY_ERROR, {"shell*", "mount"});
  *request.mutable_heartbeat_interval() = EveryTwentyMs().heartbeat_interval();
  Reader some(server.Connect(), request);
  Reader all(server.Connect());
  ASSERT_TRUE(some.NextHeartbeat() && all.NextHeartbeat());
  server.Publish(1, 1, "shell in container", Priority::kCritical);
  server.Publish(2, 2, "shell in container", Priority::kWarning);
  server.Publish(3, 3, "mount", Priority::kError);
  server.Publish(4, 4, "kubelet", Priority::kEmergency);
  server.Publish(5, 5, "mount", Priority::kEmergency);
  ASSERT_TRUE(some.ReadUntil(3) && all.ReadUntil(5));
  EXPECT_THAT(some.ids, ElementsAre(1, 3, 5));
  EXPECT_EQ(all.ids, Sequence(1, 5));
  const auto heartbeat = some.NextHeartbeat();
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->subscription().seen(), 5u);
  EXPECT_EQ(heartbeat->subscription().filtered(), 2u);
  EXPECT_EQ(heartbeat->node().alerts(), 5u);
}

// The reader checks the arithmetic of each heartbeat against what it has read itself.
TEST(AlertStream, HeartbeatsAddUpWhileAlertsFlow) {
  TestServer server(FastHeartbeats());
  Reader reader(server.Connect(), EveryTwentyMs());
  int heartbeats = 0;
  ASSERT_TRUE(reader.NextHeartbeat());
  std::thread publisher([&] {
    for (int i = 1; i <= 2000; i += 10) {
      server.Publish(i, i + 9);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  while (reader.ids.size() < 2000) {
    const auto message = reader.Next();
    if (!message) break;
    heartbeats += message->has_heartbeat() ? 1 : 0;
  }
  publisher.join();
  EXPECT_EQ(reader.ids, Sequence(1, 2000));
  EXPECT_GE(heartbeats, 3);
  const auto last = reader.NextHeartbeat();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->subscription().seen(), 2000u);
}

// One that does not read is fed from the store when it does; the other does not notice.
TEST(AlertStream, AStalledSubscriberGetsItAllLater) {
  StreamOptions options = FastHeartbeats();
  options.queue_alerts = 500;
  TestServer server(options);
  Reader stalled(server.Connect(), EveryTwentyMs());
  Reader quick(server.Connect());
  ASSERT_TRUE(stalled.NextHeartbeat() && quick.NextHeartbeat());
  constexpr int kAlerts = 8000;
  for (int i = 1; i <= kAlerts; i += 100) {
    server.Publish(i, i + 99, "rule", Priority::kWarning, 1000);
    ASSERT_TRUE(quick.ReadUntil(static_cast<std::uint64_t>(i + 99)));
  }
  EXPECT_EQ(quick.ids, Sequence(1, kAlerts));
  ASSERT_TRUE(stalled.ReadUntil(kAlerts));
  EXPECT_EQ(stalled.ids, Sequence(1, kAlerts));
  EXPECT_EQ(stalled.lost + quick.lost, 0u);
  // After that it is a subscriber like any other.
  server.Publish(kAlerts + 1, kAlerts + 1);
  ASSERT_TRUE(stalled.ReadUntil(kAlerts + 1));
  EXPECT_EQ(stalled.ids.back(), kAlerts + 1);
  ASSERT_TRUE(stalled.NextHeartbeat());
}

// What the store could not keep that long is a gap, and the counters say so.
TEST(AlertStream, AStalledSubscriberOfASmallStoreIsToldWhatItMissed) {
  store::StoreOptions small;
  small.max_bytes = 2 << 20;
  TestServer server(FastHeartbeats(), "x.sock", small);
  Reader stalled(server.Connect(), EveryTwentyMs());
  Reader quick(server.Connect());
  ASSERT_TRUE(stalled.NextHeartbeat() && quick.NextHeartbeat());
  constexpr int kAlerts = 30'000;
  for (int i = 1; i <= kAlerts; i += 100) {
    server.Publish(i, i + 99, "rule", Priority::kWarning, 1000);
    ASSERT_TRUE(quick.ReadUntil(static_cast<std::uint64_t>(i + 99)));
  }
  EXPECT_EQ(quick.lost, 0u);
  ASSERT_TRUE(stalled.ReadUntil(kAlerts));
  EXPECT_GT(stalled.lost, 1000u);
  const auto heartbeat = stalled.NextHeartbeat();
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->subscription().dropped(), server.server->counters().subscriber_drops);
}

TEST(AlertStream, QueuesAreBoundedInBytes) {
  StreamOptions options;
  options.queue_bytes = 1 << 20;
  options.total_bytes = 1 << 20;  // with two that stall, less than their queues would take
  TestServer server(options);
  Reader stalled(server.Connect());
  Reader other(server.Connect());
  Reader quick(server.Connect());
  ASSERT_TRUE(stalled.NextHeartbeat() && other.NextHeartbeat() && quick.NextHeartbeat());
  constexpr std::size_t kPadding = 100'000;
  for (int i = 1; i <= 150; ++i) {
    server.Publish(i, i, "rule", Priority::kWarning, kPadding);
    ASSERT_TRUE(quick.ReadUntil(static_cast<std::uint64_t>(i)));
  }
  ASSERT_TRUE(stalled.ReadUntil(150) && other.ReadUntil(150));
  EXPECT_EQ(stalled.ids, Sequence(1, 150));
  EXPECT_EQ(other.ids, Sequence(1, 150));
}

TEST(AlertStream, BeginsInThePastAndGoesOnLive) {
  TestServer server;
  server.Publish(1, 3000);
  Reader reader(server.Connect(), FromOldest());
  const auto first = reader.Next();
  ASSERT_TRUE(first && first->has_heartbeat());
  ASSERT_TRUE(reader.ReadUntil(10));
  server.Publish(3001, 3500);
  ASSERT_TRUE(reader.ReadUntil(3500));
  EXPECT_EQ(reader.ids, Sequence(1, 3500));
}

// Publishing goes on while readers come, from everywhere: each gets what comes behind its start,
// once and in order.
TEST(AlertStream, CatchesUpWhileAlertsFlow) {
  TestServer server;
  std::atomic<bool> stop{false};
  std::atomic<int> published{0};
  std::thread publisher([&] {
    for (int i = 1; !stop; ++i) {
      server.Publish(i, i);
      published = i;
      if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  for (int round = 0; round < 5; ++round) {
    Reader reader(server.Connect(), FromOldest());
    const auto until = static_cast<std::uint64_t>(published + 300);
    ASSERT_TRUE(reader.ReadUntil(until));
    ASSERT_EQ(reader.ids, Sequence(1, static_cast<int>(reader.ids.size()))) << round;
    v1::SubscribeRequest resume;
    resume.set_after_cursor(reader.cursor);
    Reader resumed(server.Connect(), resume);
    ASSERT_TRUE(resumed.ReadUntil(200));
    EXPECT_EQ(resumed.ids[0], reader.ids.back() + 1);
    EXPECT_EQ(resumed.ids, Sequence(resumed.ids[0], resumed.ids.back()));
  }
  stop = true;
  publisher.join();
}

TEST(AlertStream, ANamedSubscriberGoesOnWhereItAcknowledged) {
  TestServer server;
  server.Publish(1, 100);
  const auto stub = v1::AlertService::NewStub(server.Connect());
  const auto acknowledge = [&](const std::string& name, std::uint64_t cursor) {
    grpc::ClientContext context;
    v1::AcknowledgeRequest request;
    request.set_name(name);
    request.set_cursor(cursor);
    v1::AcknowledgeResponse response;
    return stub->Acknowledge(&context, request, &response).error_code();
  };
  EXPECT_EQ(acknowledge("siem", 0), grpc::StatusCode::NOT_FOUND);
  // That of a sink: a client must not be able to take alerts from it.
  ASSERT_TRUE(server.store->OpenReader("sink.siem", {}));
  EXPECT_EQ(acknowledge("sink.siem", 1), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(acknowledge("a b", 1), grpc::StatusCode::INVALID_ARGUMENT);
  {
    Reader reader(server.Connect(), FromOldest("siem"));
    ASSERT_TRUE(reader.ReadUntil(100));
    EXPECT_EQ(acknowledge("siem", reader.cursor - 40), grpc::StatusCode::OK);
    EXPECT_EQ(acknowledge("siem", reader.cursor + 1), grpc::StatusCode::FAILED_PRECONDITION);
  }
  Reader again(server.Connect(), FromOldest("siem"));
  ASSERT_TRUE(again.ReadUntil(40));
  EXPECT_EQ(again.ids, Sequence(61, 100));
}

}  // namespace
}  // namespace nezuban::rpc
