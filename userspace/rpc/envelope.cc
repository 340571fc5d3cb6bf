// SPDX-License-Identifier: Apache-2.0
#include "rpc/envelope.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpc/slice.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "alert/proto.h"
#include "base/check.h"
#include "nezuban/v1/alert_service.pb.h"
#include "rpc/to_proto.h"

namespace nezuban::rpc {
namespace {

using google::protobuf::io::CodedOutputStream;

// The key of a length-delimited field (protobuf encoding: field number << 3 | wire type 2).
constexpr std::uint8_t LengthDelimitedKey(int field) {
  return static_cast<std::uint8_t>(field << 3 | 2);
}
constexpr std::uint8_t kAlertKey = LengthDelimitedKey(v1::AlertBatch::kAlertsFieldNumber);
constexpr std::uint8_t kBatchKey = LengthDelimitedKey(v1::SubscribeResponse::kAlertsFieldNumber);
static_assert(v1::AlertBatch::kAlertsFieldNumber < 16, "the key must fit one byte");
static_assert(v1::SubscribeResponse::kAlertsFieldNumber < 16, "the key must fit one byte");

// The store's bytes with what makes them a field.
grpc::Slice AsField(std::string_view alert) {
  const auto size = static_cast<std::uint32_t>(alert.size());
  const std::size_t prefix = 1 + CodedOutputStream::VarintSize32(size);
  grpc_slice slice = grpc_slice_malloc(prefix + size);
  std::uint8_t* out = GRPC_SLICE_START_PTR(slice);
  *out++ = kAlertKey;
  out = CodedOutputStream::WriteVarint32ToArray(size, out);
  std::ranges::copy(alert, out);
  return grpc::Slice(slice, grpc::Slice::STEAL_REF);
}

grpc::ByteBuffer Serialize(const v1::SubscribeResponse& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

EncodedAlert::EncodedAlert(store::StoredAlert alert, std::atomic<std::size_t>& live_bytes)
    : stored(std::move(alert)), bytes(AsField(*stored.bytes)), live_bytes_(live_bytes) {
  live_bytes_ += bytes.size();
}

EncodedAlert::~EncodedAlert() { live_bytes_ -= bytes.size(); }

const alert::Alert& EncodedAlert::alert() const {
  std::call_once(parsed_, [this] {
    if (auto parsed = alert::ParseAlert(*stored.bytes)) alert_ = *std::move(parsed);
  });
  return alert_;
}

grpc::ByteBuffer BatchMessage(std::span<const EncodedAlertPtr> alerts) {
  CHECK(!alerts.empty());
  std::size_t total = 0;
  for (const EncodedAlertPtr& alert : alerts) total += alert->bytes.size();
  std::array<std::uint8_t, 11> head;
  head[0] = kBatchKey;
  const std::uint8_t* end = CodedOutputStream::WriteVarint64ToArray(total, head.data() + 1);
  std::vector<grpc::Slice> slices;
  slices.reserve(alerts.size() + 1);
  slices.emplace_back(head.data(), static_cast<std::size_t>(end - head.data()));
  for (const EncodedAlertPtr& alert : alerts) slices.push_back(alert->bytes);
  return grpc::ByteBuffer(slices.data(), slices.size());
}

grpc::ByteBuffer GapMessage(const store::StoredGap& gap) {
  v1::SubscribeResponse message;
  ToProto(gap, *message.mutable_gap());
  return Serialize(message);
}

grpc::ByteBuffer HeartbeatMessage(const Heartbeat& heartbeat) {
  v1::SubscribeResponse message;
  ToProto(heartbeat, *message.mutable_heartbeat());
  return Serialize(message);
}

}  // namespace nezuban::rpc
