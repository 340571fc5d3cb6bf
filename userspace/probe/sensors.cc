// SPDX-License-Identifier: Apache-2.0
#include "probe/sensors.h"

#include <iterator>

namespace nezuban::probe {
namespace {

const std::vector<SensorRow>& Rows() {
  static const std::vector<SensorRow> rows = [] {
    std::vector<SensorRow> all;
    for (const auto family : {ProcessSensors, MountSensors, SocketSensors}) {
      std::vector<SensorRow> of_family = family();
      std::move(of_family.begin(), of_family.end(), std::back_inserter(all));
    }
    return all;
  }();
  return rows;
}

}  // namespace

std::string_view ToString(SensorKind kind) {
  switch (kind) {
    case SensorKind::kObject:
      return "object";
    case SensorKind::kTracepoint:
      return "tracepoint";
    case SensorKind::kNone:
      break;
  }
  return "none";
}

std::optional<SensorChoice> ParseSensorChoice(std::string_view text) {
  if (text == "auto") return SensorChoice::kAuto;
  if (text == "object") return SensorChoice::kObject;
  if (text == "tracepoint") return SensorChoice::kTracepoint;
  return std::nullopt;
}

std::span<const SensorRow> Sensors() { return Rows(); }

std::vector<const SensorRow*> SensorsFor(event::EventType event, SensorChoice choice) {
  std::vector<const SensorRow*> all;
  std::vector<const SensorRow*> asked_for;
  const SensorKind kind =
      choice == SensorChoice::kObject ? SensorKind::kObject : SensorKind::kTracepoint;
  for (const SensorRow& row : Rows()) {
    if (row.event != event) continue;
    all.push_back(&row);
    if (row.kind == kind) asked_for.push_back(&row);
  }
  return choice == SensorChoice::kAuto || asked_for.empty() ? all : asked_for;
}

}  // namespace nezuban::probe
