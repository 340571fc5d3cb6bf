// SPDX-License-Identifier: Apache-2.0
// Schedule: which container is asked for next, and when again. No clock and no connection of its
// own: Client gives it the time and what came of each attempt.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "state/process.h"

namespace nezuban::cri {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

struct ScheduleLimits {
  std::size_t jobs = 4096;    // the oldest go first
  std::size_t parallel = 16;  // attempts under way at once; 1 while none succeeds
  Duration first_pause = std::chrono::milliseconds(5);  // doubles each time
  Duration longest_pause = std::chrono::milliseconds(500);
  Duration slowest_pause = std::chrono::seconds(30);       // of one whose attempts long fail
  Duration slowest_unreachable = std::chrono::seconds(5);  // while none is answered
  // A runtime that answers, and does not know the container so long, never will.
  Duration not_found = std::chrono::seconds(10);
  // The same for one that only may be a runtime's of pods: shorter than alerts wait.
  Duration not_found_unknown = std::chrono::milliseconds(200);
  // Nor is one told of that it fails to tell of for so long. While none answers, nothing is given
  // up: it has to be asked when it is back.
  Duration life = std::chrono::minutes(10);
};

enum class Outcome : std::uint8_t {
  kFound,
  kNotFound,     // the runtime answered that it does not know it, which it may say too soon
  kFailed,       // it answered, but not about this one: an error, or nothing that makes sense
  kUnreachable,  // no answer
};

// A container being looked for, with what is known of it so far.
struct Job {
  state::Container container;
  Time asked;  // for the first time
  bool under_way = false;
  int attempts = 0;  // since the last that failed in another way
  std::optional<Time> not_found_since;
  std::optional<Time> answered_since;  // the runtime answers, but has not told of it
  bool told_none = false;              // it was said that nobody can be asked
  bool has_cgroup = false;             // its cgroup was seen
};

class Schedule {
 public:
  explicit Schedule(ScheduleLimits limits = {}) : limits_(limits) {}

  // Due at once, unless one of the same cgroup is there: that stays. Gives what had to go for it.
  std::optional<Job> Add(state::Container container, Time now);

  // The next to try, which then is under way; nullptr: none is due, or enough are under way.
  Job* Next(Time now);

  // When Next may give something; nullopt: when something is added or settled.
  std::optional<Time> NextTime() const;

  // What came of an attempt. True: it is over, the job can be taken out: found, or there is no
  // point in going on. REQUIRES: under way.
  bool Settle(Job& job, Outcome outcome, Time now);

  // Tries it again after the longest pause, however often it was tried. REQUIRES: under way.
  void Postpone(Job& job, Time now);

  // Something happened to the container of that id: it is due at once, unless under way.
  void Hurry(const std::string& full_id, Time now);

  Job* Find(std::uint64_t cgroup_id);
  std::optional<Job> Take(std::uint64_t cgroup_id);

  std::size_t size() const { return jobs_.size(); }
  std::size_t under_way() const { return under_way_; }

 private:
  struct Entry {
    Job job;
    Time due;
  };

  // How long to wait after that outcome.
  Duration PauseOf(Job& job, Outcome outcome, Time now) const;
  // Whether there is no point in going on.
  bool IsHopeless(const Job& job, Outcome outcome, Time now) const;
  void SetDue(Entry& entry, Time due);
  void End(Entry& entry);
  void HurryWhoWaitsLong(Time now);

  const ScheduleLimits limits_;
  std::map<std::uint64_t, Entry> jobs_;           // by cgroup
  std::set<std::pair<Time, std::uint64_t>> due_;  // those not under way
  std::size_t under_way_ = 0;
  bool reachable_ = true;
};

}  // namespace nezuban::cri
