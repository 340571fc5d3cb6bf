// SPDX-License-Identifier: Apache-2.0
#include "daemon/health.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <utility>

namespace nezuban::daemon {
namespace {

// Its fork and its exit are records of process life, which the kernel side never filters.
void ForkOnce() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  if (child < 0) return;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Health::Health(std::function<std::uint64_t()> events, Options options)
    : events_(std::move(events)),
      options_(std::move(options)),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

std::string Health::Problem() const {
  const std::lock_guard lock(mutex_);
  const auto quiet = Clock::now() - last_event_;
  if (quiet <= options_.limit) return {};
  return "no event has reached the rules for " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(quiet).count()) + " s";
}

void Health::Run(const std::stop_token& stop) {
  const auto step =
      std::min({options_.quiet / 2, options_.beat_every / 2, std::chrono::milliseconds(1000)});
  std::uint64_t seen = events_();
  Clock::time_point last_beat{};
  std::condition_variable_any sleep;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      sleep.wait_for(lock, stop, step, [] { return false; });
      if (stop.stop_requested()) return;
      const std::uint64_t now = events_();
      if (now != seen) last_event_ = Clock::now();
      seen = now;
    }
    const bool quiet = [this] {
      const std::lock_guard lock(mutex_);
      return Clock::now() - last_event_ >= options_.quiet;
    }();
    if (quiet) options_.act ? options_.act() : ForkOnce();
    if (options_.beat && Clock::now() - last_beat >= options_.beat_every && Problem().empty()) {
      options_.beat();
      last_beat = Clock::now();
    }
  }
}

}  // namespace nezuban::daemon
