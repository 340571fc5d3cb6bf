// SPDX-License-Identifier: Apache-2.0
#include "sinks/syslog_sink.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "sinks/syslog_message.h"
#include "sinks/tls_connection.h"

namespace nezuban::sinks {
namespace {

constexpr std::string_view kLocalSocket = "/dev/log";

bool IsStream(SyslogTransport transport) {
  return transport == SyslogTransport::kTcp || transport == SyslogTransport::kTls;
}

SyslogOptions WithDefaults(SyslogOptions options) {
  if (options.address.empty()) options.address = kLocalSocket;
  return options;
}

}  // namespace

SyslogSink::SyslogSink(const SinkOptions& options, NodeNames names)
    : options_(WithDefaults(options.syslog)), timeout_(options.timeout), names_(std::move(names)) {}

SendResult SyslogSink::Send(std::span<const Outgoing> batch) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout_;
  if (const Status connected = EnsureConnected(deadline); !connected) {
    return SendResult::Retry(connected.error().message);
  }
  return IsStream(options_.transport) ? SendStream(batch, deadline)
                                      : SendDatagrams(batch, deadline);
}

Status SyslogSink::EnsureConnected(Deadline deadline) {
  if (stream_ != nullptr && !stream_->Check()) stream_.reset();  // closed while we were idle
  if (stream_ != nullptr || datagrams_.valid()) return {};
  switch (options_.transport) {
    case SyslogTransport::kUnix: {
      ASSIGN_OR_RETURN(datagrams_, ConnectUnix(options_.address, SOCK_DGRAM));
      return {};
    }
    case SyslogTransport::kUdp: {
      ASSIGN_OR_RETURN(datagrams_, ConnectHost(options_.address, SOCK_DGRAM, deadline));
      return {};
    }
    case SyslogTransport::kTcp: {
      ASSIGN_OR_RETURN(UniqueFd fd, ConnectHost(options_.address, SOCK_STREAM, deadline));
      stream_ = std::make_unique<PlainConnection>(std::move(fd));
      return {};
    }
    case SyslogTransport::kTls: {
      ASSIGN_OR_RETURN(stream_, ConnectTls(options_.address, options_.tls, deadline));
      return {};
    }
  }
  return {};
}

SendResult SyslogSink::SendDatagrams(std::span<const Outgoing> batch, Deadline deadline) {
  for (std::size_t sent = 0; sent < batch.size(); ++sent) {
    const int error = SendDatagram(SyslogMessage(batch[sent], options_, names_), deadline);
    if (error == 0) continue;
    datagrams_.reset();  // a socket that was made anew has another address behind the same name
    const std::string problem = "send to " + options_.address + ": " + std::strerror(error);
    // Larger than the way to the peer allows: trying again would not help.
    return error == EMSGSIZE ? SendResult::Refused(problem, sent)
                             : SendResult::Retry(problem, sent);
  }
  return SendResult::Taken(batch.size());
}

// Gives errno; 0 if it was sent.
int SyslogSink::SendDatagram(const std::string& message, Deadline deadline) {
  bool again = false;
  while (::send(datagrams_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != ENOBUFS) return errno;
    // The socket may have room, and be ready at once, while the queue behind it is full.
    if (std::exchange(again, true)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const bool ready = WaitFor(datagrams_.get(), POLLOUT, deadline).has_value();
    if (!ready || std::chrono::steady_clock::now() >= deadline) return ETIMEDOUT;
  }
  return 0;
}

SendResult SyslogSink::SendStream(std::span<const Outgoing> batch, Deadline deadline) {
  std::string bytes;
  for (const Outgoing& outgoing : batch) {
    const std::string message = SyslogMessage(outgoing, options_, names_);
    bytes += std::to_string(message.size()) + ' ' + message;
  }
  Status status = stream_->Write(bytes, deadline);
  if (status) status = stream_->Flush(deadline);
  if (status) return SendResult::Taken(batch.size());
  stream_.reset();  // where in a message it broke is not known: all of them again, on a new one
  return SendResult::Retry(options_.address + ": " + status.error().message);
}

Result<std::unique_ptr<Destination>> OpenSyslog(const SinkOptions& options,
                                                const NodeNames& names) {
  return std::unique_ptr<Destination>(std::make_unique<SyslogSink>(options, names));
}

}  // namespace nezuban::sinks
