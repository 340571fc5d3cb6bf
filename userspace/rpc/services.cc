// SPDX-License-Identifier: Apache-2.0
#include "rpc/services.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <chrono>
#include <memory>
#include <utility>

#include "rpc/refusal.h"
#include "rpc/subscriber.h"
#include "rpc/subscription.h"
#include "rpc/to_proto.h"

namespace nezuban::rpc {
namespace {

constexpr std::chrono::seconds kRetryPlace{10};

// A stream that ends before it began. Owns itself, as gRPC's reactors do.
class Refusal final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit Refusal(grpc::Status status) { Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

bool Parse(const grpc::ByteBuffer& bytes, v1::SubscribeRequest& request) {
  grpc::ByteBuffer readable(bytes);  // reading consumes; this copies references only
  grpc::ProtoBufferReader reader(&readable);
  return reader.status().ok() && request.ParseFromZeroCopyStream(&reader);
}

// What the store said to a client: a cursor that it never gave out, or `otherwise`.
grpc::Status Refused(AlertStream& stream, store::Cursor cursor, grpc::StatusCode otherwise,
                     const Error& error) {
  const bool ahead = cursor > stream.store().counters().newest;
  if (ahead) return {grpc::StatusCode::FAILED_PRECONDITION, error.message};
  if (otherwise == grpc::StatusCode::RESOURCE_EXHAUSTED) {
    return OverQuota("names", error.message, kRetryPlace);
  }
  return {otherwise, error.message};
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* AlertService::Subscribe(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes) {
  using grpc::StatusCode;
  grpc::Status allowed = Require(Role::kRead, *context, *access_.rules());
  if (!allowed.ok()) return new Refusal(std::move(allowed));
  v1::SubscribeRequest request;
  if (!Parse(*bytes, request)) {
    return new Refusal({StatusCode::INVALID_ARGUMENT,
                        "expected a nezuban.v1.SubscribeRequest with text in UTF-8"});
  }
  auto subscription = ParseSubscription(request, stream_.options().limits);
  if (!subscription) {
    return new Refusal(BadRequest(subscription.error()));
  }
  allowed = RequirePlace(subscription->name, *context, *access_.rules());
  if (!allowed.ok()) return new Refusal(std::move(allowed));
  // Only for its place: the stream reads for all.
  const auto reader = stream_.store().OpenReader(subscription->name, subscription->start);
  if (!reader)
    return new Refusal(Refused(stream_, subscription->start.cursor,
                               grpc::StatusCode::RESOURCE_EXHAUSTED, reader.error()));
  auto subscriber =
      std::make_shared<Subscriber>(stream_, std::move(*subscription), (*reader)->position());
  Subscriber* reactor = subscriber.get();
  switch (stream_.Add(std::move(subscriber))) {
    case AddResult::kAdded:
      break;
    case AddResult::kTooMany:
      return new Refusal(OverQuota("subscribers",
                                   "at most " + std::to_string(stream_.options().max_subscribers) +
                                       " subscribers are served at once",
                                   kRetryPlace));
    case AddResult::kTooDear:
      return new Refusal(
          OverQuota("conditions",
                    "the conditions of all subscribers together would be larger than " +
                        std::to_string(stream_.options().condition_bytes) + " bytes",
                    kRetryPlace));
    case AddResult::kStopping:
      return new Refusal(TryLater("the monitor is stopping"));
  }
  return reactor;  // lives until its OnDone, which cannot come before gRPC has it
}

grpc::ServerUnaryReactor* AlertService::Acknowledge(grpc::CallbackServerContext* context,
                                                    const v1::AcknowledgeRequest* request,
                                                    v1::AcknowledgeResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const grpc::Status allowed = Require(Role::kRead, *context, *access_.rules());
      !allowed.ok()) {
    reactor->Finish(allowed);
    return reactor;
  }
  if (const Status good = CheckName(request->name()); !good) {
    reactor->Finish(BadRequest(good.error()));
    return reactor;
  }
  if (const grpc::Status allowed = RequirePlace(request->name(), *context, *access_.rules());
      !allowed.ok()) {
    reactor->Finish(allowed);
    return reactor;
  }
  const Status done = stream_.store().Acknowledge(request->name(), request->cursor());
  reactor->Finish(
      done ? grpc::Status::OK
           : Refused(stream_, request->cursor(), grpc::StatusCode::NOT_FOUND, done.error()));
  return reactor;
}

grpc::ServerUnaryReactor* NodeService::GetStatus(grpc::CallbackServerContext* context,
                                                 const v1::GetStatusRequest*,
                                                 v1::GetStatusResponse* response) {
  const grpc::Status allowed = Require(Role::kRead, *context, *access_.rules());
  if (allowed.ok()) {
    NodeStatus status = status_();
    Fill(stream_.counters(), status);
    ToProto(status, *response);
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(allowed);
  return reactor;
}

}  // namespace nezuban::rpc
