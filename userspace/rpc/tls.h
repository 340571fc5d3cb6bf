// SPDX-License-Identifier: Apache-2.0
// Mutual TLS on the service's TCP port. For rpc/'s own .cc files only: it includes gRPC.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "rpc/server.h"

namespace nezuban::rpc {

// TLS 1.2 or newer; nobody gets in without a certificate that the client CA vouches for. The files
// are read again every few seconds: what was replaced counts for new connections. Error (exit 1): a
// file cannot be read, or is not what it should be; later that only keeps the old one in use.
Result<std::shared_ptr<grpc::ServerCredentials>> ServerTls(const TlsOptions& options);

}  // namespace nezuban::rpc
