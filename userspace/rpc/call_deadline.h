// SPDX-License-Identifier: Apache-2.0
// CallDeadline: cancels a call that is not over in time. For rpc/'s own .cc files only: it includes
// gRPC.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <mutex>

namespace nezuban::rpc {

// A member of the call's reactor: who destroys it is done with the context.
class CallDeadline {
 public:
  CallDeadline(grpc::CallbackServerContext& context, std::chrono::milliseconds after)
      : call_(std::make_shared<Call>()) {
    call_->context = &context;
    alarm_.Set(std::chrono::system_clock::now() + after, [call = call_](bool expired) {
      const std::lock_guard lock(call->mutex);
      if (expired && call->context != nullptr) call->context->TryCancel();
    });
  }
  ~CallDeadline() {
    const std::lock_guard lock(call_->mutex);
    call_->context = nullptr;
  }
  CallDeadline(const CallDeadline&) = delete;
  CallDeadline& operator=(const CallDeadline&) = delete;

 private:
  struct Call {
    std::mutex mutex;
    grpc::CallbackServerContext* context = nullptr;
  };
  std::shared_ptr<Call> call_;  // outlives this if the alarm just goes off
  grpc::Alarm alarm_;
};

}  // namespace nezuban::rpc
