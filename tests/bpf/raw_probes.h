// SPDX-License-Identifier: Apache-2.0
// The loaded programs below ProbeSource, for tests of what that does itself.
#pragma once

#include <memory>
#include <span>

#include "probe/loaded_probes.h"

namespace nezuban::bpf_test {

// The kind that NEZUBAN_TEST_SENSORS asks for; the tracepoint one where it leaves the choice.
probe::SensorChoice OneKind();

// nullptr, and a failure of the test, where the kernel takes them not.
std::unique_ptr<probe::LoadedProbes> LoadRows(std::span<const probe::SensorRow* const> rows);

// All that is in the rings.
void Drain(const probe::LoadedProbes& probes, const probe::RecordHandler& handler);

}  // namespace nezuban::bpf_test
