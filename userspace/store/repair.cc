// SPDX-License-Identifier: Apache-2.0
// A file whose state is damaged: made anew of the entries, each of which has a sum of its own. No
// cursor that it may have given out is given out again, and what cannot be known is told as a gap.
#include <algorithm>
#include <string>
#include <utility>

#include "store/database.h"
#include "store/row.h"
#include "store/store.h"

namespace nezuban::store {
namespace {

// What JSON can carry: above it no cursor is one of ours.
constexpr Cursor kLastCursor = (Cursor{1} << 53) - 1;

// Cursors are given out by the clock, which may have been set back by hours. What nothing vouches
// for and is later than that is no cursor, and would have all that follow be ahead of the clock.
Cursor LatestOfNow(std::int64_t now_ns) {
  constexpr Cursor kDayUs = Cursor{24} * 3600 * 1'000'000;
  return static_cast<Cursor>(std::max<std::int64_t>(now_ns, 0) / 1000) + kDayUs;
}

tl::unexpected<Fault> BeyondRepair() {
  return tl::unexpected(Fault{Fault::Kind::kDamaged, "its entries have no order either"});
}

}  // namespace

OrFault<void> Database::Repair(std::int64_t now_ns) {
  const Cursor said = state_.newest <= LatestOfNow(now_ns) ? state_.newest : 0;
  RETURN_IF_FAULT(DeriveState(now_ns));
  id_ = RandomId();
  FAULT_OR(Statement state,
           Statement::Prepare(handle_.get(),
                              "INSERT OR REPLACE INTO state (one, id, newest, alive_ns, alerts,"
                              " deleted_last, deleted_first_ns, deleted_last_ns)"
                              " VALUES (1, ?1, 0, 0, 0, 0, 0, 0)"));
  RETURN_IF_FAULT(state.BindText(1, id_).Run());
  RETURN_IF_FAULT(ForgetPlaces(now_ns));
  // Of what was before the first, and behind the last, nobody knows how much it was.
  const std::string last = std::to_string(state_.deleted_last);
  RETURN_IF_FAULT(Execute(handle_.get(), "DELETE FROM jumps WHERE first <= " + last));
  if (state_.deleted_last > 0) {
    RETURN_IF_FAULT(Execute(handle_.get(), "INSERT INTO jumps VALUES (1, " + last + ")"));
  }
  const Cursor behind = state_.newest + 1;
  const Entry gap =
      StoredGap{behind, std::max(behind, said), 0, newest_ns_, now_ns, GapReason::kStoreDamaged};
  return Insert({.entries = {&gap, 1}, .consumers = {}, .sync = true, .now_ns = state_.alive_ns});
}

// As far as the first and the last entry say. Of which run it was, and whether that was cut off,
// they do not.
OrFault<void> Database::DeriveState(std::int64_t now_ns) {
  State derived{.run = std::move(state_.run)};
  {
    const ResetAtEnd reset(forward_);
    FAULT_OR(const bool any, forward_.Bind(1, INT64_MIN).Bind(2, 1).Step());
    if (any) {
      const Row first = RowOf(forward_);
      if (first.cursor <= 0) return BeyondRepair();
      derived.deleted_last = static_cast<Cursor>(first.cursor) - 1;
      derived.deleted_last_ns = FromRow(first) ? first.first_ns : now_ns;
    }
  }
  {
    const ResetAtEnd reset(backward_);
    FAULT_OR(const bool any, backward_.Bind(1, INT64_MAX).Bind(2, 1).Step());
    if (any) {
      const Row last = RowOf(backward_);
      const bool is_whole = FromRow(last).has_value();
      derived.newest = static_cast<Cursor>(is_whole ? last.last : last.cursor);
      derived.alive_ns = is_whole ? last.last_ns : 0;
      if (derived.newest >= (is_whole ? kLastCursor : LatestOfNow(now_ns))) return BeyondRepair();
    }
  }
  newest_ns_ = derived.alive_ns;
  // All of them are looked at: once, for a damage.
  FAULT_OR(Statement count,
           Statement::Prepare(handle_.get(), "SELECT count(*) FROM entries WHERE reason = 0"));
  FAULT_OR(const bool counted, count.Step());
  derived.alerts = counted ? static_cast<std::uint64_t>(count.Int(0)) : 0;
  state_ = std::move(derived);
  return {};
}

// Any of them may be wrong. Before the first entry a consumer gets some again, and misses none
// without being told.
OrFault<void> Database::ForgetPlaces(std::int64_t now_ns) {
  RETURN_IF_FAULT(Execute(handle_.get(), "DELETE FROM consumers"));
  for (const auto& [name, consumer] : std::exchange(consumers_, {})) {
    if (IsConsumerName(name)) RETURN_IF_FAULT(SaveConsumer({name, 0, now_ns}));
  }
  return {};
}

}  // namespace nezuban::store
