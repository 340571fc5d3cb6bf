// SPDX-License-Identifier: Apache-2.0
// The table of sensors: which programs of bpf/ make which event, where they go, and by what act
// they are proved. A new event is a row here.
#pragma once

#include <bitset>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"

namespace nezuban::probe {

using EventSet = std::bitset<NR_EVENTS>;

enum class SensorKind : std::uint8_t { kNone, kObject, kTracepoint };
std::string_view ToString(SensorKind kind);  // "none", "object", "tracepoint"

// What the user asks for. kAuto: the object sensor where it works, else the tracepoint sensor.
enum class SensorChoice : std::uint8_t { kAuto, kObject, kTracepoint };
std::optional<SensorChoice> ParseSensorChoice(std::string_view text);  // auto|object|tracepoint

// How a program gets to run.
enum class Attachment : std::uint8_t {
  kTracepoint,   // tp_btf: attached by itself
  kSyscallExit,  // called by the dispatcher at the exit of the system calls named
  kFentry,       // on the kernel function named
  kFexit,
  kTailCalled,  // by others that have the function's type: put into the array "NAME_slot"
  kKprobe,
  kKretprobe,
};

// -1: the architecture does not have it.
struct SyscallNumbers {
  int x86_64 = -1;
  int i386 = -1;
  int arm64 = -1;
  int socketcall = -1;  // what i386's socketcall(2) calls it
};

struct ProgramRow {
  std::string name;  // of the function in bpf/
  Attachment attachment = Attachment::kTracepoint;
  std::string function{};  // kFentry … kKretprobe
  // kSyscallExit. Called only while the row's event is wanted: a program that makes more than one
  // event stands in the row of each.
  std::vector<SyscallNumbers> syscalls{};
  // Left out where the kernel has no such function; where it refuses the program, see Candidates.
  bool optional = false;
  bool first = false;  // runs before the others on its hook
};

// What the proving child knows; made before it is forked.
struct ProofContext {
  std::string cgroup_dir;  // of a cgroup to make for the proof; empty: none can be made
  int monitor = 0;         // pid of the process whose acts are left out; 0: nobody's are
  bool quiet = false;      // done again and again: nothing that others on the node would report
};

// Does the act for real, in a forked child of a process that may have threads: system calls only,
// no allocation. False: could not be done here at all. An act that the kernel refuses counts as
// done where the sensor sees failures.
using ProofAct = bool (*)(const ProofContext& context);

struct SensorRow {
  event::EventType event;
  SensorKind kind;
  std::string hook;  // for `nezuban doctor`
  std::vector<ProgramRow> programs;
  ProofAct act = nullptr;  // nullptr: the proof's own fork, exec and exit are the act
};

// All of these rows, in order.
template <typename Row>
std::vector<Row> Join(std::initializer_list<std::vector<Row>> parts) {
  std::vector<Row> all;
  for (const std::vector<Row>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// One system call that bpf/syscall_sensor.bpf.h defines sensors for.
struct SyscallRow {
  const char* name;  // as in DEFINE_SYSCALL_SENSORS
  SyscallNumbers numbers;
  bool optional = false;           // some kernels don't have it
  const char* compat = "__ia32_";  // what the 32-bit entry point's name starts with
};

// Both kinds of sensor for these calls, the object kind first.
std::vector<SensorRow> SyscallSensors(event::EventType event, const std::vector<SyscallRow>& calls,
                                      ProofAct act);

// The rows by family of events, those of one event in order of preference.
std::vector<SensorRow> ProcessSensors();
std::vector<SensorRow> MountSensors();
std::vector<SensorRow> SocketSensors();
std::vector<SensorRow> PrivilegeSensors();
std::vector<SensorRow> FileSensors();
std::vector<SensorRow> KernelSensors();

// All rows.
std::span<const SensorRow> Sensors();

// The rows of `event` that `choice` allows, best first: where no row is of the kind asked for (exec
// has but one way), all of them.
std::vector<const SensorRow*> SensorsFor(event::EventType event, SensorChoice choice);

// The events whose sensors make `wanted`: these, and those whose programs make one of them besides
// their own (a datagram to a new peer is a connect as well).
EventSet SensorsNeeded(const EventSet& wanted);

// What serves an event, for `nezuban doctor` and the node's status.
struct SensorStatus {
  event::EventType event;
  SensorKind kind = SensorKind::kNone;
  std::string hook;
  bool proved = false;  // a real act's record came through
  std::string why;      // why no better one, or why not proved; empty if there is nothing to say
  std::vector<std::string_view> blind_spots{};  // see probe/blind_spots.h
};

}  // namespace nezuban::probe
