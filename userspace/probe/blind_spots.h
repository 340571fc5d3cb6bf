// SPDX-License-Identifier: Apache-2.0
// What a sensor does not see or know, in words: for `nezuban doctor`, of the sensors of this node,
// and `nezuban events`, of all there are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "probe/sensors.h"

namespace nezuban::probe {

struct BlindSpot {
  std::uint64_t events;            // a bit by EVENT_*
  std::optional<SensorKind> kind;  // nullopt: both kinds
  // Not blind where a program is loaded whose name begins so; nullptr: always.
  const char* seen_by = nullptr;
  std::string_view words;

  bool Concerns(event::EventType event) const { return (events >> event & 1) != 0; }
};
static_assert(NR_EVENTS <= 64);

// All of them.
std::span<const BlindSpot> BlindSpots();

// Those of `row` as it is loaded here.
std::vector<std::string_view> BlindSpotsOf(const SensorRow& row);

}  // namespace nezuban::probe
