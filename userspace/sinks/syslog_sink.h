// SPDX-License-Identifier: Apache-2.0
// Syslog: RFC 5424 messages over a unix socket, UDP (RFC 5426), TCP (RFC 6587, octet counting) or
// TLS (RFC 5425). Over a stream a message is taken once the peer's system has acknowledged it: the
// protocol has no answer of its own.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sinks/destination.h"
#include "sinks/options.h"
#include "sinks/peer_socket.h"

namespace nezuban::sinks {

class SyslogSink final : public Destination {
 public:
  SyslogSink(const SinkOptions& options, NodeNames names);

  SendResult Send(std::span<const Outgoing> batch) override;

 private:
  Status EnsureConnected(Deadline deadline);
  SendResult SendDatagrams(std::span<const Outgoing> batch, Deadline deadline);
  int SendDatagram(const std::string& message, Deadline deadline);
  SendResult SendStream(std::span<const Outgoing> batch, Deadline deadline);

  const SyslogOptions options_;
  const std::chrono::milliseconds timeout_;
  const NodeNames names_;
  UniqueFd datagrams_;                  // unix and UDP
  std::unique_ptr<Connection> stream_;  // TCP and TLS
};

Result<std::unique_ptr<Destination>> OpenSyslog(const SinkOptions& options, const NodeNames& names);

}  // namespace nezuban::sinks
