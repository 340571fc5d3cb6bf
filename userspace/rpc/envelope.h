// SPDX-License-Identifier: Apache-2.0
// The bytes of a stream: an alert is encoded once, and every message that carries it refers to
// those bytes. For rpc/'s own .cc files only: it includes gRPC.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "alert/alert.h"
#include "rpc/node_status.h"
#include "store/entry.h"

namespace nezuban::rpc {

// What a subscription's filter needs, and the alert as a field of an AlertBatch. Immutable, shared
// by the queues of all subscribers (hence the shared_ptr): `bytes` is reference-counted by gRPC.
class EncodedAlert {
 public:
  // Adds its size to `live_bytes` for as long as it exists.
  EncodedAlert(store::StoredAlert alert, std::atomic<std::size_t>& live_bytes);
  ~EncodedAlert();
  EncodedAlert(const EncodedAlert&) = delete;
  EncodedAlert& operator=(const EncodedAlert&) = delete;

  // All of it, made when first asked for; most subscribers do not. Thread-safe.
  const alert::Alert& alert() const;

  const store::StoredAlert stored;
  const grpc::Slice bytes;

 private:
  std::atomic<std::size_t>& live_bytes_;
  mutable std::once_flag parsed_;
  mutable alert::Alert alert_;
};
using EncodedAlertPtr = std::shared_ptr<const EncodedAlert>;

// A SubscribeResponse each. An alert's bytes are not copied.
grpc::ByteBuffer BatchMessage(std::span<const EncodedAlertPtr> alerts);
grpc::ByteBuffer GapMessage(const store::StoredGap& gap);
grpc::ByteBuffer HeartbeatMessage(const Heartbeat& heartbeat);

}  // namespace nezuban::rpc
