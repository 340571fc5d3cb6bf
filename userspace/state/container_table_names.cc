// SPDX-License-Identifier: Apache-2.0
// What the containers call their users: when it is asked for, and what is kept of the answers.
#include <utility>

#include "state/container_table.h"

namespace nezuban::state {
namespace {

// Of one container, whatever happens in it.
constexpr std::uint64_t kLeastPauseNs = 1'000'000'000;
// Where everybody was found: whether the files have changed since.
constexpr std::uint64_t kLookAgainNs = 60'000'000'000;

constexpr std::size_t kWantedMax = 4096;

bool Tells(const UserNames& names, std::uint32_t euid, std::uint32_t egid) {
  return names.FindUser(euid) != nullptr && names.FindGroup(egid) != nullptr;
}

}  // namespace

Container* ContainerTable::FindOwn(std::uint64_t container_cgroup_id) {
  if (container_cgroup_id == 0) return &host_;
  const auto at = containers_.find(container_cgroup_id);
  return at != containers_.end() ? &at->second : nullptr;
}

bool ContainerTable::BeginNames(const Container& container, std::uint32_t euid, std::uint32_t egid,
                                std::uint64_t now_ns) {
  if (host_.users.asked_ns == 0) return false;
  Container* own = FindOwn(container.is_host() ? 0 : container.cgroup_id);
  if (own == nullptr) return false;
  KnownNames& known = own->users;
  const bool told = known.names != nullptr && Tells(*known.names, euid, egid);
  const std::uint64_t pause = told ? kLookAgainNs : kLeastPauseNs;
  if (known.asked_ns != 0 && now_ns < known.asked_ns + pause) return false;
  known.asked_ns = now_ns != 0 ? now_ns : 1;
  known.awaited = true;
  return true;
}

void ContainerTable::AskForNames(NamesWanted wanted) {
  if (names_wanted_.size() < kWantedMax) names_wanted_.push_back(std::move(wanted));
}

void ContainerTable::SetNames(const NamesItem& item) {
  Container* own = FindOwn(item.cgroup_id);
  if (own == nullptr) return;
  own->users.awaited = false;
  own->users.stale = item.answer == NamesAnswer::kUnreadable;
  if (own->users.asked_ns == 0) own->users.asked_ns = 1;
  if (item.answer == NamesAnswer::kRead && item.names != nullptr) {
    KeepNames(own->users, item.names);
  }
  if (learned_.size() < kWantedMax) learned_.push_back(item.cgroup_id);
}

// Where there is no room for more, somebody's names are known to be unknown.
void ContainerTable::KeepNames(KnownNames& known, std::shared_ptr<const UserNames> names) {
  static const auto kNoRoom = std::make_shared<const UserNames>(UserNames{.whole = false});
  if (known.names != nullptr) names_bytes_ -= known.names->Bytes();
  const bool fits = names_bytes_ + names->Bytes() <= limits_.names_bytes;
  if (!fits) names = kNoRoom;
  known.names = std::move(names);
  names_bytes_ += known.names->Bytes();
}

void ContainerTable::Forget(std::uint64_t container_cgroup_id) {
  const auto at = containers_.find(container_cgroup_id);
  if (at == containers_.end()) return;
  if (at->second.users.names != nullptr) names_bytes_ -= at->second.users.names->Bytes();
  containers_.erase(at);
}

}  // namespace nezuban::state
