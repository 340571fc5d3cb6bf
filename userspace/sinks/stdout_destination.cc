// SPDX-License-Identifier: Apache-2.0
#include "sinks/stdout_destination.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sinks/body.h"
#include "sinks/stdout_sink.h"

namespace nezuban::sinks {

StdoutDestination::StdoutDestination(int fd, BodyFormat format, std::chrono::milliseconds timeout,
                                     NodeNames names)
    : terminal_(OpenTerminal(fd)),
      fd_(terminal_.valid() ? terminal_.get() : fd),
      format_(format),
      timeout_(timeout),
      names_(std::move(names)) {}

SendResult StdoutDestination::Send(std::span<const Outgoing> batch) {
  const Clock::time_point deadline = Clock::now() + timeout_;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const bool begun = i == 0 && !rest_.empty() && rest_cursor_ == batch[i].cursor;
    if (!begun) {
      rest_ += Body(batch[i], format_, names_) + '\n';
      rest_cursor_ = batch[i].cursor;
    }
    const Status written = WriteRest(deadline);
    if (!written) return SendResult::Retry(written.error().message, i);
  }
  return SendResult::Taken(batch.size());
}

Status StdoutDestination::WriteRest(Clock::time_point deadline) {
  constexpr std::size_t kPromised = 4096;  // PIPE_BUF: POLLOUT promises that much without waiting
  while (!rest_.empty()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Fail("standard output: nobody reads it");
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left, 1000))) <= 0) continue;
    const ssize_t n = ::write(fd_, rest_.data(), std::min(rest_.size(), kPromised));
    if (n > 0) {
      rest_.erase(0, static_cast<std::size_t>(n));
    } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
      return Fail(std::string("write standard output: ") + std::strerror(errno));
    }
  }
  return {};
}

Result<std::unique_ptr<Destination>> OpenStdout(const SinkOptions& options,
                                                const NodeNames& names) {
  if (!CanWrite(STDOUT_FILENO)) return Fail("standard output is closed: redirect it");
  return std::unique_ptr<Destination>(std::make_unique<StdoutDestination>(
      STDOUT_FILENO, options.out.format, options.timeout, names));
}

}  // namespace nezuban::sinks
