// SPDX-License-Identifier: Apache-2.0
// EventStream: writes what an EventWatch has, until the client is gone. For rpc/'s own .cc files
// only: it includes gRPC.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "nezuban/v1/admin_service.pb.h"
#include "rpc/event_watch.h"

namespace nezuban::rpc {

// Owns itself, as gRPC's reactors do. Begin or Refuse it, once. Between two writes it waits for an
// alarm: nobody is kept waiting, and nothing wakes for events nobody has time to read.
class EventStream final : public grpc::ServerWriteReactor<v1::WatchEventsResponse> {
 public:
  void Begin(std::shared_ptr<EventWatch> watch);
  void Refuse(grpc::Status status) { Finish(std::move(status)); }

  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  using Clock = std::chrono::steady_clock;
  void WaitAndWrite();
  void Next();

  std::shared_ptr<EventWatch> watch_;
  v1::WatchEventsResponse message_;
  std::optional<grpc::Alarm> alarm_;  // a new one each time: the last may still be calling
  Clock::time_point next_counts_{};
  std::atomic<bool> cancelled_{false};
};

}  // namespace nezuban::rpc
