// SPDX-License-Identifier: Apache-2.0
#include "daemon/explain.h"

#include <limits>
#include <variant>

#include "alert/alert.h"
#include "base/text.h"
#include "event/decode.h"
#include "state/enricher.h"

namespace nezuban::daemon {
namespace {

constexpr std::size_t kMatchesTold = 20;

class Search {
 public:
  Search(const recording::Identity& identity, const ruleset::Rule& rule, std::uint64_t number,
         const Redactor& redactor)
      : rule_(rule),
        explainer_(*rule.tree),
        number_(number),
        redactor_(redactor),
        hostname_(identity.hostname),
        processes_({}, identity.clock_tick_ns) {}

  void Take(const state::Item& item) {
    const auto* record = std::get_if<state::RecordItem>(&item);
    if (record == nullptr) return enricher_.Learn(item);
    ++found_.events;
    if (const auto event = event::Decode(record->bytes)) Consider(enricher_.Apply(*event));
  }

  ExplainedRecording Found() && { return std::move(found_); }

 private:
  void Consider(const state::EnrichedEvent& event) {
    const record_header& header = event.event.header();
    const bool asked = rule_.program.events()[filter::EventNameBit(header.type, header.variant)];
    const bool wanted = found_.events == number_;
    if (!asked && !wanted) return;
    arena_.Reset();
    const fields::FieldContext context{event, arena_, hostname_};
    const fields::FieldSource source(context);
    const bool matches = asked && rule_.program.Run(source, arena_) != filter::Answer::kNo;
    found_.asked += asked ? 1 : 0;
    found_.matches += matches ? 1 : 0;
    if (matches && found_.first_matches.size() < kMatchesTold) {
      found_.first_matches.push_back(found_.events);
    }
    if (!wanted && (number_ != 0 || nearest_ == 0)) return;
    const std::size_t distance = matches ? 0 : explainer_.Distance(source, arena_);
    if (!wanted && distance >= nearest_) return;
    nearest_ = distance;
    const fields::FieldContext shown{event, arena_, hostname_, &redactor_};
    const std::string at =
        alert::FormatTime(static_cast<std::int64_t>(header.time_ns) + event.wall_offset_ns);
    found_.event = {found_.events,
                    std::string(event.event.name()) + " by " + Printable(event.process->comm) +
                        " (" + std::to_string(header.tgid) + ") at " + at,
                    asked, explainer_.Explain(source, fields::FieldSource(shown), arena_)};
  }

  const ruleset::Rule& rule_;
  const ruleset::Explainer explainer_;
  const std::uint64_t number_;
  const Redactor& redactor_;
  const std::string hostname_;
  state::ProcessTable processes_;
  state::ContainerTable containers_;
  state::Enricher enricher_{processes_, containers_};
  fields::Arena arena_;
  std::size_t nearest_ = std::numeric_limits<std::size_t>::max();
  ExplainedRecording found_;
};

}  // namespace

ExplainedRecording ExplainRecording(recording::Reader& reader, const ruleset::Rule& rule,
                                    std::uint64_t number, const Redactor& redactor) {
  Search search(reader.identity(), rule, number, redactor);
  std::string damage;
  while (true) {
    const auto item = reader.Next();
    if (!item) damage = item.error().message;
    if (!item || !*item) break;
    search.Take(**item);
  }
  ExplainedRecording found = std::move(search).Found();
  found.damage = damage;
  return found;
}

}  // namespace nezuban::daemon
