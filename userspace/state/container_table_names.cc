// SPDX-License-Identifier: Apache-2.0
// What the containers call their users: when it is asked for, and what is kept of the answers.
#include <utility>

#include "base/check.h"
#include "state/container_table.h"

namespace nezuban::state {
namespace {

// Of one container, whatever happens in it.
constexpr std::uint64_t kLeastPauseNs = 1'000'000'000;
// Where everybody was found: whether the files have changed since.
constexpr std::uint64_t kLookAgainNs = 60'000'000'000;

constexpr std::size_t kWantedMax = 4096;

std::shared_ptr<const UserNames> NoRoom() {
  static const auto kNoRoom = std::make_shared<const UserNames>(UserNames{.whole = false});
  return kNoRoom;
}

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

KnownNames& ContainerTable::NamesOf(const Container& container) {
  Container* own = FindOwn(container.is_host() ? 0 : container.cgroup_id);
  CHECK(own != nullptr);
  return own->users;
}

void ContainerTable::AskForNames(const NamesWanted& wanted) {
  if (names_wanted_.size() < kWantedMax) names_wanted_.push_back(wanted);
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

// Where there is no room for more, somebody's names are known to be unknown: those of who has most.
void ContainerTable::KeepNames(KnownNames& known, std::shared_ptr<const UserNames> names) {
  const bool is_node = &known == &host_.users;
  ReplaceNames(known, nullptr);
  const bool fits =
      is_node || (names->Bytes() <= limits_.names_each && MakeRoomForNames(names->Bytes()));
  ReplaceNames(known, fits ? std::move(names) : NoRoom());
}

void ContainerTable::ReplaceNames(KnownNames& known, std::shared_ptr<const UserNames> names) {
  if (known.names != nullptr) names_bytes_ -= known.names->Bytes();
  known.names = std::move(names);
  if (known.names != nullptr) names_bytes_ += known.names->Bytes();
}

// False: nobody has more than that.
bool ContainerTable::MakeRoomForNames(std::size_t bytes) {
  while (names_bytes_ + bytes > limits_.names_bytes) {
    Container* largest = nullptr;
    std::size_t most = bytes;
    for (auto& [cgroup_id, container] : containers_) {
      if (container.users.names == nullptr || container.users.names->Bytes() <= most) continue;
      most = container.users.names->Bytes();
      largest = &container;
    }
    if (largest == nullptr) return false;
    ReplaceNames(largest->users, NoRoom());
  }
  return true;
}

void ContainerTable::Forget(std::uint64_t container_cgroup_id) {
  const auto at = containers_.find(container_cgroup_id);
  if (at == containers_.end()) return;
  if (at->second.users.names != nullptr) names_bytes_ -= at->second.users.names->Bytes();
  containers_.erase(at);
}

}  // namespace nezuban::state
