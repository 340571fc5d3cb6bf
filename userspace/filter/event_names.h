// SPDX-License-Identifier: Apache-2.0
// Sets of events by name ("dup2", not only EVENT_DUP), and on which of them a test can hold.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

#include "event/event.h"

namespace nezuban::filter {

struct Test;

// Bit EventNameBit(type, variant).
using EventNames = std::bitset<512>;
constexpr std::size_t EventNameBit(event::EventType type, std::uint8_t variant) {
  return std::size_t{type} * 8 + variant;
}
const EventNames& AllEventNames();

// The events on which a test can be true, and those on which it can be false.
struct EventSplit {
  EventNames can_be_true;
  EventNames can_be_false;
};
EventSplit SplitEvents(const Test& test);

}  // namespace nezuban::filter
