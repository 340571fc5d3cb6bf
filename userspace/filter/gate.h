// SPDX-License-Identifier: Apache-2.0
// The gate of a Program: tests one of which must not be false for it to match. While all of them
// are false, it need not be run.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "filter/program.h"

namespace nezuban::filter {

// How much it costs to have a test, or a set of them, in a gate. The smaller the better.
struct GateCost {
  std::uint32_t load = 0;  // logarithm of how many programs the same value would start
  std::uint32_t kind = 0;  // of look-up
  std::uint32_t keys = 0;
  auto operator<=>(const GateCost&) const = default;  // NOLINT: not a pointer's 0
};

// nullopt: no index helps with the test.
using CostOfTest = std::function<std::optional<GateCost>(const Test&)>;

// The cheapest gate on these events, as indices of steps; nullopt if there is none and the program
// has to be run each time. Empty: it cannot match at all.
std::optional<std::vector<int>> FindGate(const Program& program, const EventNames& events,
                                         const CostOfTest& cost);

}  // namespace nezuban::filter
