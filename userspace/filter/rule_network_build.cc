// SPDX-License-Identifier: Apache-2.0
// Programs → RuleNetwork.
#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <optional>
#include <string>

#include "filter/gate.h"
#include "filter/rule_network.h"

namespace nezuban::filter {

// The order of work: number the terms, tests and keys of all programs; sort the events by the rules
// that ask for them; find gates for each sort.
class RuleNetwork::Builder {
 public:
  Builder(RuleNetwork& network, std::span<const Program* const> programs)
      : network_(network), given_(programs) {}

  void Build() {
    for (const Program* program : given_) AddProgram(program);
    std::map<std::vector<std::uint32_t>, EventNames> sorts;
    for (std::size_t bit = 0; bit < AllEventNames().size(); ++bit) {
      std::vector<std::uint32_t> rules;
      for (std::uint32_t rule = 0; rule < given_.size(); ++rule) {
        if (given_[rule] != nullptr && given_[rule]->events()[bit]) rules.push_back(rule);
      }
      if (!rules.empty()) sorts[std::move(rules)].set(bit);
    }
    network_.events_of_.assign(AllEventNames().size(), -1);
    for (const auto& [rules, names] : sorts) AddEvents(rules, names);
  }

 private:
  // ---- numbers

  void AddProgram(const Program* program) {
    NumberedProgram numbered{static_cast<std::uint32_t>(network_.steps_.size())};
    if (program != nullptr) {
      numbered.entry = program->entry();
      for (const Step& step : program->steps()) {
        network_.steps_.push_back({NumberOf(step.test), step.if_true, step.if_false, step.negated});
      }
    }
    network_.programs_.push_back(numbered);
  }

  std::uint32_t NumberOf(const TestPtr& test) {
    const auto [known, first_seen] = number_of_test_.try_emplace(test.get(), 0);
    if (!first_seen) return known->second;
    const auto next = static_cast<std::uint32_t>(network_.tests_.size());
    const auto [at, added] = test_by_text_.try_emplace(test->text, next);
    known->second = at->second;
    if (!added) return at->second;
    const std::uint32_t left = NumberOf(test->left);
    network_.tests_.push_back({test, left, test->right ? NumberOf(*test->right) : kNoTerm});
    std::vector<std::uint32_t>& keys = keys_of_.emplace_back();
    for (const IndexKey& key : test->keys) keys.push_back(NumberOf(left, key));
    return next;
  }

  std::uint32_t NumberOf(const Term& term) {
    if (const fields::FieldRef* field = term.field()) return NumberOf(*field);
    const auto [at, added] = term_by_text_.try_emplace(ToString(term), 0);
    if (!added) return at->second;
    ForEachField(term, [this](const fields::FieldRef& field) {
      network_.term_of_field_[&field] = NumberOf(field);
    });
    at->second = static_cast<std::uint32_t>(network_.terms_.size());
    network_.terms_.push_back({nullptr, &term});
    return at->second;
  }

  std::uint32_t NumberOf(const fields::FieldRef& field) {
    const auto next = static_cast<std::uint32_t>(network_.terms_.size());
    const auto [at, added] = term_by_text_.try_emplace(fields::ToString(field), next);
    if (added) network_.terms_.push_back({&field, nullptr});
    return at->second;
  }

  std::uint32_t NumberOf(std::uint32_t term, const IndexKey& key) {
    const auto next = static_cast<std::uint32_t>(key_by_text_.size());
    const std::string text = std::to_string(term) + " " +
                             std::to_string(static_cast<int>(key.kind)) + " " +
                             ToString(key.constant);
    return key_by_text_.try_emplace(text, next).first->second;
  }

  // ---- gates

  // How many rules use each key where it counts for them: what one value may start.
  void CountLoads(const std::vector<std::uint32_t>& rules) {
    constexpr std::uint32_t kNobody = UINT32_MAX;
    loads_.assign(key_by_text_.size(), 0);
    std::vector<std::uint32_t> counted_for(key_by_text_.size(), kNobody);
    for (const std::uint32_t rule : rules) {
      for (const Step& step : given_[rule]->steps()) {
        if (step.negated) continue;
        for (const std::uint32_t key : keys_of_[number_of_test_.at(step.test.get())]) {
          if (counted_for[key] == rule) continue;
          counted_for[key] = rule;
          ++loads_[key];
        }
      }
    }
  }

  std::optional<GateCost> CostOf(const Test& test) const {
    if (test.keys.empty()) return std::nullopt;
    GateCost cost{.keys = static_cast<std::uint32_t>(test.keys.size())};
    for (const std::uint32_t key : keys_of_[number_of_test_.at(&test)]) {
      cost.load = std::max(cost.load, static_cast<std::uint32_t>(std::bit_width(loads_[key])));
    }
    for (const IndexKey& key : test.keys) {
      // Half of all values are true: the last resort.
      const bool flag = std::holds_alternative<bool>(key.constant);
      cost.kind = std::max(cost.kind, flag ? UINT32_MAX - 1 : static_cast<std::uint32_t>(key.kind));
    }
    return cost;
  }

  void AddEvents(const std::vector<std::uint32_t>& rules, const EventNames& names) {
    for (std::size_t bit = 0; bit < names.size(); ++bit) {
      if (names[bit]) network_.events_of_[bit] = static_cast<std::int32_t>(network_.events_.size());
    }
    Events& events = network_.events_.emplace_back();
    events.names = names;
    CountLoads(rules);
    std::map<std::uint32_t, std::uint32_t> gatekeeper_of_test;
    const CostOfTest cost = [this](const Test& test) { return CostOf(test); };
    for (const std::uint32_t rule : rules) {
      const auto gate = FindGate(*given_[rule], names, cost);
      if (!gate) {
        events.always.push_back(rule);
        continue;
      }
      for (const int pc : *gate) {
        const Step& step = given_[rule]->steps()[static_cast<std::size_t>(pc)];
        const std::uint32_t test = number_of_test_.at(step.test.get());
        const auto next = static_cast<std::uint32_t>(events.gatekeepers.size());
        const auto [at, added] = gatekeeper_of_test.try_emplace(test, next);
        if (added) events.gatekeepers.push_back({test, {}});
        auto& starts = events.gatekeepers[at->second].rules;
        if (starts.empty() || starts.back() != rule) starts.push_back(rule);
      }
    }
    AddIndexes(events);
  }

  void AddIndexes(Events& events) {
    std::map<std::uint32_t, std::size_t> index_of_term;
    for (std::uint32_t g = 0; g < events.gatekeepers.size(); ++g) {
      const NumberedTest& test = network_.tests_[events.gatekeepers[g].test];
      const auto [at, added] = index_of_term.try_emplace(test.left, events.terms.size());
      if (added) events.terms.push_back({test.left, {}, {}});
      IndexedTerm& term = events.terms[at->second];
      term.gatekeepers.push_back(g);
      for (const IndexKey& key : test.test->keys) term.index.Add(key, g);
    }
    for (IndexedTerm& term : events.terms) term.index.Build();
  }

  RuleNetwork& network_;
  std::span<const Program* const> given_;
  std::unordered_map<const Test*, std::uint32_t> number_of_test_;
  std::unordered_map<std::string, std::uint32_t> test_by_text_;
  std::unordered_map<std::string, std::uint32_t> term_by_text_;
  std::unordered_map<std::string, std::uint32_t> key_by_text_;
  std::vector<std::vector<std::uint32_t>> keys_of_;  // by test
  std::vector<std::uint32_t> loads_;                 // by key
};

RuleNetwork::RuleNetwork(std::span<const Program* const> programs) {
  static std::atomic<std::uint64_t> last_id{0};
  id_ = ++last_id;
  Builder(*this, programs).Build();
}

}  // namespace nezuban::filter
