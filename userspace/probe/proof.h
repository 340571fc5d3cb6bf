// SPDX-License-Identifier: Apache-2.0
// The proof: a forked child does what the sensors are there to see, for real. That a program loads
// and attaches says little (on some kernels such programs never run).
#pragma once

#include <sys/types.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_set>

#include "base/result.h"
#include "base/unique_fd.h"
#include "event/event.h"
#include "probe/sensors.h"

namespace nezuban::probe {

// A name for a process that nobody can guess; `prefix` has at most eight characters.
std::string SecretComm(const char* prefix);

// One running proof. Owns the child: killed, if need be, and reaped.
class Proof {
 public:
  // Starts a child that forks, does the acts of `rows`, executes a program and ends.
  // `monitor`: the process whose acts are left out; 0: nobody's are.
  // `comm`: the child's name, from SecretComm.
  static Result<Proof> Start(std::span<const SensorRow* const> rows, pid_t monitor,
                             const std::string& comm = SecretComm("nz-proof"));

  Proof(Proof&& other) noexcept;
  Proof& operator=(Proof&&) = delete;
  ~Proof();

  // Whether the record is of the proof: such must not reach the rules. Notes what it proves.
  bool Take(const event::Event& event);

  // True once the child is gone: all its records are in the rings by then.
  bool Finished();

  const EventSet& seen() const { return seen_; }
  // Events whose act could be done here; what is not among them proves nothing by its absence.
  const EventSet& attempted() const { return attempted_; }

 private:
  Proof(pid_t child, UniqueFd reports, std::string comm)
      : child_(child), reports_(std::move(reports)), comm_(std::move(comm)) {}
  void ReadReports();

  pid_t child_;
  UniqueFd reports_;  // one byte for each act done: its event
  std::string comm_;  // the child's name, which nobody can guess
  std::unordered_set<std::uint32_t> tgids_;
  EventSet seen_;
  EventSet attempted_;
};

// Makes and removes a cgroup in the default hierarchy.
bool ActMakeCgroup(const ProofContext& context);

}  // namespace nezuban::probe
