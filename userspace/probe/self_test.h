// SPDX-License-Identifier: Apache-2.0
// The self-test: what the proof at start did once, a child of the running monitor does now and
// then, to see whether the sensors still deliver.
#pragma once

#include <chrono>
#include <span>

#include "probe/sensors.h"

namespace nezuban::probe {

// Events that can be tested again and again: a fork, an exec, an exit, and what changes nothing and
// disturbs nobody, other monitors on the node included. Of those `wanted`, and with a sensor.
EventSet Testable(const EventSet& wanted, const std::vector<SensorStatus>& sensors);

// Has a child do what gives `events`, and waits for its end: some milliseconds; three seconds at
// most, then it is killed. Gives those whose act was done. The record of its fork is marked
// RECORD_OWN. Any thread, one at a time.
EventSet RunSelfTest(const EventSet& events);
// The same with the acts of these rows; the child has that long. None: it took longer.
EventSet RunSelfTest(std::span<const SensorRow* const> rows, std::chrono::milliseconds patience);

}  // namespace nezuban::probe
