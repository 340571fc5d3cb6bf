// SPDX-License-Identifier: Apache-2.0
// GapQueue: a bounded queue in which what did not fit leaves a mark at the place where it is
// missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include "rpc/loss.h"

namespace nezuban::rpc {

// Items in order, with a Loss where some are missing and at most one Marker. Never holds more than
// `max_items` items or `max_bytes` of them. Once full it takes nothing until half of it is read:
// few long gaps rather than one after each item. The oldest are kept, as they tell how it began.
// Not thread-safe.
template <typename Item, typename Marker = std::monostate>
class GapQueue {
 public:
  using Entry = std::variant<Item, Loss, Marker>;

  GapQueue(std::size_t max_items, std::size_t max_bytes)
      : max_items_(max_items), max_bytes_(max_bytes) {}

  // Takes `item`, or counts it as lost for `reason` and returns false. `time_ns` is its event's.
  bool Push(Item item, std::size_t bytes, std::int64_t time_ns, LossReason reason) {
    if (overflowing_) overflowing_ = items_ > max_items_ / 2 || bytes_ > max_bytes_ / 2;
    if (!overflowing_) overflowing_ = items_ >= max_items_ || bytes > max_bytes_ - bytes_;
    if (overflowing_) {
      AddLoss({1, time_ns, time_ns, reason});
      return false;
    }
    slots_.push_back({Entry(std::in_place_index<0>, std::move(item)), bytes, time_ns});
    ++items_;
    bytes_ += bytes;
    return true;
  }

  // Marks a loss here; one that follows another of the same reason becomes part of it.
  void AddLoss(const Loss& loss) {
    if (!slots_.empty()) {
      auto* last = std::get_if<1>(&slots_.back().entry);
      if (last != nullptr && last->reason == loss.reason) {
        last->count += loss.count;
        last->last_ns = loss.last_ns;
        return;
      }
    }
    slots_.push_back({Entry(std::in_place_index<1>, loss), 0, loss.first_ns});
  }

  // False if one is still waiting.
  bool PushMarker(Marker marker) {
    if (marker_waiting_) return false;
    slots_.push_back({Entry(std::in_place_index<2>, std::move(marker)), 0, 0});
    marker_waiting_ = true;
    return true;
  }

  // Gives up everything that waits, as one loss. Returns how many items that were.
  std::uint64_t Shed(LossReason reason) {
    const std::uint64_t shed = items_;
    Loss all{0, 0, 0, reason};
    for (const Slot& slot : slots_) {
      if (slot.entry.index() == 2) continue;
      const auto* loss = std::get_if<1>(&slot.entry);
      if (all.count == 0) all.first_ns = slot.time_ns;
      all.last_ns = loss != nullptr ? loss->last_ns : slot.time_ns;
      all.count += loss != nullptr ? loss->count : 1;
    }
    Clear();
    if (all.count > 0) AddLoss(all);
    return shed;
  }

  void Clear() {
    slots_.clear();
    items_ = bytes_ = 0;
    overflowing_ = marker_waiting_ = false;
  }

  // The next entry, or null. Valid until the next call of anything else.
  const Entry* front() const { return slots_.empty() ? nullptr : &slots_.front().entry; }

  std::optional<Entry> Pop() {
    if (slots_.empty()) return std::nullopt;
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    bytes_ -= slot.bytes;
    if (slot.entry.index() == 0) --items_;
    if (slot.entry.index() == 2) marker_waiting_ = false;
    return std::move(slot.entry);
  }

  bool empty() const { return slots_.empty(); }
  std::size_t items() const { return items_; }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Slot {
    Entry entry;
    std::size_t bytes;
    std::int64_t time_ns;
  };

  const std::size_t max_items_;
  const std::size_t max_bytes_;
  std::deque<Slot> slots_;
  std::size_t items_ = 0;
  std::size_t bytes_ = 0;
  bool overflowing_ = false;
  bool marker_waiting_ = false;
};

}  // namespace nezuban::rpc
