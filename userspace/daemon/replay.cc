// SPDX-License-Identifier: Apache-2.0
#include "daemon/replay.h"

#include <map>
#include <utility>
#include <variant>

namespace nezuban::daemon {
namespace {

// The last count told for each event and reason: counts run since the start.
class Losses {
 public:
  void Take(const state::LossItem& item) {
    for (const state::LossItem::Count& count : item.counts) {
      counts_[{count.type, count.reason}] = count.count;
    }
  }
  void Tell(std::vector<std::string>& missing) const {
    for (const auto& [what, count] : counts_) {
      missing.push_back(
          std::to_string(count) + " events of " + std::string(event::MainName(what.first)) +
          " were lost in the kernel: " + std::string(event::DropReasonName(what.second)));
    }
  }

 private:
  std::map<std::pair<event::EventType, int>, std::uint64_t> counts_;
};

}  // namespace

ReplaySummary Replay(recording::Reader& reader, std::shared_ptr<const ruleset::Ruleset> rules,
                     DetectorOptions options, const Detector::AlertHandler& on_alert) {
  ReplaySummary summary;
  const recording::Identity& identity = reader.identity();
  options.node = {identity.hostname, identity.run_id, identity.node, identity.cluster};
  options.clock_tick_ns = reader.identity().clock_tick_ns;
  Detector detector(std::move(rules), std::move(options),
                    [&](const std::shared_ptr<const alert::Alert>& alert) {
                      ++summary.alerts;
                      on_alert(alert);
                    });
  Losses losses;
  while (true) {
    const auto item = reader.Next();
    if (!item) {
      summary.damaged = true;
      summary.missing.push_back(item.error().message);
    }
    if (!item || !*item) break;
    if (const auto* loss = std::get_if<state::LossItem>(&**item)) losses.Take(*loss);
    if (std::holds_alternative<state::RecordItem>(**item)) ++summary.events;
    detector.Take(**item);
    detector.TakeForKernel();
  }
  detector.Finish();
  if (reader.gaps() > 0) {
    summary.missing.push_back(std::to_string(reader.gaps()) +
                              " items were left out when it was recorded: the disk was too slow");
  }
  losses.Tell(summary.missing);
  for (const std::string& names : reader.unreadable()) {
    summary.missing.push_back("events '" + names +
                              "' are left out: they are laid out in another "
                              "way than this version knows");
  }
  return summary;
}

Result<std::uint64_t> CountAlerts(const ruleset::Ruleset& rules, const ruleset::Rule& rule,
                                  const std::string& path) {
  ASSIGN_OR_RETURN(recording::Reader reader, recording::Reader::Open(path));
  std::uint64_t count = 0;
  // Shares nothing: the rules outlive the replay.
  const std::shared_ptr<const ruleset::Ruleset> shared(std::shared_ptr<void>(), &rules);
  const ReplaySummary summary =
      Replay(reader, shared, {}, [&](const std::shared_ptr<const alert::Alert>& alert) {
        if (alert->rule == rule.name) ++count;
      });
  if (summary.damaged) return Fail(path + ": " + summary.missing.front(), 1);
  return count;
}

}  // namespace nezuban::daemon
