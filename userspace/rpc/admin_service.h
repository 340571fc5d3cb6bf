// SPDX-License-Identifier: Apache-2.0
// nezuban.v1.AdminService. For rpc/'s own .cc files only: it includes gRPC.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "base/bounded_queue.h"
#include "nezuban/v1/admin_service.grpc.pb.h"
#include "rpc/access.h"
#include "rpc/admin.h"

namespace nezuban::rpc {

// A thread of its own answers the calls one after the other: compiling rules takes its time, and
// gRPC's threads have streams to serve.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  // REQUIRES: `access` outlives it.
  AdminService(AdminCalls calls, const Access& access);
  // REQUIRES: the server was shut down.
  ~AdminService() override;

  grpc::ServerWriteReactor<v1::ListRulesResponse>* ListRules(
      grpc::CallbackServerContext* context, const v1::ListRulesRequest* request) override;
  grpc::ServerReadReactor<v1::CheckRulesRequest>* CheckRules(
      grpc::CallbackServerContext* context, v1::CheckRulesResponse* response) override;
  grpc::ServerUnaryReactor* ReloadRules(grpc::CallbackServerContext* context,
                                        const v1::ReloadRulesRequest* request,
                                        v1::ReloadRulesResponse* response) override;
  grpc::ServerWriteReactor<v1::ListContainersResponse>* ListContainers(
      grpc::CallbackServerContext* context, const v1::ListContainersRequest* request) override;
  grpc::ServerWriteReactor<v1::WatchEventsResponse>* WatchEvents(
      grpc::CallbackServerContext* context, const v1::WatchEventsRequest* request) override;

 private:
  using Task = std::function<void()>;
  class Check;
  void Run();
  void Compile(Check& check, v1::CheckRulesResponse& response);
  // A stream of the messages that `make_pages` makes on the worker.
  template <typename Response, typename MakePages>
  grpc::ServerWriteReactor<Response>* Answer(grpc::CallbackServerContext* context,
                                             MakePages make_pages);

  const AdminCalls calls_;
  const Access& access_;
  BoundedQueue<Task> tasks_;
  std::atomic<int> checks_{0};    // CheckRules calls that are open: each keeps what was sent
  std::atomic<int> listings_{0};  // the same of lists: each keeps what is to be read
  std::thread worker_;
};

}  // namespace nezuban::rpc
