// SPDX-License-Identifier: Apache-2.0
#include "event/event.h"

#include <array>

namespace nezuban::event {
namespace {

#define NEZUBAN_EVENT_INFO(id, record, names, strings, lane) \
  EventInfo{names, strings, lane, sizeof(record)},
constexpr std::array<EventInfo, NR_EVENTS> kEvents = {EVENT_LIST(NEZUBAN_EVENT_INFO)};
#undef NEZUBAN_EVENT_INFO

#define NEZUBAN_DROP_REASON(id, name) name,
constexpr std::array<std::string_view, NR_DROP_REASONS> kDropReasons = {
    DROP_REASON_LIST(NEZUBAN_DROP_REASON)};
#undef NEZUBAN_DROP_REASON

}  // namespace

std::span<const EventInfo, NR_EVENTS> EventTable() { return kEvents; }

std::string_view NameOf(EventType type, std::uint8_t variant) {
  if (type >= NR_EVENTS) return {};
  std::string_view names = kEvents[type].names;
  for (; variant > 0; --variant) {
    const std::size_t blank = names.find(' ');
    if (blank == std::string_view::npos) return {};
    names.remove_prefix(blank + 1);
  }
  return names.substr(0, names.find(' '));
}

std::string_view MainName(EventType type) { return NameOf(type, 0); }

std::string_view Event::name() const { return NameOf(type(), header_->variant); }

std::optional<EventName> FindEvent(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (EventType type = 0; type < NR_EVENTS; ++type) {
    for (std::uint8_t variant = 0;; ++variant) {
      const std::string_view candidate = NameOf(type, variant);
      if (candidate.empty()) break;
      if (candidate == name) return EventName{type, variant};
    }
  }
  return std::nullopt;
}

std::string_view DropReasonName(int reason) {
  if (reason < 0 || reason >= NR_DROP_REASONS) return "unknown";
  return kDropReasons[static_cast<std::size_t>(reason)];
}

}  // namespace nezuban::event
