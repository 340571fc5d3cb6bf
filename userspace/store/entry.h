// SPDX-License-Identifier: Apache-2.0
// What the store holds: alerts, and gaps where alerts are missing, in the order of their cursors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "alert/alert.h"

namespace nezuban::store {

// A place in the store. Grows from alert to alert, across restarts and across a store that had to
// be begun anew, but not always by 1; fits 53 bits, so that JSON can carry it. 0: before the first.
using Cursor = std::uint64_t;

// Immutable; copies share the bytes.
struct StoredAlert {
  Cursor cursor = 0;
  std::int64_t time_ns = 0;  // of the event, since the epoch
  alert::Priority priority = alert::Priority::kDebug;
  std::string rule;
  // A serialised nezuban.v1.Alert, its `cursor` included; alert::ParseAlert makes an Alert of it.
  std::shared_ptr<const std::string> bytes;
};

// Why alerts are missing; the values of GapReason in alert_service.proto, where each is explained.
enum class GapReason : std::uint8_t {
  kUnspecified,
  kSubscriberSlow,
  kMemoryLimit,
  kNodeBusy,       // made faster than the store could take them
  kAlertTooLarge,  // larger than StoreOptions::max_alert_bytes
  kRetention,      // deleted because of the store's bounds, before this reader saw them
  kStoreFault,     // could not be written, nor be kept in memory until they could
  kStoreDamaged,   // were in the store, and cannot be read any more
  kRestart,        // the monitor did not run, or ended before they were written
};

// In words: "the store had to delete them".
std::string_view ToString(GapReason reason);

// Alerts are missing here.
struct StoredGap {
  Cursor first = 0;  // the cursors that are missing, `last` included
  Cursor last = 0;
  std::uint64_t count = 0;    // of alerts, then as many as cursors; 0: not known, maybe none
  std::int64_t first_ns = 0;  // between these times, since the epoch
  std::int64_t last_ns = 0;
  GapReason reason = GapReason::kUnspecified;
};

using Entry = std::variant<StoredAlert, StoredGap>;

Cursor FirstCursor(const Entry& entry);
// Where a reader stands once it has seen this entry.
Cursor LastCursor(const Entry& entry);

// Of a gap, leaves what comes after `after`, which lies in it or before.
void ClipBefore(Entry& entry, Cursor after);

}  // namespace nezuban::store
