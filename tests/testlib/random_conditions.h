// SPDX-License-Identifier: Apache-2.0
// Random conditions that compile, and random events they have something to say about. The same seed
// gives the same ones.
#pragma once

#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/event.h"
#include "fields/field_map.h"
#include "fields/fields.h"
#include "filter/compile.h"
#include "filter/operators.h"
#include "filter/parser.h"
#include "filter/program.h"

namespace nezuban::testlib {

// An event as rules are indexed by it.
struct EventName {
  event::EventType type = 0;
  std::uint8_t variant = 0;
  std::size_t bit() const { return filter::EventNameBit(type, variant); }
};

// Conditions and events over the same few fields, drawn from all there are: else hardly anything
// would match.
class RandomConditions {
 public:
  explicit RandomConditions(unsigned seed, std::size_t fields = 6) : random_(seed) {
    for (std::size_t bit = 0; bit < filter::AllEventNames().size(); ++bit) {
      if (!filter::AllEventNames()[bit]) continue;
      names_.push_back(
          {static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8)});
    }
    while (fields_.size() < fields) AddField();
  }

  std::size_t Pick(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  std::string Condition(int depth) {
    if (depth == 0) return Leaf();
    switch (Pick(5)) {
      case 0:
        return "not (" + Condition(depth - 1) + ")";
      case 1:
      case 2:
        return Chain(" and ", depth);
      case 3:
        return Chain(" or ", depth);
      default:
        return Leaf();
    }
  }

  // One comparison.
  std::string Leaf() {
    if (Pick(8) == 0) return "evt.type in (" + AnyEventName() + ", " + AnyEventName() + ")";
    for (int attempt = 0; attempt < 200; ++attempt) {
      auto [text, op] = Comparison();
      if (!Compiles(text)) continue;
      operators_.insert(std::string(op));
      return text;
    }
    return "evt.type exists";
  }

  // Gives the fields random values, absent, unknown and truncated ones among them.
  EventName FillEvent(fields::FieldMap& map) {
    const EventName name = names_[Pick(names_.size())];
    for (const Field& field : fields_) {
      const std::uint64_t events = field.ref.def->events;
      if (events != 0 && (events >> name.type & 1) == 0) continue;
      if (field.ref.def->type == fields::Type::kEventName) continue;
      const fields::Type type = fields::TypeOf(field.ref);
      const bool list = field.ref.def->several == fields::Several::kList;
      const bool several = field.ref.def->several != fields::Several::kNo &&
                           field.ref.argument.kind == fields::Argument::Kind::kNone;
      if (list ? Pick(4) > 0 : several && Pick(2) == 0) {
        std::vector<fields::Value> values(Pick(4));
        for (fields::Value& value : values) value = AnyValue(type);
        map.SetList(field.ref, values);
      } else if (fields::Value value = list ? fields::Value(fields::Unknown{}) : AnyValue(type);
                 !std::holds_alternative<fields::Absent>(value)) {
        map.Set(field.ref, value);
      }
    }
    map.Set(*fields::ResolveField("evt.type", std::nullopt),
            event::NameOf(name.type, name.variant));
    return name;
  }

  // The spellings used so far.
  const std::set<std::string>& operators() const { return operators_; }

 private:
  struct Field {
    std::string text;
    fields::FieldRef ref;
  };

  static bool Compiles(const std::string& condition) {
    const auto expr = filter::Parse(condition);
    std::vector<filter::Problem> problems;
    return expr.has_value() && filter::Compile(*expr, problems).has_value();
  }

  // One in three by its type first: most fields are text.
  const fields::FieldDef& AnyField() {
    const auto table = fields::FieldTable();
    if (Pick(3) > 0) return *table[Pick(table.size())];
    const auto type = static_cast<fields::Type>(Pick(fields::kTypes));
    for (;;) {
      const fields::FieldDef& def = *table[Pick(table.size())];
      if (def.type == type) return def;
    }
  }

  void AddField() {
    const fields::FieldDef& def = AnyField();
    std::string text(def.name);
    std::optional<std::string> argument;
    using fields::ArgumentKind;
    const bool optional =
        def.argument == ArgumentKind::kIndex || def.argument == ArgumentKind::kIndexOrKey;
    if (def.argument == ArgumentKind::kRawParameter) {
      argument = "flags";
    } else if (def.argument != ArgumentKind::kNone && (!optional || Pick(2) == 0)) {
      argument = std::to_string(Pick(3));
    }
    if (argument) text += "[" + *argument + "]";
    if (auto ref = fields::ResolveField(def.name, argument)) fields_.push_back({text, *ref});
  }

  std::string Chain(const std::string& word, int depth) {
    std::string text = "(" + Condition(depth - 1);
    for (std::size_t n = Pick(3) + 1; n > 0; --n) text += word + Condition(depth - 1);
    return text + ")";
  }

  std::string AnyEventName() {
    const EventName name = names_[Pick(names_.size())];
    return std::string(event::NameOf(name.type, name.variant));
  }

  // {text, operator}; may be nonsense.
  std::pair<std::string, std::string_view> Comparison() {
    const Field& field = fields_[Pick(fields_.size())];
    const auto& op = filter::OperatorTable()[Pick(filter::OperatorTable().size())];
    fields::Type type = fields::TypeOf(field.ref);
    std::string left = field.text;
    if (type == fields::Type::kText && Pick(6) == 0) {
      const auto& function = filter::FunctionTable()[Pick(filter::FunctionTable().size())];
      left = std::string(function.name) + "(" + left + ")";
      type = function.result;
    }
    std::string text = left + " " + std::string(op.spelling);
    if (op.right == filter::RightSide::kNone) return {text, op.spelling};
    const std::size_t form = Pick(8);
    if (form == 0) return {text + " val(" + fields_[Pick(fields_.size())].text + ")", op.spelling};
    if (form == 1)
      return {text + " tolower(" + fields_[Pick(fields_.size())].text + ")", op.spelling};
    if (form == 2) return {text + " " + AnyModifier() + " " + List(type), op.spelling};
    if (op.right == filter::RightSide::kList) return {text + " " + List(type), op.spelling};
    return {text + " " + Literal(type), op.spelling};
  }

  std::string AnyModifier() {
    static constexpr const char* kModifiers[] = {"oneof", "anyof", "allof"};
    return kModifiers[Pick(3)];
  }

  std::string List(fields::Type type) {
    std::string text = "(" + Literal(type);
    for (std::size_t n = Pick(4); n > 0; --n) text += ", " + Literal(type);
    return text + ")";
  }

  std::string Literal(fields::Type type) {
    static constexpr const char* kTexts[] = {
        "a",    "ab",      "abc", "b",      "\"\"",   "/a",   "/a/b", "/ab",    "a*",
        "*b",   "/a/*",    "?b",  "[ab]*",  "a.*",    "6162", "AB",   "a/b",    "bc",
        "/*/b", "\"a b\"", "*b*", "abcdef", "/a/b/c", "a?c",  "a*c",  "/a/?/c", "/a*/b"};
    static constexpr const char* kIps[] = {"10.0.0.1", "10.0.1.1", "::1", "2001:db8::1"};
    static constexpr const char* kNets[] = {"10.0.0.0/8", "10.0.0.0/24", "0.0.0.0/0", "::/0",
                                            "2001:db8::/31"};
    switch (type) {
      case fields::Type::kText:
      case fields::Type::kBytes:
      case fields::Type::kHostName:
        return kTexts[Pick(std::size(kTexts))];
      case fields::Type::kEventName:
        return AnyEventName();
      case fields::Type::kBool:
        return Pick(2) == 0 ? "true" : "false";
      case fields::Type::kIp:
        return kIps[Pick(std::size(kIps))];
      case fields::Type::kNet:
        return kNets[Pick(std::size(kNets))];
      default:
        return std::to_string(Pick(5));
    }
  }

  fields::Value AnyValue(fields::Type type) {
    if (Pick(5) == 0) return fields::Absent{};
    if (Pick(5) == 0) return fields::Unknown{};
    switch (type) {
      case fields::Type::kText:
      case fields::Type::kBytes:
      case fields::Type::kHostName:
      case fields::Type::kEventName:
        return AnyText();
      case fields::Type::kBool:
        return Pick(2) == 0;
      case fields::Type::kIp:
      case fields::Type::kNet:
        return AnyIp();
      case fields::Type::kInt:
      case fields::Type::kNear:
      case fields::Type::kPort:
        return static_cast<std::int64_t>(Pick(5));
      default:
        return fields::Absent{};
    }
  }

  fields::Value AnyText() {
    static constexpr std::string_view kTexts[] = {"a",  "ab",     "abc",   "b",    "",    "/a",
                                                  "AB", "/a/b",   "//a/b", "/ab",  "a b", "/a/b/c",
                                                  "bc", "abcdef", "a/b",   "YWI=", "/b/c"};
    const std::string_view text = kTexts[Pick(std::size(kTexts))];
    if (Pick(4) > 0) return fields::Text(text);
    const auto more = static_cast<std::uint32_t>(text.size() + 1 + Pick(4));
    return fields::Text(text, Pick(2) == 0 ? more : fields::Text::kTotalUnknown);
  }

  fields::Value AnyIp() {
    fields::IpAddress ip;
    ip.v4 = Pick(2) == 0;
    if (ip.v4) {
      ip.bytes = {10, 0, static_cast<std::uint8_t>(Pick(2)), 1};
    } else if (Pick(2) == 0) {
      ip.bytes[15] = 1;
    } else {
      ip.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    }
    return ip;
  }

  std::mt19937 random_;
  std::vector<EventName> names_;
  std::vector<Field> fields_;
  std::set<std::string> operators_;
};

}  // namespace nezuban::testlib
