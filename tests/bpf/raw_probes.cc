// SPDX-License-Identifier: Apache-2.0
#include "bpf/raw_probes.h"

#include <gtest/gtest.h>

#include "bpf/harness.h"
#include "probe/candidates.h"
#include "probe/merge.h"

namespace nezuban::bpf_test {

probe::SensorChoice OneKind() {
  const bool object = Harness::DefaultOptions().sensors == probe::SensorChoice::kObject;
  return object ? probe::SensorChoice::kObject : probe::SensorChoice::kTracepoint;
}

std::unique_ptr<probe::LoadedProbes> LoadRows(std::span<const probe::SensorRow* const> rows) {
  probe::LoadOptions load;
  load.features = probe::DetectFeatures(*probe::KernelTypes::Load());
  probe::ProgramNames taken;
  probe::LoadFailure failure;
  auto probes = probe::LoadedProbes::Load(rows, load, taken, failure);
  EXPECT_TRUE(probes) << failure.program << ": " << failure.error.message;
  return probes;
}

void Drain(const probe::LoadedProbes& probes, const probe::RecordHandler& handler) {
  auto vital = probes.Ring(LANE_VITAL);
  auto bulk = probes.Ring(LANE_BULK);
  while (probe::DrainInOrder(vital, bulk, 1000, handler) > 0) {
  }
}

}  // namespace nezuban::bpf_test
