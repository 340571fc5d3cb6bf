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
  Search(const recording::Identity& identity, const ruleset::Ruleset& rules,
         const ruleset::Rule& rule, std::uint64_t number, const Redactor& redactor)
      : rules_(rules),
        rule_(rule),
        explainer_(*rule.tree),
        number_(number),
        redactor_(redactor),
        hostname_(identity.hostname),
        processes_({}, identity.clock_tick_ns) {}

  void Take(const state::Item& item) {
    const auto* record = std::get_if<state::RecordItem>(&item);
    if (record == nullptr) return enricher_.Learn(item);
    ++found_.events;
    const auto event = event::Decode(record->bytes);
    if (!event) return;
    const state::EnrichedEvent enriched = enricher_.Apply(*event);
    Consider(enriched);
    AskFeeders(enriched);
  }

  ExplainedRecording Found() && { return std::move(found_); }

 private:
  static bool IsAsked(const ruleset::Rule& rule, const record_header& header) {
    return rule.program.events()[filter::EventNameBit(header.type, header.variant)];
  }

  // Whether the rule fires; what it and others remember follows from it.
  bool Fires(const ruleset::Rule& rule, const ruleset::Occurrence& match) {
    if (!ruleset::Decide(rule, match, earlier_)) return false;
    ruleset::Feed(rules_.rules(), rule, match, std::to_string(found_.events), earlier_);
    return true;
  }

  // The rules that have to fire before this one.
  void AskFeeders(const state::EnrichedEvent& event) {
    const record_header& header = event.event.header();
    const ruleset::Rule* rule = &rule_;
    while (rule->after && rule->after->rule < rules_.rules().size()) {
      rule = &rules_.rules()[rule->after->rule];
      if (!rule->enabled || !IsAsked(*rule, header)) continue;
      arena_.Reset();
      const fields::FieldContext context{event, arena_, hostname_};
      const fields::FieldSource source(context);
      const filter::Answer answer = rule->program.Run(source, arena_);
      if (answer == filter::Answer::kNo) continue;
      Fires(*rule, {header.time_ns, source, answer == filter::Answer::kPossible});
    }
  }

  void Consider(const state::EnrichedEvent& event) {
    const record_header& header = event.event.header();
    const bool asked = IsAsked(rule_, header);
    const bool wanted = found_.events == number_;
    if (!asked && !wanted) return;
    arena_.Reset();
    const fields::FieldContext context{event, arena_, hostname_};
    const fields::FieldSource source(context);
    const bool matches = asked && rule_.program.Run(source, arena_) != filter::Answer::kNo;
    const ruleset::Occurrence match{header.time_ns, source};
    const std::vector<std::string> earlier =
        rule_.correlates() ? ruleset::DescribeCorrelation(rules_.rules(), rule_, match, earlier_)
                           : std::vector<std::string>();
    const bool fires = matches && Fires(rule_, match);
    Count(asked, matches, fires);
    const bool settled = nearest_ == 0 || (nearest_ == 1 && !fires);
    if (!wanted && (number_ != 0 || settled)) return;
    // The lower the better; a miss counts by how near it is.
    const std::size_t rank = fires ? 0 : (matches ? 1 : 2 + explainer_.Distance(source, arena_));
    if (!wanted && rank >= nearest_) return;
    nearest_ = rank;
    Explain(event, source, asked);
    found_.event->explanation.earlier = earlier;
  }

  void Count(bool asked, bool matches, bool fires) {
    found_.asked += asked ? 1 : 0;
    found_.matches += matches ? 1 : 0;
    if (fires && found_.fired++ == 0) found_.first_matches.clear();
    const bool told = fires || (matches && found_.fired == 0);
    if (told && found_.first_matches.size() < kMatchesTold) {
      found_.first_matches.push_back(found_.events);
    }
  }

  void Explain(const state::EnrichedEvent& event, const fields::FieldSource& source, bool asked) {
    const record_header& header = event.event.header();
    const fields::FieldContext shown{event, arena_, hostname_, &redactor_};
    const std::string at =
        alert::FormatTime(static_cast<std::int64_t>(header.time_ns) + event.wall_offset_ns);
    found_.event = {found_.events,
                    std::string(event.event.name()) + " by " + Printable(event.process->comm) +
                        " (" + std::to_string(header.tgid) + ") at " + at,
                    asked, explainer_.Explain(source, fields::FieldSource(shown), arena_)};
  }

  const ruleset::Ruleset& rules_;
  const ruleset::Rule& rule_;
  const ruleset::Explainer explainer_;
  const std::uint64_t number_;
  const Redactor& redactor_;
  const std::string hostname_;
  state::ProcessTable processes_;
  state::ContainerTable containers_;
  state::Enricher enricher_{processes_, containers_};
  fields::Arena arena_;
  ruleset::Correlator earlier_;
  std::size_t nearest_ = std::numeric_limits<std::size_t>::max();
  ExplainedRecording found_;
};

}  // namespace

ExplainedRecording ExplainRecording(recording::Reader& reader, const ruleset::Ruleset& rules,
                                    const ruleset::Rule& rule, std::uint64_t number,
                                    const Redactor& redactor) {
  Search search(reader.identity(), rules, rule, number, redactor);
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
