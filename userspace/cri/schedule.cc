// SPDX-License-Identifier: Apache-2.0
#include "cri/schedule.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace nezuban::cri {

void Schedule::SetDue(Entry& entry, Time due) {
  const std::uint64_t id = entry.job.container.cgroup_id;
  due_.erase({entry.due, id});
  entry.due = due;
  due_.insert({due, id});
}

void Schedule::End(Entry& entry) {
  CHECK(entry.job.under_way && under_way_ > 0);
  entry.job.under_way = false;
  --under_way_;
}

std::optional<Job> Schedule::Add(state::Container container, Time now) {
  const std::uint64_t id = container.cgroup_id;
  if (jobs_.contains(id)) return std::nullopt;
  std::optional<Job> gone;
  if (jobs_.size() >= limits_.jobs && !due_.empty()) {
    const auto oldest = std::ranges::min_element(
        due_, {}, [this](const auto& due) { return jobs_.at(due.second).job.asked; });
    gone = Take(oldest->second);
  }
  Entry& entry = jobs_[id];
  entry.job = {.container = std::move(container), .asked = now};
  SetDue(entry, now);
  return gone;
}

Job* Schedule::Next(Time now) {
  if (under_way_ >= (reachable_ ? limits_.parallel : 1)) return nullptr;
  if (due_.empty() || due_.begin()->first > now) return nullptr;
  Entry& entry = jobs_.at(due_.begin()->second);
  due_.erase(due_.begin());
  entry.job.under_way = true;
  ++under_way_;
  return &entry.job;
}

std::optional<Time> Schedule::NextTime() const {
  if (due_.empty() || under_way_ >= (reachable_ ? limits_.parallel : 1)) return std::nullopt;
  return due_.begin()->first;
}

bool Schedule::Settle(Job& job, Outcome outcome, Time now) {
  Entry& entry = jobs_.at(job.container.cgroup_id);
  End(entry);
  const bool is_back = !std::exchange(reachable_, outcome != Outcome::kUnreachable) && reachable_;
  if (is_back) HurryWhoWaitsLong(now);
  if (!reachable_) job.answered_since.reset();
  if (reachable_ && !job.answered_since) job.answered_since = now;
  if (outcome != Outcome::kNotFound) job.not_found_since.reset();
  if (outcome == Outcome::kNotFound && !job.not_found_since) {
    job.not_found_since = now;
    job.attempts = 0;
  }
  SetDue(entry, now + PauseOf(job, outcome, now));
  return outcome == Outcome::kFound || IsHopeless(job, outcome, now);
}

Duration Schedule::PauseOf(Job& job, Outcome outcome, Time now) const {
  Duration longest = limits_.longest_pause;
  // What fails for long is tried less and less often.
  if (outcome != Outcome::kNotFound) {
    const Duration slowest =
        outcome == Outcome::kUnreachable ? limits_.slowest_unreachable : limits_.slowest_pause;
    longest = std::max(longest, std::min<Duration>(slowest, (now - job.asked) / 20));
  }
  return std::min(longest, limits_.first_pause * (1 << std::min(job.attempts++, 16)));
}

bool Schedule::IsHopeless(const Job& job, Outcome outcome, Time now) const {
  if (outcome == Outcome::kUnreachable) return false;
  const Duration patience =
      job.container.runtime == "unknown" ? limits_.not_found_unknown : limits_.not_found;
  return (job.not_found_since && now - *job.not_found_since >= patience) ||
         (job.answered_since && now - *job.answered_since >= limits_.life);
}

// Those under way come back by themselves.
void Schedule::HurryWhoWaitsLong(Time now) {
  for (auto& [id, entry] : jobs_) {
    if (!entry.job.under_way && entry.due > now + limits_.longest_pause) SetDue(entry, now);
  }
}

void Schedule::Hurry(const std::string& full_id, Time now) {
  for (auto& [id, entry] : jobs_) {
    if (entry.job.container.full_id != full_id) continue;
    entry.job.attempts = 0;
    if (!entry.job.under_way) SetDue(entry, now);
  }
}

void Schedule::Postpone(Job& job, Time now) {
  Entry& entry = jobs_.at(job.container.cgroup_id);
  End(entry);
  SetDue(entry, now + limits_.longest_pause);
}

Job* Schedule::Find(std::uint64_t cgroup_id) {
  const auto at = jobs_.find(cgroup_id);
  return at == jobs_.end() ? nullptr : &at->second.job;
}

std::optional<Job> Schedule::Take(std::uint64_t cgroup_id) {
  const auto at = jobs_.find(cgroup_id);
  if (at == jobs_.end()) return std::nullopt;
  Job job = std::move(at->second.job);
  due_.erase({at->second.due, cgroup_id});
  if (job.under_way) --under_way_;
  jobs_.erase(at);
  return job;
}

}  // namespace nezuban::cri
