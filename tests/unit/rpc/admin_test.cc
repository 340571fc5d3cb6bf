// SPDX-License-Identifier: Apache-2.0
// Administrators' calls that are abandoned, take too long or are too many.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "nezuban/v1/admin_service.grpc.pb.h"
#include "test_server.h"
#include "testlib/eventually.h"

namespace nezuban::rpc {
namespace {

using testlib::Eventually;

// A server with `calls`, and a way to it.
struct AdminServer {
  explicit AdminServer(AdminCalls calls) {
    auto started =
        Server::Start({.socket_path = dir / "x.sock"}, *SomeStore(), SomeStatus, std::move(calls));
    EXPECT_TRUE(started) << started.error().message;
    if (started) server = std::move(*started);
  }
  std::unique_ptr<v1::AdminService::Stub> Stub() {
    // Else a slow machine is taken for a long way, and megabytes are on it that nobody reads.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return v1::AdminService::NewStub(grpc::CreateCustomChannel(
        "unix:" + (dir / "x.sock"), grpc::InsecureChannelCredentials(), arguments));
  }
  testlib::TempDir dir;
  std::unique_ptr<Server> server;
};

TEST(Admin, WhatNobodyWaitsForIsNotCompiledOn) {
  std::atomic<bool> began = false;
  std::atomic<bool> stopped = false;
  AdminCalls calls = SomeAdmin();
  calls.check_rules = [&](const std::vector<RuleFile>&, const std::function<bool()>& stop) {
    began = true;
    stopped = Eventually(stop);
    CheckedRules checked;
    checked.given_up = true;
    return checked;
  };
  AdminServer server(std::move(calls));
  const auto stub = server.Stub();
  {
    grpc::ClientContext context;
    v1::CheckRulesResponse response;
    const auto writer = stub->CheckRules(&context, &response);
    EXPECT_TRUE(writer->WritesDone());
    ASSERT_TRUE(Eventually([&] { return began.load(); }));
    context.TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
  }
  EXPECT_TRUE(Eventually([&] { return stopped.load(); }));
  grpc::ClientContext context;  // and the next is answered
  v1::ReloadRulesResponse reloaded;
  EXPECT_TRUE(stub->ReloadRules(&context, {}, &reloaded).ok());
}

TEST(Admin, WhatIsGivenUpIsTold) {
  AdminCalls calls = SomeAdmin();
  calls.check_rules = [](const std::vector<RuleFile>&, const std::function<bool()>&) {
    CheckedRules checked;
    checked.given_up = true;
    return checked;
  };
  AdminServer server(std::move(calls));
  grpc::ClientContext context;
  v1::CheckRulesResponse response;
  const auto stub = server.Stub();
  const auto writer = stub->CheckRules(&context, &response);
  writer->WritesDone();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

// Each keeps megabytes until it was read.
TEST(Admin, ListsThatNobodyReadsAreBounded) {
  AdminCalls calls = SomeAdmin();
  calls.list_rules = []() -> Result<std::vector<LoadedRule>> {
    LoadedRule rule;
    rule.description = std::string(4000, 'x');
    return std::vector<LoadedRule>(2000, rule);
  };
  AdminServer server(std::move(calls));
  const auto stub = server.Stub();
  constexpr int kCalls = 12;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::ListRulesResponse>>> readers;
  for (int i = 0; i < kCalls; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(stub->ListRules(contexts.back().get(), {}));
    v1::ListRulesResponse page;
    if (readers.back()->Read(&page)) continue;
    EXPECT_EQ(readers.back()->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    readers.pop_back();
  }
  EXPECT_EQ(readers.size(), 8u);
  for (const auto& context : contexts) context->TryCancel();
  for (const auto& reader : readers) static_cast<void>(reader->Finish());
  EXPECT_TRUE(Eventually([&] {
    grpc::ClientContext context;
    v1::ListRulesResponse page;
    const auto reader = stub->ListRules(&context, {});
    while (reader->Read(&page)) {
    }
    return reader->Finish().ok();
  }));
}

}  // namespace
}  // namespace nezuban::rpc
