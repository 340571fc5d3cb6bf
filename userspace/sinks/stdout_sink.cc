// SPDX-License-Identifier: Apache-2.0
#include "sinks/stdout_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

namespace nezuban::sinks {
namespace {

std::int64_t SteadyNow() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

UniqueFd OpenTerminal(int fd) {
  if (::isatty(fd) == 0) return UniqueFd();
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}

bool CanWrite(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

StdoutSink::StdoutSink(int fd, LineFormat format, std::size_t queue_capacity)
    : terminal_(OpenTerminal(fd)),
      fd_(terminal_.valid() ? terminal_.get() : fd),
      format_(format),
      queue_(queue_capacity),
      worker_([this] { Run(); }) {}

StdoutSink::~StdoutSink() {
  deadline_ns_ = SteadyNow() + std::chrono::nanoseconds(kDrain).count();
  queue_.Close();
  worker_.join();
}

void StdoutSink::Publish(std::shared_ptr<const alert::Alert> alert) noexcept {
  queue_.TryPush(std::move(alert));
}

void StdoutSink::Run() {
  while (true) {
    auto alert = queue_.Pop(std::chrono::milliseconds(1000));
    if (!alert) {
      if (queue_.closed()) return;
      continue;
    }
    const std::string line =
        (format_ == LineFormat::kJson ? alert::ToJson(**alert) : alert::ToText(**alert)) + '\n';
    if (!WriteLine(line)) ++unwritten_;
  }
}

// Waits for the reader in short steps, so that stopping is never held up by one that reads no more.
bool StdoutSink::WriteLine(const std::string& line) {
  std::size_t written = 0;
  while (written < line.size()) {
    const std::int64_t deadline = deadline_ns_;
    if (deadline != 0 && SteadyNow() > deadline) return false;
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 100) <= 0) continue;
    // At most PIPE_BUF at a time: POLLOUT promises that much on a pipe without blocking.
    const std::size_t chunk = std::min<std::size_t>(line.size() - written, 4096);
    const ssize_t n = ::write(fd_, line.data() + written, chunk);
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

}  // namespace nezuban::sinks
