// SPDX-License-Identifier: Apache-2.0
#include "daemon/health.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "event/event.h"

namespace nezuban::daemon {

Health::Health(std::function<probe::EventSet()> test, std::function<Counts()> counts,
               Options options)
    : test_(std::move(test)),
      counts_(std::move(counts)),
      options_(std::move(options)),
      seen_(counts_()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

std::string Health::Problem() const {
  const Clock::time_point now = Clock::now();
  std::string missing;
  const std::lock_guard lock(mutex_);
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    if (!tested_[type] || now - last_[type] <= options_.limit) continue;
    missing += (missing.empty() ? "" : ", ") +
               std::string(event::MainName(static_cast<event::EventType>(type)));
  }
  if (missing.empty()) return {};
  return "the self-test's events no longer reach the rules: " + missing;
}

std::chrono::milliseconds Health::Age() const {
  const Clock::time_point now = Clock::now();
  Clock::duration age{};
  const std::lock_guard lock(mutex_);
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    if (tested_[type]) age = std::max(age, now - last_[type]);
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(age);
}

// What is tested for the first time, or again, has its time from now on.
void Health::Test() {
  const probe::EventSet tested = test_();
  if (tested.none()) return;  // it could not be done: what is tested becomes overdue
  const std::lock_guard lock(mutex_);
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    if (tested[type] && !tested_[type]) last_[type] = Clock::now();
  }
  tested_ = tested;
}

void Health::Look() {
  const Counts counts = counts_();
  const std::lock_guard lock(mutex_);
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    if (counts[type] != seen_[type]) last_[type] = Clock::now();
  }
  seen_ = counts;
}

// Nobody looked for so long: the whole process, or machine, stood still, and so did the tests.
void Health::GiveTimeAfterStop(Clock::time_point now) {
  if (looked_ != Clock::time_point() && now - looked_ > options_.limit / 3) {
    const std::lock_guard lock(mutex_);
    last_.fill(now);
  }
  looked_ = now;
}

void Health::TellChange() {
  const std::string problem = Problem();
  if (problem.empty() != told_) return;
  told_ = !problem.empty();
  if (options_.on_change) options_.on_change(problem);
}

void Health::Run(const std::stop_token& stop) {
  const auto step =
      std::min({options_.every / 2, options_.beat_every / 2, std::chrono::milliseconds(500)});
  Clock::time_point next_test = Clock::now();
  Clock::time_point next_beat = next_test + step;
  std::mutex never;
  std::condition_variable_any sleep;
  std::unique_lock lock(never);
  while (!stop.stop_requested()) {
    const Clock::time_point now = Clock::now();
    GiveTimeAfterStop(now);
    if (now >= next_test) {
      Test();
      next_test = now + options_.every;
    }
    Look();
    TellChange();
    if (options_.beat && now >= next_beat && Problem().empty()) {
      options_.beat();
      next_beat = now + options_.beat_every;
    }
    sleep.wait_for(lock, stop, step, [] { return false; });
  }
}

}  // namespace nezuban::daemon
