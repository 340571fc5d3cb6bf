// SPDX-License-Identifier: Apache-2.0
#include "sinks/store_source.h"

#include <utility>

#include "alert/proto.h"

namespace nezuban::sinks {
namespace {

Outgoing FromEntry(const store::Entry& entry) {
  if (const auto* gap = std::get_if<store::StoredGap>(&entry)) {
    return {gap->last,
            Gap{gap->count, gap->first_ns, gap->last_ns, std::string(ToString(gap->reason))}};
  }
  const auto& stored = std::get<store::StoredAlert>(entry);
  auto alert = alert::ParseAlert(*stored.bytes);
  if (alert) return {stored.cursor, *std::move(alert)};
  return {stored.cursor, Gap{1, stored.time_ns, stored.time_ns, "the alert cannot be read"}};
}

}  // namespace

AlertSource::Batch StoreSource::Next(const BatchLimits& limits, std::chrono::milliseconds timeout,
                                     const std::stop_token& stop) {
  Batch batch;
  for (const store::Entry& entry : reader_->Next(limits.alerts, limits.bytes, timeout, stop)) {
    batch.last = store::LastCursor(entry);
    batch.items.push_back(FromEntry(entry));
  }
  return batch;
}

}  // namespace nezuban::sinks
