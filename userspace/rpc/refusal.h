// SPDX-License-Identifier: Apache-2.0
// Refusals: why a call fails, with details that programs read (nezuban.v1.ErrorStatus). For rpc/'s
// own .cc files only: it includes gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>

#include "base/result.h"

namespace nezuban::rpc {

// INVALID_ARGUMENT. Each line of the error is a problem: "MEMBER: WHAT".
grpc::Status BadRequest(const Error& error);

// RESOURCE_EXHAUSTED: there is too much of `subject`. Trying again may help after `retry`; never,
// if that is 0.
grpc::Status OverQuota(const std::string& subject, const std::string& message,
                       std::chrono::seconds retry);

// UNAVAILABLE: it may be otherwise in a while.
grpc::Status TryLater(const std::string& message);

// PERMISSION_DENIED. `reason` is a constant for programs.
grpc::Status Denied(const std::string& reason, const std::string& message);

}  // namespace nezuban::rpc
