// SPDX-License-Identifier: Apache-2.0
// The proof: a forked child does what the sensors are there to see, for real. That a program loads
// and attaches says little (on some kernels such programs never run).
#pragma once

#include <sys/types.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "event/event.h"
#include "probe/sensors.h"

namespace nezuban::probe {

// A name for a process and a cgroup of ours, another one each time; `prefix` has at most eight
// characters. /proc shows it to everybody: it tells nothing of who did what.
std::string FreshName(const char* prefix);

// One running proof. Owns the child: killed, if need be, and reaped.
class Proof {
 public:
  // Starts a child that forks, does the acts of `rows`, executes a program and ends.
  // `monitor`: the process whose acts are left out; 0: nobody's are.
  // `name`: the child's, from FreshName. `quiet`: see ProofContext.
  static Result<Proof> Start(std::span<const SensorRow* const> rows, pid_t monitor,
                             const std::string& name = FreshName("nz-proof"), bool quiet = false);

  Proof(Proof&& other) noexcept;
  Proof& operator=(Proof&&) = delete;
  ~Proof();

  // Whether the record is of the proof: such must not reach the rules. Notes what it proves.
  // The proof is the child of the fork that the kernel side marked as the monitor's, and its
  // descendants: nobody else can have that done.
  bool Take(const event::Event& event);

  // True once the child is gone: all its records are in the rings by then.
  bool Finished();

  const EventSet& seen() const { return seen_; }
  // Events whose act could be done here; what is not among them proves nothing by its absence.
  const EventSet& attempted() const { return attempted_; }

 private:
  using Process = std::pair<std::uint32_t, std::uint64_t>;  // its number and its start

  Proof(pid_t child, UniqueFd reports) : child_(child), reports_(std::move(reports)) {}
  void ReadReports();

  pid_t child_;
  UniqueFd reports_;  // one byte for each act done: its event
  std::set<Process> processes_;
  std::array<unsigned, NR_EVENTS> ways_{};  // by event: those proved
  EventSet seen_;
  EventSet attempted_;
};

// Makes and removes a cgroup in the default hierarchy.
bool ActMakeCgroup(const ProofContext& context);

}  // namespace nezuban::probe
