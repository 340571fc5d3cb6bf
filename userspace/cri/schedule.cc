// SPDX-License-Identifier: Apache-2.0
#include "cri/schedule.h"

#include <algorithm>

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
  by_id_[container.full_id] = id;
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
  reachable_ = outcome != Outcome::kUnreachable;
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
    longest = std::max(longest, std::min<Duration>(limits_.slowest_pause, (now - job.asked) / 20));
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

void Schedule::Postpone(Job& job, Time now) {
  Entry& entry = jobs_.at(job.container.cgroup_id);
  End(entry);
  SetDue(entry, now + limits_.longest_pause);
}

void Schedule::Hurry(Job& job, Time now) {
  if (!job.under_way) SetDue(jobs_.at(job.container.cgroup_id), now);
}

Job* Schedule::Find(std::uint64_t cgroup_id) {
  const auto at = jobs_.find(cgroup_id);
  return at == jobs_.end() ? nullptr : &at->second.job;
}

Job* Schedule::FindById(const std::string& full_id) {
  const auto at = by_id_.find(full_id);
  return at == by_id_.end() ? nullptr : Find(at->second);
}

std::optional<Job> Schedule::Take(std::uint64_t cgroup_id) {
  const auto at = jobs_.find(cgroup_id);
  if (at == jobs_.end()) return std::nullopt;
  Job job = std::move(at->second.job);
  due_.erase({at->second.due, cgroup_id});
  if (job.under_way) --under_way_;
  by_id_.erase(job.container.full_id);
  jobs_.erase(at);
  return job;
}

}  // namespace nezuban::cri
