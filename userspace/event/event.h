// SPDX-License-Identifier: Apache-2.0
// Event: a typed view of a checked record. The layout is specified in bpf/events.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "bpf/events.h"

namespace nezuban::event {

using EventType = std::uint16_t;  // EVENT_*

// The events whose record is that struct, as bits.
template <typename Record>
inline constexpr std::uint64_t kTypesOfRecord = [] {
  std::uint64_t types = 0;
#define NEZUBAN_TYPE_OF_RECORD(id, record, names, strings, lane) \
  if (std::is_same_v<Record, record>) types |= std::uint64_t{1} << id;
  EVENT_LIST(NEZUBAN_TYPE_OF_RECORD)
#undef NEZUBAN_TYPE_OF_RECORD
  return types;
}();

// Text of a record: the bytes kept, and how long it was at its source.
struct Text {
  std::string_view bytes;
  std::uint32_t total =
      0;  // STR_TOTAL_UNKNOWN: longer than bytes, or unreadable if those are empty
  bool truncated() const { return total > bytes.size(); }
};

// Views a record that Decode has checked; valid as long as the record's bytes are. Cheap to copy.
class Event {
 public:
  const record_header& header() const { return *header_; }
  EventType type() const { return header_->type; }

  // The name rules know this event by ("execve", "dup2").
  std::string_view name() const;

  // The record, if it is of that struct. Several events may share one.
  template <typename Record>
  const Record* As() const {
    static_assert(kTypesOfRecord<Record> != 0);
    return (kTypesOfRecord<Record> >> type() & 1) != 0 ? reinterpret_cast<const Record*>(header_)
                                                       : nullptr;
  }

  // REQUIRES: `ref` is a member of this event's record.
  Text String(const str_ref& ref) const {
    return {{reinterpret_cast<const char*>(header_) + ref.off, ref.len}, ref.total};
  }

  std::string_view comm() const {
    const std::string_view all(header_->comm, COMM_LEN);
    return all.substr(0, all.find('\0'));
  }

  std::span<const std::byte> bytes() const {
    return {reinterpret_cast<const std::byte*>(header_), header_->size};
  }

 private:
  explicit Event(const record_header* header) : header_(header) {}
  friend std::optional<Event> Decode(std::span<const std::byte>) noexcept;
  const record_header* header_;
};

// One row of EVENT_LIST.
struct EventInfo {
  std::string_view names;  // blank-separated
  int strings;
  std::uint8_t lane;
  std::size_t fixed_size;
};
std::span<const EventInfo, NR_EVENTS> EventTable();

// "execve" → {EVENT_EXEC, 0}; nullopt for a name no event has.
struct EventName {
  EventType type;
  std::uint8_t variant;
};
std::optional<EventName> FindEvent(std::string_view name);

// Name of a variant of an event; empty if there is none.
std::string_view NameOf(EventType type, std::uint8_t variant);

// The first and main name of an event, used for counters.
std::string_view MainName(EventType type);

std::string_view DropReasonName(int reason);

}  // namespace nezuban::event
