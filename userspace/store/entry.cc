// SPDX-License-Identifier: Apache-2.0
#include "store/entry.h"

#include <iterator>

#include "base/check.h"

namespace nezuban::store {

std::string_view ToString(GapReason reason) {
  static constexpr std::string_view kWords[] = {
      "no reason given",
      "the subscriber was too slow",
      "too much memory was held for subscribers",
      "the node made alerts too fast",
      "the alert was too large",
      "the store had to delete them",
      "the store could not write them",
      "the store was damaged",
      "the monitor was not running",
  };
  const auto index = static_cast<std::size_t>(reason);
  CHECK(index < std::size(kWords));
  return kWords[index];
}

Cursor LastCursor(const Entry& entry) {
  const auto* gap = std::get_if<StoredGap>(&entry);
  return gap != nullptr ? gap->last : std::get<StoredAlert>(entry).cursor;
}

Cursor FirstCursor(const Entry& entry) {
  const auto* gap = std::get_if<StoredGap>(&entry);
  return gap != nullptr ? gap->first : std::get<StoredAlert>(entry).cursor;
}

void ClipBefore(Entry& entry, Cursor after) {
  auto* gap = std::get_if<StoredGap>(&entry);
  if (gap == nullptr || gap->first > after) return;
  gap->first = after + 1;
  if (gap->count > 0) gap->count = gap->last - after;
}

}  // namespace nezuban::store
