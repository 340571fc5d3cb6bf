// SPDX-License-Identifier: Apache-2.0
// Program: a compiled condition, an array of tests with a true and a false target each.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "event/event.h"
#include "fields/field.h"
#include "filter/test.h"

namespace nezuban::filter {

// no; yes; or possible: some test could not be decided, and with luck it would be yes.
enum class Answer : std::uint8_t { kNo, kYes, kPossible };

// A set of events by name ("dup2", not only EVENT_DUP): bit EventNameBit(type, variant).
using EventNames = std::bitset<512>;
constexpr std::size_t EventNameBit(event::EventType type, std::uint8_t variant) {
  return std::size_t{type} * 8 + variant;
}
const EventNames& AllEventNames();

// Immutable; Run may be called by several threads at once, each with its own arena.
class Program {
 public:
  static constexpr int kMatch = -1;
  static constexpr int kNoMatch = -2;

  // A test's targets come before it; `entry` is the first to run, or one of the ends.
  Program(std::vector<Test> tests, int entry);

  Answer Run(const fields::FieldSource& source, fields::Arena& arena) const noexcept;

  // The fields that could not be decided on the way to `possible`.
  std::vector<std::string> UncertainFields(const fields::FieldSource& source,
                                           fields::Arena& arena) const;

  // Every event on which the answer can be other than no.
  const EventNames& events() const { return events_; }
  fields::EventTypes Types() const;

  // One line a test: "  3: proc.name = bash ? 2 : no".
  std::string Dump() const;

  std::size_t size() const { return tests_.size(); }

 private:
  static int Next(const Test& test, Truth truth, Truth unknown_as);
  EventNames ComputeEvents() const;

  std::vector<Test> tests_;
  int entry_;
  EventNames events_;
};

}  // namespace nezuban::filter
