// SPDX-License-Identifier: Apache-2.0
// Addresses as users write them, and as gRPC wants them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nezuban::rpc {

// "unix:" and the absolute path, percent-encoded: gRPC decodes it. Error (exit 1): a path too long
// for a socket's address, empty or with a NUL.
Result<std::string> UnixTarget(const std::string& path);

// Checks "127.0.0.1:PORT" (any of 127.0.0.0/8) or "[::1]:PORT" for listening; port 0 lets the
// kernel choose. Error (exit 1) for anything else: what leaves the machine needs TLS.
Result<std::string> LoopbackTarget(const std::string& address);

// Checks "ADDRESS:PORT" for listening with TLS: any numeric IPv4 or bracketed IPv6 address. Error
// (exit 1) for anything else.
Result<std::string> TlsTarget(const std::string& address);

// Checks "HOST:PORT" for connecting with TLS. Error (exit 1) for anything else.
Result<std::string> RemoteTarget(const std::string& address);

// What a client may connect to without TLS: "unix:PATH", "unix:///PATH", or a loopback address as
// above.
Result<std::string> ClientTarget(const std::string& address);

}  // namespace nezuban::rpc
