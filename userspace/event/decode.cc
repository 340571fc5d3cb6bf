// SPDX-License-Identifier: Apache-2.0
#include "event/decode.h"

namespace nezuban::event {

std::optional<Event> Decode(std::span<const std::byte> record) noexcept {
  if (record.size() < sizeof(record_header)) return std::nullopt;
  const auto* header = reinterpret_cast<const record_header*>(record.data());
  if (header->size != record.size() || header->size > RECORD_MAX) return std::nullopt;
  if (header->type >= NR_EVENTS) return std::nullopt;
  const EventInfo& info = EventTable()[header->type];
  if (record.size() < info.fixed_size || header->lane != info.lane) return std::nullopt;
  if (NameOf(header->type, header->variant).empty()) return std::nullopt;

  const auto* refs = reinterpret_cast<const str_ref*>(record.data() + sizeof(record_header));
  for (int i = 0; i < info.strings; ++i) {
    const str_ref& ref = refs[i];
    if (ref.len > ref.total) return std::nullopt;
    if (ref.len == 0) {
      if (ref.off > record.size()) return std::nullopt;
      continue;
    }
    if (ref.off < info.fixed_size) return std::nullopt;
    if (std::size_t{ref.off} + ref.len > record.size()) return std::nullopt;
  }
  return Event(header);
}

}  // namespace nezuban::event
