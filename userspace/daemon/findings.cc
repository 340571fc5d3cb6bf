// SPDX-License-Identifier: Apache-2.0
#include "daemon/findings.h"

#include <algorithm>
#include <utility>

namespace nezuban::daemon {
namespace {

constexpr std::uint64_t kNotYet = UINT64_MAX;  // until End

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
    while (!kept_.empty()) HandOverFirst(handler);
    handler(item);
    return;
  }
  bytes_ += size;
  if (snapshot == nullptr) {
    kept_.push_back({item, kNotYet});
    return;
  }
  event::OwnedRecord record(snapshot->bytes);
  const record_header* header = record.header();
  const std::uint64_t as_of_ns = header != nullptr ? header->time_ns : kNotYet;
  kept_.push_back({std::move(record), as_of_ns});
}

void Findings::End(std::uint64_t as_of_ns) {
  for (Kept& kept : kept_) kept.as_of_ns = std::min(kept.as_of_ns, as_of_ns);
}

bool Findings::AreOlderThan(const state::RecordItem& record) const noexcept {
  if (kept_.empty() || record.bytes.size() < sizeof(record_header)) return false;
  return reinterpret_cast<const record_header*>(record.bytes.data())->time_ns >
         kept_.front().as_of_ns;
}

void Findings::Release(std::uint64_t before_ns, const state::ItemHandler& handler) {
  while (!kept_.empty() && kept_.front().as_of_ns < before_ns) HandOverFirst(handler);
}

void Findings::HandOverFirst(const state::ItemHandler& handler) {
  const auto what = std::move(kept_.front().what);
  kept_.pop_front();
  if (kept_.empty()) bytes_ = 0;
  if (const auto* record = std::get_if<event::OwnedRecord>(&what)) {
    handler(state::SnapshotItem{record->bytes()});
  } else {
    handler(std::get<state::Item>(what));
  }
}

}  // namespace nezuban::daemon
