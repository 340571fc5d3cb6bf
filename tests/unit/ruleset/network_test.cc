// SPDX-License-Identifier: Apache-2.0
// The network of the default rules answers as each of their Programs alone, on events made of the
// values these rules look for.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "fields/field_map.h"
#include "fields/fields.h"
#include "filter/rule_network.h"
#include "ruleset/ruleset.h"
#include "testlib/scale.h"

namespace nezuban::ruleset {
namespace {

using fields::Absent;
using fields::Text;
using fields::Unknown;
using fields::Value;
using filter::Answer;

constexpr unsigned kSeed = 20'261'124;

Value ValueOf(const filter::Constant& constant) {
  if (const auto* text = std::get_if<std::string>(&constant)) return std::string_view(*text);
  if (const auto* number = std::get_if<std::int64_t>(&constant)) return *number;
  if (const auto* flag = std::get_if<bool>(&constant)) return *flag;
  if (const auto* ip = std::get_if<fields::IpAddress>(&constant)) return *ip;
  return std::get<filter::Network>(constant).address;
}

// Random events of the fields that rules ask for.
class EventsFor {
 public:
  explicit EventsFor(std::span<const Rule> rules) : random_(kSeed) {
    for (const Rule& rule : rules) {
      for (const filter::Step& step : rule.program.steps()) Learn(*step.test);
    }
  }

  std::size_t Pick(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  // Returns the bit of its name.
  std::size_t Fill(fields::FieldMap& map, const filter::EventNames& among) {
    std::size_t bit = Pick(among.size());
    while (!among[bit]) bit = (bit + 1) % among.size();
    for (const auto& [name, field] : fields_) {
      const std::uint64_t events = field.ref.def->events;
      if (events != 0 && (events >> (bit / 8) & 1) == 0) continue;
      if (Value value = AnyOf(field.values); !std::holds_alternative<Absent>(value)) {
        map.Set(field.ref, value);
      }
    }
    map.Set(
        *fields::ResolveField("evt.type", std::nullopt),
        event::NameOf(static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8)));
    return bit;
  }

 private:
  struct Field {
    fields::FieldRef ref;
    std::vector<Value> values;
  };

  void Learn(const filter::Test& test) {
    filter::ForEachField(test.left, [&](const fields::FieldRef& ref) {
      Field& field = fields_.try_emplace(ToString(ref), Field{ref, {}}).first->second;
      for (const filter::IndexKey& key : test.keys) field.values.push_back(ValueOf(key.constant));
    });
  }

  // Twice as often as not one the rules ask for; a text may be longer, or cut.
  Value AnyOf(const std::vector<Value>& values) {
    if (values.empty() || Pick(5) == 0) return Absent{};
    if (Pick(6) == 0) return Unknown{};
    const Value& value = values[Pick(values.size())];
    const auto* text = std::get_if<Text>(&value);
    if (text == nullptr || Pick(3) > 0) return value;
    if (Pick(2) == 0) return Text(text->bytes.substr(0, Pick(text->bytes.size() + 1)), 4096);
    longer_ = std::string(text->bytes) + "x";
    return std::string_view(longer_);
  }

  std::mt19937 random_;
  std::map<std::string, Field> fields_;
  std::string longer_;  // until the map has copied it
};

TEST(NetworkOfDefaultRules, AnswersAsEachProgramAlone) {
  const std::string paths[] = {NEZUBAN_DEFAULT_RULES};
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::Load(paths, diagnostics);
  ASSERT_NE(ruleset, nullptr) << diagnostics.ToString();
  std::vector<const filter::Program*> programs;
  filter::EventNames events;
  for (const Rule& rule : ruleset->rules()) {
    programs.push_back(&rule.program);
    events |= rule.program.events();
  }
  const filter::RuleNetwork network(programs);
  filter::RuleNetwork::Scratch scratch;
  EventsFor make(ruleset->rules());
  fields::Arena arena;
  std::map<std::string, int> answered;
  for (int i = 0; i < testlib::Scaled(3000); ++i) {
    fields::FieldMap map;
    const std::size_t bit = make.Fill(map, events);
    std::map<std::uint32_t, Answer> wanted;
    for (std::uint32_t rule = 0; rule < programs.size(); ++rule) {
      arena.Reset();
      const Answer answer = programs[rule]->Run(map.source(), arena);
      if (answer != Answer::kNo) wanted[rule] = answer;
    }
    std::map<std::uint32_t, Answer> got;
    arena.Reset();
    for (const auto& [rule, answer] : network.Match(bit, map.source(), arena, scratch)) {
      got[rule] = answer;
      ++answered[ruleset->rules()[rule].name];
    }
    ASSERT_EQ(got, wanted) << "seed " << kSeed << ", event " << i;
  }
  // Most rules are reached, so that the comparison says something about them.
  EXPECT_GE(answered.size() * 5, programs.size() * 4);
}

}  // namespace
}  // namespace nezuban::ruleset
