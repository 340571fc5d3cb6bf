// SPDX-License-Identifier: Apache-2.0
// A connection to one peer, with time limits on everything.
#pragma once

#include <netdb.h>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace nezuban::sinks {

using Deadline = std::chrono::steady_clock::time_point;

struct HostPort {
  std::string host;  // without brackets
  std::string port;
};
// REQUIRES: "HOST:PORT", IPv6 in brackets.
HostPort SplitHostPort(const std::string& address);

// A socket of a unix domain, not blocking. `kind` is SOCK_DGRAM or SOCK_STREAM.
Result<UniqueFd> ConnectUnix(const std::string& path, int kind);

// A connected socket, not blocking: each address of the host is tried until one answers. Finding
// the addresses is not within `deadline`: the resolver has its own limits (resolv.conf(5): timeout,
// attempts).
Result<UniqueFd> ConnectHost(const std::string& address, int kind, Deadline deadline);
// The same with addresses that are known. Each but the last may use its share of the time only.
Result<UniqueFd> ConnectAny(const addrinfo* addresses, int kind, Deadline deadline);

// Error: nothing happened in time.
Status WaitFor(int fd, short events, Deadline deadline);

// Bytes to a peer and the certainty that its side has them.
class Connection {
 public:
  virtual ~Connection() = default;
  // All of it, or an error after which the connection is of no use any more.
  virtual Status Write(std::string_view bytes, Deadline deadline) = 0;
  // Waits until the peer's system has taken all that was written. Error: it is gone, or too slow.
  virtual Status Flush(Deadline deadline) = 0;
  // Error: the peer has closed the connection or broken it.
  virtual Status Check() = 0;
};

// Waits until nothing that was sent on `fd` is without the peer's acknowledgement.
Status WaitUntilAcknowledged(int fd, Deadline deadline);

// TCP, or a stream of the unix domain.
class PlainConnection final : public Connection {
 public:
  explicit PlainConnection(UniqueFd fd) : fd_(std::move(fd)) {}
  Status Write(std::string_view bytes, Deadline deadline) override;
  Status Flush(Deadline deadline) override;
  Status Check() override;

 private:
  UniqueFd fd_;
};

}  // namespace nezuban::sinks
