// SPDX-License-Identifier: Apache-2.0
// The one row that says how the file stands, and who has read how far. A bit that flips there would
// have a consumer pass over alerts that nobody misses: both are under one checksum.
#include <utility>

#include "store/checksum.h"
#include "store/database.h"

namespace nezuban::store {
namespace {

// The schema version of the first files that have the sum.
constexpr std::int64_t kChecksumSince = 3;

}  // namespace

// Of the columns as they are written, not of what is made of them.
std::int64_t Database::StateChecksum(const std::string& run, const std::string& boot,
                                     const CutOffRun& cut_off) const {
  Checksum sum;
  sum.AddWithLength(id_).Add(static_cast<std::int64_t>(state_.newest)).Add(state_.alive_ns);
  sum.Add(static_cast<std::int64_t>(state_.alerts));
  sum.Add(static_cast<std::int64_t>(state_.deleted_last));
  sum.Add(state_.deleted_first_ns).Add(state_.deleted_last_ns);
  sum.AddWithLength(run).AddWithLength(boot);
  sum.Add(cut_off.alive_ns).AddWithLength(cut_off.boot);
  for (const auto& [name, consumer] : consumers_) {
    sum.AddWithLength(name).Add(static_cast<std::int64_t>(consumer.position)).Add(consumer.seen_ns);
  }
  return sum.value();
}

// `version`: of the file before it was brought forward.
OrFault<void> Database::LoadState(Run run, std::int64_t version) {
  RETURN_IF_FAULT(LoadConsumers());
  const ResetAtEnd reset(load_state_);
  FAULT_OR(const bool row, load_state_.Step());
  if (!row) return tl::unexpected(Fault{Fault::Kind::kDamaged, "its state is gone"});
  id_ = load_state_.Bytes(0);
  state_ = {static_cast<Cursor>(load_state_.Int(1)),
            load_state_.Int(2),
            static_cast<std::uint64_t>(load_state_.Int(3)),
            static_cast<Cursor>(load_state_.Int(4)),
            load_state_.Int(5),
            load_state_.Int(6),
            std::move(run),
            std::nullopt};
  const std::string before(load_state_.Bytes(7));
  const std::string boot(load_state_.Bytes(8));
  const CutOffRun cut_off{load_state_.Int(9), std::string(load_state_.Bytes(10))};
  if (version >= kChecksumSince && load_state_.Int(11) != StateChecksum(before, boot, cut_off)) {
    return tl::unexpected(Fault{Fault::Kind::kDamaged, "its state is not what was written"});
  }
  if (cut_off.alive_ns != 0) {
    state_.cut_off = cut_off;
  } else if (!before.empty() && before != state_.run.id) {
    state_.cut_off = {state_.alive_ns, boot};
  }
  return {};
}

OrFault<void> Database::SaveState() {
  save_state_.Bind(1, static_cast<std::int64_t>(state_.newest)).Bind(2, state_.alive_ns);
  save_state_.Bind(3, static_cast<std::int64_t>(state_.alerts));
  save_state_.Bind(4, static_cast<std::int64_t>(state_.deleted_last));
  save_state_.Bind(5, state_.deleted_first_ns).Bind(6, state_.deleted_last_ns);
  save_state_.BindText(7, state_.run.id).BindText(8, state_.run.boot);
  const CutOffRun cut_off = state_.cut_off.value_or(CutOffRun());
  save_state_.Bind(9, cut_off.alive_ns).BindText(10, cut_off.boot);
  return save_state_.Bind(11, StateChecksum(state_.run.id, state_.run.boot, cut_off)).Run();
}

OrFault<void> Database::LoadConsumers() {
  FAULT_OR(Statement rows, Statement::Prepare(handle_.get(), "SELECT * FROM consumers"));
  while (true) {
    FAULT_OR(const bool more, rows.Step());
    if (!more) return {};
    const std::string name(rows.Bytes(0));
    consumers_[name] = {name, static_cast<Cursor>(rows.Int(1)), rows.Int(2)};
  }
}

OrFault<void> Database::SaveConsumer(const Consumer& consumer) {
  save_consumer_.BindText(1, consumer.name).Bind(2, static_cast<std::int64_t>(consumer.position));
  RETURN_IF_FAULT(save_consumer_.Bind(3, consumer.seen_ns).Run());
  consumers_[consumer.name] = consumer;
  return {};
}

OrFault<void> Database::ForgetConsumer(const std::string& name) {
  FAULT_OR(Statement forget,
           Statement::Prepare(handle_.get(), "DELETE FROM consumers WHERE name = ?1"));
  RETURN_IF_FAULT(forget.BindText(1, name).Run());
  consumers_.erase(name);
  return {};
}

std::vector<Consumer> Database::Consumers() const {
  std::vector<Consumer> all;
  for (const auto& [name, consumer] : consumers_) all.push_back(consumer);
  return all;
}

}  // namespace nezuban::store
