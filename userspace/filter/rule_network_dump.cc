// SPDX-License-Identifier: Apache-2.0
#include "filter/rule_network.h"

namespace nezuban::filter {
namespace {

std::string NamesIn(const EventNames& names) {
  std::string text;
  for (std::size_t bit = 0; bit < names.size(); ++bit) {
    if (!names[bit]) continue;
    text += text.empty() ? "" : " ";
    text +=
        event::NameOf(static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8));
  }
  return text;
}

void AddRules(const std::vector<std::uint32_t>& rules, std::span<const std::string> names,
              std::string& out) {
  for (const std::uint32_t rule : rules) out += "      " + names[rule] + "\n";
}

}  // namespace

std::string RuleNetwork::Dump(std::span<const std::string> rule_names) const {
  std::string out;
  for (const Events& events : events_) {
    out += "on " + NamesIn(events.names) + "\n";
    for (const IndexedTerm& term : events.terms) {
      const NumberedTerm& numbered = terms_[term.term];
      out += "  " +
             (numbered.field != nullptr ? fields::ToString(*numbered.field)
                                        : ToString(*numbered.computed)) +
             ": " + term.index.Describe() + "\n";
      for (const std::uint32_t number : term.gatekeepers) {
        const Gatekeeper& gatekeeper = events.gatekeepers[number];
        out += "    " + tests_[gatekeeper.test].test->text + "\n";
        AddRules(gatekeeper.rules, rule_names, out);
      }
    }
    if (events.always.empty()) continue;
    out += "  always\n";
    AddRules(events.always, rule_names, out);
  }
  return out;
}

}  // namespace nezuban::filter
