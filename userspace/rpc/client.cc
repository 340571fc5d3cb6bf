// SPDX-License-Identifier: Apache-2.0
#include "rpc/client.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/text.h"
#include "nezuban/v1/alert_service.grpc.pb.h"
#include "nezuban/v1/node_service.grpc.pb.h"
#include "rpc/channel.h"
#include "rpc/to_proto.h"

namespace nezuban::rpc {
namespace {

v1::SubscribeRequest RequestToProto(const WatchRequest& request) {
  v1::SubscribeRequest out;
  out.set_min_priority(static_cast<v1::Priority>(ToProto(request.min_priority)));
  for (const std::string& glob : request.rule_globs) out.add_rules(ValidUtf8(glob));
  if (request.heartbeat.count() > 0) {
    out.mutable_heartbeat_interval()->set_seconds(request.heartbeat.count() / 1000);
    out.mutable_heartbeat_interval()->set_nanos(
        static_cast<std::int32_t>(request.heartbeat.count() % 1000 * 1'000'000));
  }
  for (const std::string& tag : request.tags) out.add_tags(ValidUtf8(tag));
  out.set_condition(ValidUtf8(request.condition));
  out.set_name(ValidUtf8(request.name));
  switch (request.start.at) {
    case store::Start::At::kOldest:
      out.set_position(v1::START_POSITION_OLDEST);
      break;
    case store::Start::At::kNewest:
      out.set_position(v1::START_POSITION_NEWEST);
      break;
    case store::Start::At::kAfter:
      out.set_after_cursor(request.start.cursor);
      break;
  }
  return out;
}

bool CallBack(const v1::SubscribeResponse& message, const StreamCallbacks& callbacks) {
  switch (message.message_case()) {
    case v1::SubscribeResponse::kAlerts:
      return std::all_of(
          message.alerts().alerts().begin(), message.alerts().alerts().end(),
          [&](const v1::Alert& alert) { return callbacks.on_alert(FromProto(alert)); });
    case v1::SubscribeResponse::kGap:
      return callbacks.on_gap(FromProto(message.gap()));
    case v1::SubscribeResponse::kHeartbeat:
      return callbacks.on_heartbeat(FromProto(message.heartbeat()));
    case v1::SubscribeResponse::MESSAGE_NOT_SET:
      break;  // a kind of a later version
  }
  return true;
}

}  // namespace

struct Client::Impl {
  const Target target;

  std::mutex mutex;
  bool cancelled = false;
  grpc::ClientContext* context = nullptr;  // of the Follow that runs

  // False if it was cancelled already.
  bool Begin(grpc::ClientContext* running) {
    std::lock_guard lock(mutex);
    if (!cancelled) context = running;
    return !cancelled;
  }
  // Whether it was cancelled by then.
  bool End() {
    std::lock_guard lock(mutex);
    context = nullptr;
    return cancelled;
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::Create(const Endpoint& endpoint) {
  ASSIGN_OR_RETURN(Target target, ToTarget(endpoint));
  return Client(std::unique_ptr<Impl>(new Impl{std::move(target)}));
}

Result<NodeStatus> Client::GetStatus(std::chrono::milliseconds timeout) {
  const auto stub = v1::NodeService::NewStub(Connect(impl_->target));
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  v1::GetStatusResponse response;
  const grpc::Status status = stub->GetStatus(&context, {}, &response);
  if (!status.ok()) return tl::unexpected<Error>(ToError(impl_->target.address, status));
  return FromProto(response);
}

Status Client::Acknowledge(const std::string& name, store::Cursor cursor,
                           std::chrono::milliseconds timeout) {
  const auto stub = v1::AlertService::NewStub(Connect(impl_->target));
  grpc::ClientContext context;
  SetDeadline(context, timeout);
  v1::AcknowledgeRequest request;
  request.set_name(ValidUtf8(name));
  request.set_cursor(cursor);
  v1::AcknowledgeResponse response;
  const grpc::Status status = stub->Acknowledge(&context, request, &response);
  if (!status.ok()) return tl::unexpected<Error>(ToError(impl_->target.address, status));
  return {};
}

StreamResult Client::Follow(const WatchRequest& request, const StreamCallbacks& callbacks) {
  const auto stub = v1::AlertService::NewStub(Connect(impl_->target));
  grpc::ClientContext context;
  if (!impl_->Begin(&context)) return {};
  StreamResult result;
  const auto reader = stub->Subscribe(&context, RequestToProto(request));
  v1::SubscribeResponse message;
  bool stopped = false;
  while (!stopped && reader->Read(&message)) {
    result.connected = true;
    stopped = !CallBack(message, callbacks);
  }
  if (stopped) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (impl_->End() || stopped) return result;
  const bool lost = status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE;
  result.end = lost ? StreamEnd::kLost : StreamEnd::kRefused;
  result.error = ToError(impl_->target.address, status);
  return result;
}

void Client::Cancel() {
  std::lock_guard lock(impl_->mutex);
  impl_->cancelled = true;
  if (impl_->context != nullptr) impl_->context->TryCancel();
}

}  // namespace nezuban::rpc
