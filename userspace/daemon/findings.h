// SPDX-License-Identifier: Apache-2.0
// Findings: what was found on the node while records of the time before still wait in the rings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "event/owned_record.h"
#include "state/item.h"
#include "state/survey.h"

namespace nezuban::daemon {

// Taken at once, a finding would be undone by an older record, or have what happened before it
// judged by what came after. So it waits until all that is older was taken. One thread only.
class Findings {
 public:
  // More is not kept: what comes then is handed over at once.
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  explicit Findings(std::size_t max_bytes = kMaxBytes) : max_bytes_(max_bytes) {}

  // Keeps a copy of a finding, or hands it and all before it to `handler`, if there is no room.
  void Add(const state::Item& item, const state::ItemHandler& handler);

  // All that was added was found by `as_of_ns` (boot-time clock).
  void End(std::uint64_t as_of_ns) { as_of_ns_ = as_of_ns; }

  // Whether this record, which was not taken yet, is newer than findings that wait.
  bool AreOlderThan(const state::RecordItem& record) const noexcept;

  bool empty() const { return kept_.empty(); }

  // Hands over what waits, in its order.
  void Release(const state::ItemHandler& handler);

 private:
  const std::size_t max_bytes_;
  std::uint64_t as_of_ns_ = 0;
  std::size_t bytes_ = 0;
  // A SnapshotItem's record; any other item owns what it has.
  std::vector<std::variant<state::Item, event::OwnedRecord>> kept_;
};

}  // namespace nezuban::daemon
