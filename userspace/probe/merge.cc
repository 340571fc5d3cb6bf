// SPDX-License-Identifier: Apache-2.0
#include "probe/merge.h"

namespace nezuban::probe {
namespace {

std::uint64_t TimeOf(const RingReader& ring) {
  return reinterpret_cast<const record_header*>(ring.record().data())->time_ns;
}

}  // namespace

std::size_t DrainInOrder(RingReader& vital, RingReader& bulk, std::size_t limit,
                         const RecordHandler& handler) {
  std::size_t count = 0;
  for (; count < limit; ++count) {
    const bool have_bulk = bulk.Peek() == RingReader::Next::kRecord;  // first: see merge.h
    const RingReader::Next next = vital.Peek();
    if (next == RingReader::Next::kBeingWritten) break;
    const bool have_vital = next == RingReader::Next::kRecord;
    if (!have_vital && !have_bulk) break;
    const bool bulk_first = have_bulk && (!have_vital || TimeOf(bulk) < TimeOf(vital));
    RingReader& first = bulk_first ? bulk : vital;
    handler(first.record());
    first.Pop();
  }
  return count;
}

}  // namespace nezuban::probe
