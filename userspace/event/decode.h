// SPDX-License-Identifier: Apache-2.0
// Turns ring-buffer bytes into typed events. The layout is specified in bpf/events.h.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "event/event.h"

namespace nezuban::event {

// Checks `record` and returns a view of it, or nullopt if anything in it is out of range: size,
// type, variant, lane, or a string that leaves the tail. Every offset the accessors follow is
// checked here and nowhere else. The event refers to `record` and must not outlive it.
// REQUIRES: `record` is 8-byte aligned.
std::optional<Event> Decode(std::span<const std::byte> record) noexcept;

}  // namespace nezuban::event
