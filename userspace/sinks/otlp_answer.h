// SPDX-License-Identifier: Apache-2.0
// What a receiver of OpenTelemetry says to a batch. For sinks/'s own .cc files only: it includes
// gRPC.
#pragma once

#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>

#include "opentelemetry/logs_service.pb.h"
#include "sinks/destination.h"

namespace nezuban::sinks {

using ExportResponse = opentelemetry::proto::collector::logs::v1::ExportLogsServiceResponse;

// Of an export of `count` records to `peer`, whose words are not trusted. kRetry: try a new
// connection.
SendResult JudgeExport(const grpc::Status& status, const ExportResponse& response,
                       const std::string& peer, std::size_t count);

}  // namespace nezuban::sinks
