// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace nezuban::rpc {

// Keeps gRPC and protobuf from printing on standard error: their errors come to us as values, and
// peers must not be able to fill a log. Left alone if GRPC_VERBOSITY is set, for debugging.
void QuietLibraries();

}  // namespace nezuban::rpc
