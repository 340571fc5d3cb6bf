// SPDX-License-Identifier: Apache-2.0
#include "probe/self_test.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "probe/proof.h"

namespace nezuban::probe {
namespace {

constexpr std::chrono::seconds kPatience{3};

bool IsLife(event::EventType event) {
  return event == EVENT_FORK || event == EVENT_EXEC || event == EVENT_EXIT;
}

// Of the vital lane only process life: to try to load a module every few seconds would have others
// on the node raise an alarm.
bool Disturbs(event::EventType event) {
  return !IsLife(event) && event::EventTable()[event].lane == LANE_VITAL;
}

}  // namespace

EventSet Testable(const EventSet& wanted, const std::vector<SensorStatus>& sensors) {
  EventSet events;
  for (const SensorStatus& sensor : sensors) {
    const bool serves = sensor.kind != SensorKind::kNone && sensor.proved;
    events[sensor.event] =
        serves && (IsLife(sensor.event) || wanted[sensor.event]) && !Disturbs(sensor.event);
  }
  return events;
}

EventSet RunSelfTest(const EventSet& events) {
  std::vector<const SensorRow*> rows;
  for (const SensorRow& row : Sensors()) {
    const auto same = [&](const SensorRow* other) { return other->event == row.event; };
    const bool first = std::ranges::none_of(rows, same);
    if (events[row.event] && row.act != nullptr && first) rows.push_back(&row);
  }
  return RunSelfTest(rows, kPatience) & events;
}

EventSet RunSelfTest(std::span<const SensorRow* const> rows, std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  auto proof = Proof::Start(rows, 0, FreshName("nz-test"), true);
  if (!proof) return {};
  const auto deadline = Clock::now() + patience;
  while (!proof->Finished()) {
    if (Clock::now() >= deadline) return {};  // what it got to says nothing of the rest
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return proof->attempted();
}

}  // namespace nezuban::probe
