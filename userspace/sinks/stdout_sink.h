// SPDX-License-Identifier: Apache-2.0
// Alerts as lines on a file descriptor: text for people, JSON for programs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "alert/sink.h"
#include "base/bounded_queue.h"
#include "base/unique_fd.h"

namespace nezuban::sinks {

enum class LineFormat : std::uint8_t { kText, kJson };

// Whether `fd` is open for writing. A sink that could never write anything is to be refused at the
// start.
bool CanWrite(int fd);

// `fd` once more, if it is a terminal, else none. A terminal says that it is ready and yet keeps
// the writer of a whole line waiting, for ever if somebody stops it; this one does not wait. The
// mode of `fd` itself is not ours to change: others have it too.
UniqueFd OpenTerminal(int fd);

// One line per alert, each written at once. A reader that is slow or gone costs alerts, which are
// counted, never time of the caller: lines are written by a thread of the sink's own.
class StdoutSink : public alert::Sink {
 public:
  // `fd` is borrowed and must outlive the sink.
  StdoutSink(int fd, LineFormat format, std::size_t queue_capacity = 8192);

  // Writes what is queued, for at most `kDrain`, and stops.
  ~StdoutSink() override;
  StdoutSink(const StdoutSink&) = delete;
  StdoutSink& operator=(const StdoutSink&) = delete;

  void Publish(std::shared_ptr<const alert::Alert> alert) noexcept override;
  std::uint64_t dropped() const override { return queue_.dropped() + unwritten_.load(); }

 private:
  static constexpr std::chrono::milliseconds kDrain{1000};

  void Run();
  bool WriteLine(const std::string& line);

  const UniqueFd terminal_;  // fd again, if it is a terminal: never waits
  const int fd_;
  const LineFormat format_;
  BoundedQueue<std::shared_ptr<const alert::Alert>> queue_;
  std::atomic<std::uint64_t> unwritten_{0};
  std::atomic<std::int64_t> deadline_ns_{0};  // steady clock; 0: none
  std::thread worker_;
};

}  // namespace nezuban::sinks
