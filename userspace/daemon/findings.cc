// SPDX-License-Identifier: Apache-2.0
#include "daemon/findings.h"

#include <utility>

namespace nezuban::daemon {
namespace {

std::size_t TextBytes(const state::Item& item) {
  const auto* found = std::get_if<state::ProcessItem>(&item);
  if (found == nullptr) return 0;
  const state::ProcfsProcess& process = found->process;
  return process.exe_path.size() + process.args.size() + process.env.size() + process.cwd.size() +
         process.cgroup_path.size();
}

}  // namespace

void Findings::Add(const state::Item& item, const state::ItemHandler& handler) {
  const auto* snapshot = std::get_if<state::SnapshotItem>(&item);
  const std::size_t size =
      sizeof(kept_.front()) + (snapshot != nullptr ? snapshot->bytes.size() : TextBytes(item));
  if (bytes_ + size > max_bytes_) {
    Release(handler);
    handler(item);
    return;
  }
  bytes_ += size;
  if (snapshot == nullptr) {
    kept_.emplace_back(item);
    return;
  }
  kept_.emplace_back(event::OwnedRecord(snapshot->bytes));
}

bool Findings::AreOlderThan(const state::RecordItem& record) const noexcept {
  if (kept_.empty() || record.bytes.size() < sizeof(record_header)) return false;
  return reinterpret_cast<const record_header*>(record.bytes.data())->time_ns > as_of_ns_;
}

void Findings::Release(const state::ItemHandler& handler) {
  bytes_ = 0;
  for (const auto& kept : std::exchange(kept_, {})) {
    if (const auto* record = std::get_if<event::OwnedRecord>(&kept)) {
      handler(state::SnapshotItem{record->bytes()});
    } else {
      handler(std::get<state::Item>(kept));
    }
  }
}

}  // namespace nezuban::daemon
