// SPDX-License-Identifier: Apache-2.0
#include "store/row.h"

#include <memory>
#include <string>

#include "store/checksum.h"

namespace nezuban::store {
namespace {

std::int64_t ChecksumOf(const Row& row) {
  Checksum sum;
  for (const std::int64_t number :
       {row.cursor, row.last, row.first_ns, row.last_ns, row.count, row.priority, row.reason,
        static_cast<std::int64_t>(row.rule.size()), static_cast<std::int64_t>(row.bytes.size())}) {
    sum.Add(number);
  }
  return sum.Add(row.rule).Add(row.bytes).value();
}

}  // namespace

Row ToRow(const Entry& entry) {
  Row row;
  if (const auto* gap = std::get_if<StoredGap>(&entry)) {
    row.cursor = static_cast<std::int64_t>(gap->first);
    row.last = static_cast<std::int64_t>(gap->last);
    row.first_ns = gap->first_ns;
    row.last_ns = gap->last_ns;
    row.count = static_cast<std::int64_t>(gap->count);
    row.reason = static_cast<std::int64_t>(gap->reason);
  } else {
    const auto& alert = std::get<StoredAlert>(entry);
    row.cursor = row.last = static_cast<std::int64_t>(alert.cursor);
    row.first_ns = row.last_ns = alert.time_ns;
    row.priority = static_cast<std::int64_t>(alert.priority);
    row.rule = alert.rule;
    row.bytes = *alert.bytes;
  }
  row.checksum = ChecksumOf(row);
  return row;
}

std::optional<Entry> FromRow(const Row& row) {
  // The sum is no secret: whoever may write the file can make a row that has it.
  const bool in_range =
      row.cursor > 0 && row.last >= row.cursor && row.count >= 0 && row.reason >= 0 &&
      row.reason <= static_cast<std::int64_t>(GapReason::kRestart) && row.priority >= 0 &&
      row.priority <= static_cast<std::int64_t>(alert::Priority::kDebug);
  if (!in_range || row.checksum != ChecksumOf(row)) return std::nullopt;
  if (row.reason == 0) {
    if (row.last != row.cursor) return std::nullopt;
    return StoredAlert{static_cast<Cursor>(row.cursor), row.first_ns,
                       static_cast<alert::Priority>(row.priority), std::string(row.rule),
                       std::make_shared<const std::string>(row.bytes)};
  }
  return StoredGap{static_cast<Cursor>(row.cursor),
                   static_cast<Cursor>(row.last),
                   static_cast<std::uint64_t>(row.count),
                   row.first_ns,
                   row.last_ns,
                   static_cast<GapReason>(row.reason)};
}

}  // namespace nezuban::store
