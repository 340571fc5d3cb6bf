// SPDX-License-Identifier: Apache-2.0
// Findings: what was found on the node while records of the time before still wait in the rings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <variant>

#include "event/owned_record.h"
#include "state/item.h"
#include "state/survey.h"

namespace nezuban::daemon {

// Taken at once, a finding would be undone by an older record, or have what happened before it
// judged by what came after; taken late, it would undo a newer one. So it waits until all that is
// older was taken, and no longer. One thread only.
class Findings {
 public:
  // More is not kept: what comes then is handed over at once.
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  explicit Findings(std::size_t max_bytes = kMaxBytes) : max_bytes_(max_bytes) {}

  // Keeps a copy of a finding, or hands it and all before it to `handler`, if there is no room.
  void Add(const state::Item& item, const state::ItemHandler& handler);

  // Records tell their time; all else that was added was found by `as_of_ns` (boot-time clock).
  void End(std::uint64_t as_of_ns);

  // Whether this record, which was not taken yet, is newer than findings that wait.
  bool AreOlderThan(const state::RecordItem& record) const noexcept;

  bool empty() const { return kept_.empty(); }

  // Hands over what waits and is older than `before_ns`, in its order.
  void Release(std::uint64_t before_ns, const state::ItemHandler& handler);

 private:
  struct Kept {
    std::variant<state::Item, event::OwnedRecord> what;  // a SnapshotItem's record is a copy
    std::uint64_t as_of_ns;
  };

  void HandOverFirst(const state::ItemHandler& handler);

  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::deque<Kept> kept_;
};

}  // namespace nezuban::daemon
