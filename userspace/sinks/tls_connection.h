// SPDX-License-Identifier: Apache-2.0
// TLS to one peer: 1.2 at least, the peer's certificate and its name checked, always.
#pragma once

#include <memory>
#include <string>

#include "sinks/options.h"
#include "sinks/peer_socket.h"

namespace nezuban::sinks {

// Connects to `address` and shakes hands. Files of `options` are read anew each time. Error: which
// step failed and why, in OpenSSL's words ("certificate has expired").
Result<std::unique_ptr<Connection>> ConnectTls(const std::string& address,
                                               const TlsOptions& options, Deadline deadline);

}  // namespace nezuban::sinks
