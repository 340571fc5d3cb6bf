// SPDX-License-Identifier: Apache-2.0
// Inbox: alerts on their way from the ingest thread to the writer; what does not fit leaves a gap
// at its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <variant>

#include "alert/alert.h"
#include "store/entry.h"

namespace nezuban::store {

// Never holds more than `max_alerts` alerts or about `max_bytes` of them. Once full it takes
// nothing until half of it was taken: few long gaps rather than one after each alert. The oldest
// are kept, as they tell how it began. Not thread-safe.
class Inbox {
 public:
  // A gap here has no cursors yet.
  using Item = std::variant<std::shared_ptr<const alert::Alert>, StoredGap>;

  Inbox(std::size_t max_alerts, std::size_t max_bytes)
      : max_alerts_(max_alerts), max_bytes_(max_bytes) {}

  // False: it is part of a gap.
  bool Push(std::shared_ptr<const alert::Alert> alert);
  void AddGap(const StoredGap& gap) { slots_.push_back({gap}); }
  // REQUIRES: not empty.
  Item Pop();
  bool empty() const { return slots_.empty(); }
  std::size_t alerts() const { return alerts_; }

 private:
  struct Slot {
    Item item;
    std::size_t bytes = 0;
  };

  void AddLoss(std::int64_t time_ns);

  const std::size_t max_alerts_;
  const std::size_t max_bytes_;
  std::deque<Slot> slots_;
  std::size_t alerts_ = 0;
  std::size_t bytes_ = 0;
  bool overflowing_ = false;
};

}  // namespace nezuban::store
