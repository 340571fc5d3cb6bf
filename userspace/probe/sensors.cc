// SPDX-License-Identifier: Apache-2.0
#include "probe/sensors.h"

#include <iterator>

namespace nezuban::probe {
namespace {

const std::vector<SensorRow>& Rows() {
  static const std::vector<SensorRow> rows = [] {
    std::vector<SensorRow> all;
    for (const auto family : {
             ProcessSensors,
             MountSensors,
             SocketSensors,
             PrivilegeSensors,
             FileSensors,
             KernelSensors,
         }) {
      std::vector<SensorRow> of_family = family();
      std::move(of_family.begin(), of_family.end(), std::back_inserter(all));
    }
    return all;
  }();
  return rows;
}

}  // namespace

std::vector<SensorRow> SyscallSensors(event::EventType event, const std::vector<SyscallRow>& calls,
                                      ProofAct act) {
  SensorRow object{event, SensorKind::kObject, {}, {}, act};
  SensorRow tracepoint{event, SensorKind::kTracepoint, {}, {}, act};
  std::string names;
  for (const SyscallRow& call : calls) {
    const std::string name = call.name;
    names += (names.empty() ? "" : ", ") + name;
    object.programs.push_back(
        {"on_" + name + "_x64", Attachment::kFexit, "__x64_sys_" + name, {}, call.optional});
    object.programs.push_back(
        {"on_" + name + "_ia32", Attachment::kFexit, call.compat + ("sys_" + name), {}, true});
    tracepoint.programs.push_back({"on_" + name, Attachment::kSyscallExit, "", {call.numbers}});
  }
  object.hook = "fexit " + names;
  tracepoint.hook = "tp_btf/sys_exit (" + names + ")";
  return {std::move(object), std::move(tracepoint)};
}

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

EventSet SensorsNeeded(const EventSet& wanted) {
  constexpr struct {
    event::EventType event;
    event::EventType made_by;
  } kMade[] = {{EVENT_CONNECT, EVENT_SEND}};
  EventSet needed = wanted;
  for (const auto& [event, made_by] : kMade)
    if (wanted.test(event)) needed.set(made_by);
  return needed;
}

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
