// SPDX-License-Identifier: Apache-2.0
// The parts that EventArgs and EventFactsTable join: one file a family of events.
#pragma once

#include <span>

#include "fields/event_args.h"
#include "fields/event_facts.h"

namespace nezuban::fields {

struct EventFamily {
  std::span<const EventFacts> facts;  // every event is in one family
  std::span<const EventArg> args;     // those of one event in their order
};

EventFamily ProcessEvents();
EventFamily MountEvents();
EventFamily SocketEvents();
EventFamily PrivilegeEvents();
EventFamily FileEvents();
EventFamily KernelEvents();
EventFamily PathEvents();

std::span<const EventFamily> EventFamilies();

}  // namespace nezuban::fields
