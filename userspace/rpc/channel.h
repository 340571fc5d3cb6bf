// SPDX-License-Identifier: Apache-2.0
// How clients reach a monitor. For rpc/'s own .cc files only: it includes gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "rpc/endpoint.h"

namespace nezuban::rpc {

// An endpoint with its files read and its address as gRPC wants it.
struct Target {
  std::string address;  // as the user wrote it, for errors
  std::string target;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string tls_name;
};

// Error (exit 1): an address that is not allowed, files that cannot be read.
Result<Target> ToTarget(const Endpoint& endpoint);

// A new connection each time: a channel that failed would wait by itself before it tries again, and
// the caller's own pause is the one that the user is told.
std::shared_ptr<grpc::Channel> Connect(const Target& target);

// From now on.
void SetDeadline(grpc::ClientContext& context, std::chrono::milliseconds timeout);

// exit_code 1 for a bad request or one that is not allowed.
Error ToError(const std::string& address, const grpc::Status& status);

}  // namespace nezuban::rpc
