// SPDX-License-Identifier: Apache-2.0
// The gRPC services of nezuban.v1. For rpc/'s own .cc files only: it includes gRPC.
#pragma once

#include "nezuban/v1/alert_service.grpc.pb.h"
#include "nezuban/v1/node_service.grpc.pb.h"
#include "rpc/access.h"
#include "rpc/alert_stream.h"
#include "rpc/node_status.h"

namespace nezuban::rpc {

// Subscribe works on bytes (the "raw" method), so that an alert encoded once goes out as it is.
class AlertService final
    : public v1::AlertService::WithRawCallbackMethod_Subscribe<
          v1::AlertService::WithCallbackMethod_Acknowledge<v1::AlertService::Service>> {
 public:
  AlertService(AlertStream& stream, const Access& access) : stream_(stream), access_(access) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                        const v1::AcknowledgeRequest* request,
                                        v1::AcknowledgeResponse* response) override;

 private:
  AlertStream& stream_;
  const Access& access_;
};

class NodeService final : public v1::NodeService::CallbackService {
 public:
  NodeService(const AlertStream& stream, const StatusProvider& status, const Access& access)
      : stream_(stream), status_(status), access_(access) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;

 private:
  const AlertStream& stream_;
  const StatusProvider& status_;
  const Access& access_;
};

}  // namespace nezuban::rpc
