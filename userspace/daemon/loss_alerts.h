// SPDX-License-Identifier: Apache-2.0
// LossAlerts: what the kernel side could not deliver, told as alerts of the source "nezuban".
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "alert/alert.h"
#include "ruleset/ruleset.h"
#include "state/container_table.h"
#include "state/item.h"

namespace nezuban::daemon {

// Two kinds of alert, each at most once in `kEveryNs` and cgroup, with what came together since:
// "Flood of events from a cgroup" names the cgroup whose events of the bulk lane were not taken
// (DROP_FLOOD), `kMostAtOnce` cgroups in that time; "Events lost" tells all other losses by reason
// and event, and floods of cgroups that the kernel side or we forgot. Reads no clock: time is the
// events', so that a replay tells the same. One thread.
class LossAlerts {
 public:
  using AlertHandler = std::function<void(alert::Alert)>;
  static constexpr std::uint64_t kEveryNs = 60'000'000'000;
  static constexpr int kMostAtOnce = 64;

  LossAlerts(ruleset::NodeIdentity node, const state::ContainerTable& containers)
      : node_(std::move(node)), containers_(containers) {}

  // What was lost up to here; told by the next TellDue that may.
  void Take(const state::LossItem& item);

  // Gives `emit` what is due. `now_ns` is boot time and never goes back; it plus `wall_offset_ns`
  // is the time of the alerts.
  void TellDue(std::uint64_t now_ns, std::int64_t wall_offset_ns, const AlertHandler& emit);
  // All that was not told yet: nothing more comes.
  void TellAll(std::uint64_t now_ns, std::int64_t wall_offset_ns, const AlertHandler& emit);

 private:
  // Counts run since the start.
  struct Tally {
    std::uint64_t count = 0;
    std::uint64_t told = 0;
    std::uint64_t untold() const { return count - told; }
    void Set(std::uint64_t now);
  };
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  struct Flooding {
    Tally events;
    std::uint64_t quiet_until_ns = 0;
  };
  struct When {
    std::uint64_t now_ns;
    std::int64_t wall_offset_ns;
    std::uint64_t quiet_until_ns;
  };
  using ByReason = std::array<Tally, NR_DROP_REASONS>;

  void TellFloods(const When& when, const AlertHandler& emit);
  void Later(std::uint64_t ns) { due_ns_ = std::min(due_ns_, ns); }
  std::uint64_t FloodsOfNobody() const;
  void TellLosses(const When& when, const AlertHandler& emit);
  alert::Alert Begin(const char* rule, const std::string& id, const When& when) const;
  alert::Alert OfFlood(std::uint64_t cgroup_id, const Flooding& flood, const When& when) const;
  void Forget();

  const ruleset::NodeIdentity node_;
  const state::ContainerTable& containers_;
  std::map<std::uint64_t, Flooding> floods_;  // by cgroup
  std::array<ByReason, NR_EVENTS> losses_{};
  std::uint64_t losses_quiet_until_ns_ = 0;
  std::uint64_t due_ns_ = kNever;  // when something may have to be told
  // Floods told within the time that ends then; records of floods told in all, by cgroup and not.
  std::uint64_t window_ends_ns_ = 0;
  int told_in_window_ = 0;
  std::uint64_t told_by_cgroup_ = 0;
  std::uint64_t told_of_nobody_ = 0;
};

}  // namespace nezuban::daemon
