// SPDX-License-Identifier: Apache-2.0
#include "filter/gate.h"

#include <algorithm>

namespace nezuban::filter {
namespace {

constexpr GateCost kNoGate{UINT32_MAX, UINT32_MAX, UINT32_MAX};

// The cheapest gate between a step and the match, as a tree whose parts several may share: a set of
// its own for each step would take quadratic memory.
struct Gate {
  GateCost cost;       // kNoGate: there is none, nothing stands in the way
  bool shut = false;   // no way leads to the match
  int test = -1;       // a step whose test is in it
  int from_true = -1;  // steps whose gates are part of it
  int from_false = -1;
};

class GateFinder {
 public:
  GateFinder(const Program& program, const EventNames& events, const CostOfTest& cost)
      : program_(program), events_(events), cost_(cost) {}

  std::optional<std::vector<int>> Find() {
    const int entry = program_.entry();
    if (entry == Program::kMatch) return std::nullopt;
    if (entry == Program::kNoMatch) return std::vector<int>();
    for (int pc = 0; pc <= entry; ++pc) gates_.push_back(GateOf(pc));
    if (gates_.back().cost == kNoGate) return std::nullopt;
    Collect(entry);
    std::ranges::sort(tests_);
    return std::move(tests_);
  }

 private:
  Gate Beyond(int target) const {
    if (target == Program::kMatch) return {.cost = kNoGate};
    if (target == Program::kNoMatch) return {.shut = true};
    return gates_[static_cast<std::size_t>(target)];
  }

  // Where a test is true or unknown on the way to the match, it can be the gate itself; where it is
  // false, the gate has to come later. On some events it can't be the one or the other.
  Gate GateOf(int pc) const {
    const Step& step = program_.steps()[static_cast<std::size_t>(pc)];
    const EventSplit& split = step.test->events;
    Gate yes = Beyond(step.if_true);
    Gate no = Beyond(step.if_false);
    if ((events_ & split.can_be_true).none()) yes = {.shut = true};
    if ((events_ & split.can_be_false).none()) no = {.shut = true};
    Gate gate{.shut = yes.shut && no.shut};
    if (!yes.shut) {
      const auto own = cost_(*step.test);
      if (own && *own <= yes.cost) {
        gate.test = pc;
        gate.cost = *own;
      } else {
        gate.from_true = step.if_true;
        gate.cost = yes.cost;
      }
    }
    if (!no.shut) {
      gate.from_false = step.if_false;
      gate.cost = Sum(gate.cost, no.cost);
    }
    return gate;
  }

  static GateCost Sum(const GateCost& a, const GateCost& b) {
    if (a == kNoGate || b == kNoGate) return kNoGate;
    return {std::max(a.load, b.load), std::max(a.kind, b.kind),
            a.keys + std::min(b.keys, UINT32_MAX - 1 - a.keys)};
  }

  void Collect(int entry) {
    std::vector<bool> seen(gates_.size());
    std::vector<int> open = {entry};
    while (!open.empty()) {
      const int pc = open.back();
      open.pop_back();
      if (pc < 0 || seen[static_cast<std::size_t>(pc)]) continue;
      seen[static_cast<std::size_t>(pc)] = true;
      const Gate& gate = gates_[static_cast<std::size_t>(pc)];
      if (gate.test >= 0) tests_.push_back(gate.test);
      open.push_back(gate.from_true);
      open.push_back(gate.from_false);
    }
  }

  const Program& program_;
  const EventNames& events_;
  const CostOfTest& cost_;
  std::vector<Gate> gates_;
  std::vector<int> tests_;
};

}  // namespace

std::optional<std::vector<int>> FindGate(const Program& program, const EventNames& events,
                                         const CostOfTest& cost) {
  return GateFinder(program, events, cost).Find();
}

}  // namespace nezuban::filter
