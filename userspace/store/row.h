// SPDX-License-Identifier: Apache-2.0
// An entry as a row of the database, with a checksum over all of it: SQLite has none of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/entry.h"

namespace nezuban::store {

// The columns of the table `entries`, in its order. Views the entry, or what SQLite gave.
struct Row {
  std::int64_t cursor = 0;  // a gap's first
  std::int64_t last = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::int64_t count = 1;
  std::int64_t priority = 0;
  std::int64_t reason = 0;  // 0: an alert
  std::string_view rule;
  std::string_view bytes;
  std::int64_t checksum = 0;
};

// With its checksum. The row views `entry`.
Row ToRow(const Entry& entry);

// Nothing if the row is not what ToRow made.
std::optional<Entry> FromRow(const Row& row);

}  // namespace nezuban::store
