// SPDX-License-Identifier: Apache-2.0
// A real server on a unix socket in this process, and readers of its streams.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nezuban/v1/alert_service.grpc.pb.h"
#include "nezuban/v1/node_service.grpc.pb.h"
#include "rpc/server.h"
#include "testlib/alert_builder.h"
#include "testlib/temp_dir.h"

namespace nezuban::rpc {

inline NodeStatus SomeStatus() {
  NodeStatus status;
  status.version = "1.2.3";
  status.events = {{"connect", 10, 5, 3, {{"ring full", 2}}}};
  return status;
}

// Knows one rule and one container; files are valid if they say "good".
inline AdminCalls SomeAdmin() {
  return {[]() -> Result<std::vector<LoadedRule>> {
            return std::vector<LoadedRule>{{"a rule",
                                            alert::Priority::kError,
                                            {"t"},
                                            false,
                                            {"f.yaml", 7, 0},
                                            3,
                                            "what it does",
                                            {"execve"}}};
          },
          [](const std::vector<RuleFile>& files, const std::function<bool()>&) {
            CheckedRules checked{true, static_cast<std::uint32_t>(files.size()), {}, 0};
            for (const RuleFile& file : files) {
              if (file.text == "good") continue;
              checked.valid = false;
              checked.diagnostics.push_back(
                  {Severity::kError, {file.path, 1, 2}, std::to_string(file.text.size()), "hint"});
            }
            return checked;
          },
          []() -> Result<ReloadedRules> {
            ReloadedRules reloaded{true, {}, 0, {}};
            reloaded.rules.version = "ff";
            reloaded.rules.generation = 2;
            return reloaded;
          },
          []() -> Result<std::vector<state::Container>> {
            state::Container container;
            container.full_id = std::string(64, 'c');
            container.runtime = "containerd";
            container.cgroup_path = "/a/b";
            container.metadata.state = state::MetadataState::kComplete;
            container.metadata.pod.ns = "shop";
            container.metadata.privileged = false;
            return std::vector<state::Container>{container};
          },
          [](const std::shared_ptr<EventWatch>&) -> Status { return Fail("not here"); },
          [] {}};
}

// In memory, for servers that nobody publishes to. The same for all of them.
inline const std::unique_ptr<store::Store>& SomeStore() {
  static const std::unique_ptr<store::Store> kStore = *store::Store::Open({});
  return kStore;
}

class TestServer {
 public:
  explicit TestServer(StreamOptions stream = {}, const std::string& name = "x.sock",
                      store::StoreOptions stored = {})
      : socket(dir_ / name) {
    stored.max_age = std::chrono::hours(24 * 365 * 100);  // the alerts are of 1970
    store = *store::Store::Open(stored);
    ServerOptions options{.socket_path = socket, .tcp_address = "", .stream = stream};
    auto started = Server::Start(options, *store, SomeStatus, SomeAdmin());
    EXPECT_TRUE(started) << started.error().message;
    if (started) server = std::move(*started);
  }

  // A connection of its own.
  std::shared_ptr<grpc::Channel> Connect() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(),
                                     arguments);
  }

  void Publish(int first, int last, const std::string& rule = "rule",
               alert::Priority priority = alert::Priority::kWarning, std::size_t padding = 0) {
    for (int i = first; i <= last; ++i) {
      store->Publish(testlib::NumberedAlert(i, rule, priority, padding));
    }
  }

 private:
  testlib::TempDir dir_;

 public:
  const std::string socket;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Server> server;
};

// One stream. Everything it waits for has a deadline of two minutes.
class Reader {
 public:
  explicit Reader(const std::shared_ptr<grpc::Channel>& channel, v1::SubscribeRequest request = {})
      : stub_(v1::AlertService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(120));
    stream_ = stub_->Subscribe(&context_, request);
  }
  ~Reader() {
    context_.TryCancel();
    Finish();
  }

  std::optional<v1::SubscribeResponse> Next() {
    v1::SubscribeResponse message;
    if (!stream_->Read(&message)) return std::nullopt;
    Count(message);
    return message;
  }

  // Reads until `alerts` were delivered or lost in all. False if the stream ended before.
  bool ReadUntil(std::uint64_t alerts) {
    while (ids.size() + lost < alerts) {
      if (!Next()) return false;
    }
    return true;
  }

  std::optional<v1::Heartbeat> NextHeartbeat() {
    while (auto message = Next()) {
      if (message->has_heartbeat()) return message->heartbeat();
    }
    return std::nullopt;
  }

  grpc::Status Finish() {
    if (!status_) status_ = stream_->Finish();
    return *status_;
  }
  void Cancel() { context_.TryCancel(); }

  std::vector<int> ids;  // of the alerts, as they came
  std::uint64_t cursor = 0;
  std::uint64_t lost = 0;  // as the gaps said
  std::size_t gaps = 0;
  std::size_t batches = 0;
  std::size_t bytes = 0;

 private:
  // In order, without repetition, and what a gap says ends before what follows.
  void Count(const v1::SubscribeResponse& message) {
    bytes += message.ByteSizeLong();
    if (message.has_gap()) {
      ++gaps;
      lost += message.gap().count();
      EXPECT_GT(message.gap().count(), 0u);
      EXPECT_GT(message.gap().last_time().nanos(),
                last_);  // what was deleted began before, perhaps
      EXPECT_GE(message.gap().last_time().nanos(), message.gap().first_time().nanos());
      last_ = message.gap().last_time().nanos();
    }
    batches += message.has_alerts() ? 1 : 0;
    for (const v1::Alert& alert : message.alerts().alerts()) {
      ids.push_back(std::stoi(alert.id()));
      EXPECT_GT(alert.cursor(), cursor);
      cursor = alert.cursor();
      EXPECT_GT(ids.back(), last_);
      last_ = ids.back();
    }
    if (message.has_heartbeat()) {
      const v1::SubscriptionCounters& counters = message.heartbeat().subscription();
      EXPECT_EQ(counters.seen(), counters.delivered() + counters.filtered() + counters.dropped());
      EXPECT_EQ(counters.delivered(), ids.size());
      EXPECT_EQ(counters.dropped(), lost);
    }
  }

  std::unique_ptr<v1::AlertService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> stream_;
  std::optional<grpc::Status> status_;
  int last_ = 0;
};

// Heartbeats come every 20 ms, if a test asks for it.
inline StreamOptions FastHeartbeats() {
  StreamOptions options;
  options.limits.min_heartbeat = std::chrono::milliseconds(20);
  return options;
}
inline v1::SubscribeRequest EveryTwentyMs() {
  v1::SubscribeRequest request;
  request.mutable_heartbeat_interval()->set_nanos(20'000'000);
  return request;
}

}  // namespace nezuban::rpc
