// SPDX-License-Identifier: Apache-2.0
#include "sinks/worker.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nezuban::sinks {
namespace {

constexpr std::chrono::milliseconds kIdle{1000};
// A peer can answer with megabytes, which would go into the log, the status and a gap.
constexpr std::size_t kLongestProblem = 512;

std::int64_t TimeOf(const Outgoing& outgoing) {
  const auto* alert = std::get_if<alert::Alert>(&outgoing.what);
  return alert != nullptr ? alert->time_ns : std::get<Gap>(outgoing.what).last_ns;
}

}  // namespace

Worker::Worker(SinkOptions options, std::unique_ptr<AlertSource> source,
               std::unique_ptr<Destination> destination, LogHandler log)
    : options_(std::move(options)),
      source_(std::move(source)),
      destination_(std::move(destination)),
      log_(std::move(log)),
      backoff_(options_.retry_max, std::random_device()()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void Worker::RequestStop(std::chrono::milliseconds grace) {
  {
    const std::lock_guard lock(mutex_);
    deadline_ = std::min(deadline_, Clock::now() + grace);
  }
  thread_.request_stop();
  wake_.notify_all();
}

void Worker::Stop(std::chrono::milliseconds grace) {
  RequestStop(grace);
  if (thread_.joinable()) thread_.join();
}

SinkCounters Worker::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Worker::Run(const std::stop_token& stop) noexcept {
  while (true) {
    if (OutOfTime(stop)) return;
    const bool stopping = stop.stop_requested();
    AlertSource::Batch batch =
        stopping ? source_->Next(destination_->limits(), std::chrono::milliseconds(0), {})
                 : source_->Next(destination_->limits(), kIdle, stop);
    if (batch.items.empty() && batch.last == 0) {
      if (stopping) return;
      continue;
    }
    const std::uint64_t last = batch.last;
    if (!Deliver(Select(std::move(batch)), stop)) return;
    Acknowledge(last);
  }
}

bool Worker::Wants(const Outgoing& outgoing) const {
  const auto* alert = std::get_if<alert::Alert>(&outgoing.what);
  if (alert == nullptr) return true;
  if (alert->priority > options_.min_priority) return false;
  return options_.rules.empty() || std::ranges::any_of(options_.rules, [&](const auto& glob) {
           return GlobMatch(glob, alert->rule);
         });
}

std::vector<Outgoing> Worker::Select(AlertSource::Batch batch) {
  std::uint64_t lost = 0;
  for (const Outgoing& outgoing : batch.items) {
    if (const auto* gap = std::get_if<Gap>(&outgoing.what)) lost += gap->count;
  }
  const std::size_t filtered =
      std::erase_if(batch.items, [this](const Outgoing& outgoing) { return !Wants(outgoing); });
  const std::lock_guard lock(mutex_);
  counters_.filtered += filtered;
  counters_.lost += lost;
  return std::move(batch.items);
}

// False if it had to end before all of it was delivered.
bool Worker::Deliver(std::vector<Outgoing> pending, const std::stop_token& stop) {
  std::size_t from = 0;
  std::size_t chunk = pending.size();
  while (true) {
    if (from == pending.size()) {
      if (!owed_) return true;
      pending.push_back(*std::exchange(owed_, std::nullopt));
    }
    if (OutOfTime(stop)) return false;
    if (reopen_.exchange(false)) destination_->Reopen();
    const auto batch = std::span<const Outgoing>(pending).subspan(from).first(
        std::min(chunk, pending.size() - from));
    SendResult result = destination_->Send(batch);
    if (result.problem.size() > kLongestProblem) {
      result.problem = ValidUtf8(result.problem.substr(0, kLongestProblem)) + "…";
    }
    const std::size_t taken = std::min(result.taken, batch.size());
    Took(batch.first(taken), result);
    from += taken;
    Report(result);
    if (result.outcome == SendResult::Outcome::kRefused && taken < batch.size()) {
      // One bad alert must not take the others with it: they are sent one by one.
      if (batch.size() - taken == 1) {
        const auto& one = pending[from++];
        if (std::holds_alternative<alert::Alert>(one.what)) Refuse({&one, 1}, 1, result.problem);
      }
      chunk = 1;
    } else if (result.outcome == SendResult::Outcome::kRetry && !Pause(result, stop)) {
      return false;
    }
  }
}

void Worker::Took(std::span<const Outgoing> taken, const SendResult& result) {
  if (taken.empty()) return;
  backoff_.Reset();
  const auto alerts = static_cast<std::size_t>(std::ranges::count_if(
      taken, [](const Outgoing& o) { return std::holds_alternative<alert::Alert>(o.what); }));
  const std::size_t rejected = std::min(result.rejected, alerts);
  {
    const std::lock_guard lock(mutex_);
    counters_.sent += alerts - rejected;
  }
  if (rejected > 0) Refuse(taken, rejected, result.problem);
  if (!owed_) Acknowledge(taken.back().cursor);
}

// What is refused is told in a gap behind the batch; a gap that is refused is not.
void Worker::Refuse(std::span<const Outgoing> range, std::size_t count,
                    const std::string& problem) {
  const std::int64_t first = TimeOf(range.front());
  if (!owed_) owed_ = Outgoing{0, Gap{0, first, first, "refused: " + problem}};
  auto& gap = std::get<Gap>(owed_->what);
  gap.count += count;
  for (const Outgoing& outgoing : range) {
    gap.first_ns = std::min(gap.first_ns, TimeOf(outgoing));
    gap.last_ns = std::max(gap.last_ns, TimeOf(outgoing));
  }
  owed_->cursor = range.back().cursor;
  const std::lock_guard lock(mutex_);
  counters_.refused += count;
}

void Worker::Report(const SendResult& result) {
  bool failed_before = false;
  {
    const std::lock_guard lock(mutex_);
    failed_before = !counters_.problem.empty();
    counters_.problem = result.problem;
    if (result.outcome == SendResult::Outcome::kRetry) ++counters_.retried;
  }
  if (!log_ || failed_before == !result.problem.empty()) return;
  const std::string name = "sink " + options_.name + ": ";
  log_(failed_before, name + (failed_before ? "delivers again" : Printable(result.problem)));
}

bool Worker::Pause(const SendResult& result, const std::stop_token& stop) {
  const Clock::time_point until = Clock::now() + backoff_.Next(result.retry_after);
  std::unique_lock lock(mutex_);
  // Not until told to stop, but until there is no time left: a peer that comes back gets the rest.
  wake_.wait_until(lock, stop, until, [] { return false; });
  if (!stop.stop_requested()) return true;
  const Clock::time_point end = std::min(until, deadline_);
  while (Clock::now() < end) wake_.wait_until(lock, end);
  return Clock::now() < deadline_;
}

bool Worker::OutOfTime(const std::stop_token& stop) const {
  if (!stop.stop_requested()) return false;
  const std::lock_guard lock(mutex_);
  return Clock::now() >= deadline_;
}

void Worker::Acknowledge(std::uint64_t cursor) {
  source_->Acknowledge(cursor);
  const std::lock_guard lock(mutex_);
  counters_.position = std::max(counters_.position, cursor);
}

}  // namespace nezuban::sinks
