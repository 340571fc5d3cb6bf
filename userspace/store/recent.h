// SPDX-License-Identifier: Apache-2.0
// Recent: the newest entries in memory, for readers that are not behind, and for all while the disk
// fails.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "store/entry.h"

namespace nezuban::store {

// Without holes from its first cursor to its newest. Not thread-safe.
class Recent {
 public:
  explicit Recent(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // REQUIRES: it follows the one before without a hole.
  void Push(Entry entry);
  // The oldest, if there is more than may be kept. One is always kept.
  std::optional<Entry> Evict();

  bool empty() const { return entries_.empty(); }
  // The cursor of the first entry. REQUIRES: not empty.
  Cursor first() const;
  // Those behind `after`, at most `max_entries` and about `max_bytes`, at least one if there is
  // any.
  std::vector<Entry> After(Cursor after, std::size_t max_entries, std::size_t max_bytes) const;

  std::size_t alerts() const { return alerts_; }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  const std::size_t max_bytes_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::size_t alerts_ = 0;
};

// What an entry takes in memory.
std::size_t BytesOf(const Entry& entry);

}  // namespace nezuban::store
