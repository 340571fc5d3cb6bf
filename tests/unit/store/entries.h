// SPDX-License-Identifier: Apache-2.0
// Entries to store, and a reader's view of what comes out.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "alert/proto.h"
#include "store/entry.h"
#include "store/store.h"
#include "testlib/alert_builder.h"

namespace nezuban::store {

// The alerts of these tests are of 1970.
constexpr std::chrono::hours kAnyAge(24 * 365 * 100);
constexpr Start kOldest{Start::At::kOldest};

inline StoredAlert NumberedEntry(Cursor cursor, std::size_t padding = 0) {
  return {cursor, static_cast<std::int64_t>(cursor), alert::Priority::kWarning, "rule",
          std::make_shared<const std::string>("alert " + std::to_string(cursor) +
                                              std::string(padding, 'x'))};
}

inline std::vector<Entry> NumberedEntries(Cursor first, Cursor last, std::size_t padding = 0) {
  std::vector<Entry> entries;
  for (Cursor cursor = first; cursor <= last; ++cursor) {
    entries.emplace_back(NumberedEntry(cursor, padding));
  }
  return entries;
}

// "12" for an alert with that cursor, "13-15:retention*3" for a gap of three alerts.
inline std::string Show(const std::vector<Entry>& entries, Cursor base = 0) {
  std::string text;
  for (const Entry& entry : entries) {
    if (!text.empty()) text += ' ';
    if (const auto* gap = std::get_if<StoredGap>(&entry)) {
      text += std::to_string(gap->first - base) + "-" + std::to_string(gap->last - base) + ":" +
              std::to_string(static_cast<int>(gap->reason)) + "*" + std::to_string(gap->count);
    } else {
      text += std::to_string(std::get<StoredAlert>(entry).cursor - base);
    }
  }
  return text;
}

// What a consumer has seen: ids of alerts, sums of gaps; and that cursors leave no hole.
struct Seen {
  std::vector<int> ids;
  std::uint64_t lost = 0;
  std::vector<StoredGap> gaps;
  Cursor last = 0;

  void Take(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      if (last != 0) {
        EXPECT_EQ(FirstCursor(entry), last + 1);
      }
      last = LastCursor(entry);
      if (const auto* gap = std::get_if<StoredGap>(&entry)) {
        lost += gap->count;
        gaps.push_back(*gap);
        continue;
      }
      const auto& stored = std::get<StoredAlert>(entry);
      const auto alert = alert::ParseAlert(*stored.bytes);
      ASSERT_TRUE(alert);
      if (alert->source != "nezuban") ids.push_back(std::stoi(alert->id));
    }
  }

  // Until `alerts` were seen or lost in all; never more.
  bool ReadUntil(Reader& reader, std::uint64_t alerts, std::size_t at_once = 100) {
    while (ids.size() + lost < alerts) {
      const std::size_t missing = alerts - ids.size() - lost;
      const auto entries =
          reader.Next(std::min(at_once, missing), 1 << 20, std::chrono::seconds(20));
      if (entries.empty()) return false;
      Take(entries);
    }
    return true;
  }
};

inline void Publish(Store& store, int first, int last,
                    alert::Priority priority = alert::Priority::kWarning, std::size_t padding = 0) {
  for (int i = first; i <= last; ++i) {
    store.Publish(testlib::NumberedAlert(i, "rule", priority, padding));
  }
}

inline std::vector<int> Sequence(int first, int last) {
  std::vector<int> ids;
  for (int i = first; i <= last; ++i) ids.push_back(i);
  return ids;
}

}  // namespace nezuban::store
