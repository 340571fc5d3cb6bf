// SPDX-License-Identifier: Apache-2.0
// JSON lines on standard output, as a sink with a place of its own in the store: what was not
// written when the monitor ended is written by the next one. StdoutSink is for whom only sees now.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sinks/destination.h"
#include "sinks/options.h"

namespace nezuban::sinks {

// A reader that is slow or stopped is waited for, at most `timeout` a batch; a line that was begun
// is ended before another, however long that takes.
class StdoutDestination final : public Destination {
 public:
  // `fd` is borrowed and must outlive it.
  StdoutDestination(int fd, BodyFormat format, std::chrono::milliseconds timeout, NodeNames names);

  SendResult Send(std::span<const Outgoing> batch) override;

 private:
  using Clock = std::chrono::steady_clock;
  Status WriteRest(Clock::time_point deadline);

  const UniqueFd terminal_;  // fd again, if it is a terminal: never waits
  const int fd_;
  const BodyFormat format_;
  const std::chrono::milliseconds timeout_;
  const NodeNames names_;
  std::string rest_;  // not written yet, of the line of rest_cursor_
  std::uint64_t rest_cursor_ = 0;
};

Result<std::unique_ptr<Destination>> OpenStdout(const SinkOptions& options, const NodeNames& names);

}  // namespace nezuban::sinks
