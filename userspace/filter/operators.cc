// SPDX-License-Identifier: Apache-2.0
#include "filter/operators.h"

#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "filter/path_tree.h"
#include "filter/text_match.h"

namespace nezuban::filter {
namespace {

using fields::IpAddress;
using fields::Text;
using fields::Type;
using fields::Value;
using Made = tl::expected<MatcherPtr, std::string>;

// A matcher from a function; the operand is whatever it has captured.
template <typename F>
class FunctionMatcher final : public Matcher {
 public:
  explicit FunctionMatcher(F match) : match_(std::move(match)) {}
  Truth Match(const Value& value) const noexcept override { return match_(value); }

 private:
  F match_;
};

template <typename F>
Made MakeMatcher(F match) {
  return MatcherPtr(std::make_unique<FunctionMatcher<F>>(std::move(match)));
}

// ---- one constant

template <Truth (*match)(const Text&, std::string_view)>
Made MakeText(const Constant& constant) {
  return MakeMatcher([want = std::get<std::string>(constant)](const Value& value) {
    return match(std::get<Text>(value), want);
  });
}

template <Truth (*match)(const Text&, std::string_view)>
Truth CompareText(const Value& left, const Value& right) {
  const auto& operand = std::get<Text>(right);
  return operand.truncated() ? Truth::kUnknown : match(std::get<Text>(left), operand.bytes);
}

Truth EqualsConstant(const Value& value, const Constant& constant) {
  if (const auto* text = std::get_if<std::string>(&constant)) {
    return TextEquals(std::get<Text>(value), *text);
  }
  if (const auto* number = std::get_if<std::int64_t>(&constant)) {
    return FromBool(std::get<std::int64_t>(value) == *number);
  }
  if (const auto* flag = std::get_if<bool>(&constant)) {
    return FromBool(std::get<bool>(value) == *flag);
  }
  if (const auto* ip = std::get_if<IpAddress>(&constant)) {
    return FromBool(std::get<IpAddress>(value) == *ip);
  }
  if (const auto* within = std::get_if<Within>(&constant)) {
    return FromBool(std::get<std::int64_t>(value) <= within->ms);
  }
  return FromBool(std::get<Network>(constant).Contains(std::get<IpAddress>(value)));
}

Made MakeEquals(const Constant& constant) {
  return MakeMatcher([constant](const Value& v) { return EqualsConstant(v, constant); });
}

Made MakeDiffers(const Constant& constant) {
  return MakeMatcher([constant](const Value& v) { return Negate(EqualsConstant(v, constant)); });
}

Truth Equals(const Value& left, const Value& right) {
  if (const auto* text = std::get_if<Text>(&left)) {
    const auto& operand = std::get<Text>(right);
    if (!operand.truncated()) return TextEquals(*text, operand.bytes);
    return text->truncated() ? Truth::kUnknown : TextEquals(operand, text->bytes);
  }
  if (const auto* number = std::get_if<std::int64_t>(&left)) {
    return FromBool(*number == std::get<std::int64_t>(right));
  }
  if (const auto* flag = std::get_if<bool>(&left)) return FromBool(*flag == std::get<bool>(right));
  return FromBool(std::get<IpAddress>(left) == std::get<IpAddress>(right));
}

Truth Differs(const Value& left, const Value& right) { return Negate(Equals(left, right)); }

Truth Less(const Value& left, const Value& right) {
  if (const auto* number = std::get_if<std::int64_t>(&left)) {
    return FromBool(*number < std::get<std::int64_t>(right));
  }
  return CompareText<TextLess>(left, right);
}

Truth Greater(const Value& left, const Value& right) {
  if (const auto* number = std::get_if<std::int64_t>(&left)) {
    return FromBool(*number > std::get<std::int64_t>(right));
  }
  return CompareText<TextGreater>(left, right);
}

Truth AtMost(const Value& left, const Value& right) { return Negate(Greater(left, right)); }
Truth AtLeast(const Value& left, const Value& right) { return Negate(Less(left, right)); }

template <Truth (*compare)(const Value&, const Value&)>
Made MakeOrder(const Constant& constant) {
  return MakeMatcher([constant](const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&constant)) {
      return compare(value, Value(*number));
    }
    return compare(value, Value(std::string_view(std::get<std::string>(constant))));
  });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The operand is hex digits, two a byte.
template <Truth (*match)(const Text&, std::string_view)>
Made MakeBytes(const Constant& constant) {
  const auto& hex = std::get<std::string>(constant);
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = HexDigit(hex[i]);
    const int low = HexDigit(hex[i + 1]);
    if (high < 0 || low < 0) break;
    bytes += static_cast<char>(high << 4 | low);
  }
  if (bytes.size() * 2 != hex.size()) {
    return tl::unexpected("'" + hex + "' is not bytes as pairs of hex digits, like cafe01");
  }
  return MakeText<match>(Constant(std::move(bytes)));
}

// Whole value, POSIX syntax. Bytes, not characters: a byte that is no UTF-8 hides nothing.
Made MakeRegex(const Constant& constant) {
  RE2::Options options(RE2::POSIX);
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto regex = std::make_unique<RE2>(std::get<std::string>(constant), options);
  if (!regex->ok()) return tl::unexpected("bad regular expression: " + regex->error());
  return MakeMatcher([regex = std::unique_ptr<const RE2>(std::move(regex))](const Value& value) {
    const auto& text = std::get<Text>(value);
    if (text.truncated()) return Truth::kUnknown;
    return FromBool(RE2::FullMatch({text.bytes.data(), text.bytes.size()}, *regex));
  });
}

// ---- lists

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

Made MakeTextSet(std::span<const Constant> constants) {
  TextSet set;
  for (const Constant& c : constants) set.insert(std::get<std::string>(c));
  return MakeMatcher([set = std::move(set)](const Value& value) {
    const auto& text = std::get<Text>(value);
    if (!text.truncated()) return FromBool(set.contains(text.bytes));
    Truth truth = Truth::kFalse;
    for (const std::string& want : set) truth = Either(truth, TextEquals(text, want));
    return truth;
  });
}

struct IpHash {
  std::size_t operator()(const IpAddress& ip) const noexcept {
    return std::hash<std::string_view>()(
        {reinterpret_cast<const char*>(ip.bytes.data()), ip.v4 ? 4 : ip.bytes.size()});
  }
};
using IpSet = std::unordered_set<IpAddress, IpHash>;

Made MakeIpSet(std::span<const Constant> constants) {
  IpSet set;
  for (const Constant& c : constants) set.insert(std::get<IpAddress>(c));
  return MakeMatcher([set = std::move(set)](const Value& value) {
    return FromBool(set.contains(std::get<IpAddress>(value)));
  });
}

// One set of networks for each length of prefix there is.
Made MakeNetworkSets(std::span<const Constant> constants) {
  std::map<int, IpSet> by_bits;
  for (const Constant& c : constants) {
    const auto& network = std::get<Network>(c);
    by_bits[network.bits].insert(network.address);
  }
  return MakeMatcher([by_bits = std::move(by_bits)](const Value& value) {
    const auto& ip = std::get<IpAddress>(value);
    for (const auto& [bits, set] : by_bits) {
      Network network{ip, bits};
      network.MaskHostBits();
      if (set.contains(network.address)) return Truth::kTrue;
    }
    return Truth::kFalse;
  });
}

Made MakeIn(std::span<const Constant> constants) {
  if (!constants.empty() && std::holds_alternative<std::string>(constants[0])) {
    return MakeTextSet(constants);
  }
  if (!constants.empty() && std::holds_alternative<std::int64_t>(constants[0])) {
    std::unordered_set<std::int64_t> set;
    for (const Constant& c : constants) set.insert(std::get<std::int64_t>(c));
    return MakeMatcher([set = std::move(set)](const Value& value) {
      return FromBool(set.contains(std::get<std::int64_t>(value)));
    });
  }
  if (!constants.empty() && std::holds_alternative<IpAddress>(constants[0])) {
    return MakeIpSet(constants);
  }
  if (!constants.empty() && std::holds_alternative<Network>(constants[0])) {
    return MakeNetworkSets(constants);
  }
  // Few of a kind: booleans, or none at all.
  return MakeMatcher([list = std::vector(constants.begin(), constants.end())](const Value& value) {
    Truth truth = Truth::kFalse;
    for (const Constant& c : list) truth = Either(truth, EqualsConstant(value, c));
    return truth;
  });
}

Made MakePathMatch(std::span<const Constant> constants) {
  PathTree tree;
  for (const Constant& c : constants) tree.Add(std::get<std::string>(c));
  return MakeMatcher(
      [tree = std::move(tree)](const Value& value) { return tree.Match(std::get<Text>(value)); });
}

// ---- the table

constexpr Types kTexts = TypeBit(Type::kText) | TypeBit(Type::kEventName);
constexpr Types kBytes = TypeBit(Type::kBytes);
constexpr Types kNumbers = TypeBit(Type::kInt) | TypeBit(Type::kPort);
constexpr Types kSets = kTexts | kBytes | kNumbers | TypeBit(Type::kHostName) |
                        TypeBit(Type::kBool) | TypeBit(Type::kIp) | TypeBit(Type::kNet);
constexpr Types kAll = kSets | TypeBit(Type::kNear);

using enum RightSide;

constexpr OperatorDef kOperators[] = {
    {"exists", kNone, false, kAll | kLists, "The field has a value.", nullptr, nullptr, nullptr},
    {"<=", kNumber, false, kTexts | kNumbers, "Less or equal; text byte by byte.",
     MakeOrder<AtMost>, nullptr, AtMost},
    {"<", kNumber, false, kTexts | kNumbers, "Less; text byte by byte.", MakeOrder<Less>, nullptr,
     Less},
    {">=", kNumber, false, kTexts | kNumbers, "Greater or equal; text byte by byte.",
     MakeOrder<AtLeast>, nullptr, AtLeast},
    {">", kNumber, false, kTexts | kNumbers, "Greater; text byte by byte.", MakeOrder<Greater>,
     nullptr, Greater},
    {"==", kString, false, kAll, "Equal; an address lies in the network.", MakeEquals, nullptr,
     Equals, EqualKey},
    {"=", kString, false, kAll, "Equal; an address lies in the network.", MakeEquals, nullptr,
     Equals, EqualKey},
    {"!=", kString, false, kSets, "Present, and not equal.", MakeDiffers, nullptr, Differs},
    {"bcontains", kString, true, kBytes, "The bytes, given as hex digits, are a part of the value.",
     MakeBytes<TextContains>, nullptr, nullptr},
    {"bstartswith", kString, true, kBytes, "The value begins with the bytes, given as hex digits.",
     MakeBytes<TextStartsWith>, nullptr, nullptr},
    {"glob", kString, true, kTexts, "The whole text matches the pattern of * ? [..].",
     MakeText<TextGlob>, nullptr, CompareText<TextGlob>, GlobKey},
    {"iglob", kString, true, kTexts, "glob, ignoring the case of ASCII letters.",
     MakeText<TextGlobIgnoringCase>, nullptr, CompareText<TextGlobIgnoringCase>, AnyCaseGlobKey},
    {"contains", kString, true, kTexts | kBytes, "The operand is a part of the text.",
     MakeText<TextContains>, nullptr, CompareText<TextContains>, PartKey},
    {"icontains", kString, true, kTexts, "contains, ignoring the case of ASCII letters.",
     MakeText<TextContainsIgnoringCase>, nullptr, CompareText<TextContainsIgnoringCase>,
     AnyCasePartKey},
    {"startswith", kString, true, kTexts | kBytes, "The text begins with the operand.",
     MakeText<TextStartsWith>, nullptr, CompareText<TextStartsWith>, PrefixKey},
    {"endswith", kString, true, kTexts | kBytes, "The text ends with the operand.",
     MakeText<TextEndsWith>, nullptr, CompareText<TextEndsWith>, SuffixKey},
    {"regex", kString, true, kTexts,
     "The whole text matches the regular expression (RE2, POSIX syntax).", MakeRegex, nullptr,
     nullptr},
    {"intersects", kList, false, kSets | kLists,
     "Equal to one of the list; of a list, one of its values is.", MakeEquals, MakeIn, Equals,
     EqualKey},
    {"in", kList, false, kSets | kLists,
     "Equal to one of the list; of a list, each of its values is.", MakeEquals, MakeIn, Equals,
     EqualKey},
    {"pmatch", kList, false, kTexts,
     "One of the list is the path or a directory above it; components may be globs.", nullptr,
     MakePathMatch, nullptr, PathKey},
};

}  // namespace

std::span<const OperatorDef> OperatorTable() { return kOperators; }

const OperatorDef* FindOperator(std::string_view spelling) {
  const auto at = std::ranges::find(kOperators, spelling, &OperatorDef::spelling);
  return at == std::end(kOperators) ? nullptr : at;
}

std::span<const std::string_view> OperatorSpellings() {
  static const std::vector<std::string_view> kSpellings = [] {
    std::vector<std::string_view> all;
    for (const OperatorDef& op : kOperators) all.push_back(op.spelling);
    return all;
  }();
  return kSpellings;
}

}  // namespace nezuban::filter
