// SPDX-License-Identifier: Apache-2.0
// The BPF object in the kernel, nothing attached yet: which of its programs are loaded, and what
// the verifier thinks of each.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/result.h"
#include "probe/capability.h"
#include "probe/sensors.h"

struct probes;

namespace nezuban::probe {

struct LoadOptions {
  std::uint32_t vital_bytes = 4u << 20;  // rounded up to a power of two of at least a page
  std::uint32_t bulk_bytes = 8u << 20;
  bool leave_out_self = true;    // the process's own acts give no record
  std::uint32_t flood_rate = 0;  // records of the bulk lane a second and cgroup; 0: any number
  std::uint32_t flood_burst = 0;
  KernelFeatures features;
};

// What refused to load or to attach, so that the rows it is of can do without it.
struct LoadFailure {
  std::string program;  // empty: no single one, nothing can be loaded here
  Error error;
};

struct ProbeObjectDeleter {
  void operator()(probes* object) const;
};
using ProbeObject = std::unique_ptr<probes, ProbeObjectDeleter>;

using ProgramNames = std::set<std::string>;

// Whether row `row` needs the dispatcher of system calls.
bool NeedsDispatcher(const SensorRow& row);

// Loads the programs of `rows`, and those that serve them all. Where one is refused: nullptr,
// `failure` filled, and those before it added to `taken`.
ProbeObject LoadObject(std::span<const SensorRow* const> rows, const LoadOptions& options,
                       ProgramNames& taken, LoadFailure& failure);

// Loads, for a moment, those programs of `rows` that are not among `taken`, which is added to.
// False: `failure` says of the first that was refused. To load them all again for each refusal
// would take as many seconds as there are refusals; this way each is verified once.
bool TryPrograms(std::span<const SensorRow* const> rows, const LoadOptions& options,
                 ProgramNames& taken, LoadFailure& failure);

}  // namespace nezuban::probe
