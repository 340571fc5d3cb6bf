// SPDX-License-Identifier: Apache-2.0
#include "store/recent.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace nezuban::store {

std::size_t BytesOf(const Entry& entry) {
  const auto* alert = std::get_if<StoredAlert>(&entry);
  return sizeof(Entry) + (alert != nullptr ? alert->bytes->size() + alert->rule.size() : 0);
}

void Recent::Push(Entry entry) {
  CHECK(entries_.empty() || FirstCursor(entry) == LastCursor(entries_.back()) + 1);
  bytes_ += BytesOf(entry);
  alerts_ += std::holds_alternative<StoredAlert>(entry) ? 1 : 0;
  entries_.push_back(std::move(entry));
}

std::optional<Entry> Recent::Evict() {
  if (bytes_ <= max_bytes_ || entries_.size() <= 1) return std::nullopt;
  std::optional<Entry> oldest(std::move(entries_.front()));
  entries_.pop_front();
  bytes_ -= BytesOf(*oldest);
  alerts_ -= std::holds_alternative<StoredAlert>(*oldest) ? 1 : 0;
  return oldest;
}

Cursor Recent::first() const { return FirstCursor(entries_.front()); }

std::vector<Entry> Recent::After(Cursor after, std::size_t max_entries,
                                 std::size_t max_bytes) const {
  auto at = std::partition_point(entries_.begin(), entries_.end(),
                                 [&](const Entry& entry) { return LastCursor(entry) <= after; });
  std::vector<Entry> page;
  std::size_t bytes = 0;
  for (; at != entries_.end() && page.size() < max_entries && bytes < max_bytes; ++at) {
    bytes += BytesOf(*at);
    page.push_back(*at);
  }
  if (!page.empty()) ClipBefore(page.front(), after);
  return page;
}

}  // namespace nezuban::store
