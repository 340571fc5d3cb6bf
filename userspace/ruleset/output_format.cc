// SPDX-License-Identifier: Apache-2.0
#include "ruleset/output_format.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.h"
#include "fields/convert.h"
#include "fields/fields.h"
#include "filter/functions.h"
#include "filter/parser.h"

namespace nezuban::ruleset {
namespace {

using fields::Value;

constexpr std::size_t kMaxWidth = 1024;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameCharacter(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

std::string_view NameAt(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, IsNameCharacter);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

// Length of a function's name and its balanced parentheses at the start of `text`; 0 if none.
std::size_t CallLength(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || filter::FindFunction(text.substr(0, open)) == nullptr) {
    return 0;
  }
  int depth = 0;
  char quote = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

struct Token {
  filter::Term term;
  std::string_view name;
};

// %static.NAME, the longest NAME that there is.
std::optional<Token> ParseStatic(std::string_view text, const StaticFields& statics) {
  constexpr std::string_view kPrefix = "static.";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const StaticFields::value_type* longest = nullptr;
  for (const auto& entry : statics) {
    const bool longer = longest == nullptr || entry.first.size() > longest->first.size();
    if (text.substr(kPrefix.size()).starts_with(entry.first) && longer) longest = &entry;
  }
  if (longest == nullptr) return std::nullopt;
  return Token{{longest->second, fields::Type::kText},
               text.substr(0, kPrefix.size() + longest->first.size())};
}

tl::expected<Token, filter::Problem> ParseToken(std::string_view text) {
  if (const std::size_t length = CallLength(text)) {
    const std::string_view call = text.substr(0, length);
    auto operand = filter::ParseOperand(call);
    if (!operand) return tl::unexpected(operand.error());
    auto term = filter::MakeTerm(*operand);
    if (!term) return tl::unexpected(term.error());
    return Token{std::move(*term), call};
  }
  if (const auto prefix = fields::LongestField(text)) {
    return Token{{prefix->ref, prefix->ref.def->type}, text.substr(0, prefix->length)};
  }
  const std::string_view name = NameAt(text);
  if (name.empty()) {
    return tl::unexpected(
        filter::Problem{Severity::kError, 0, "'%' must be followed by a field", {}});
  }
  const auto field = fields::ResolveField(name, std::nullopt);
  return tl::unexpected(
      filter::Problem{Severity::kError, 0, field.error().message, field.error().hint});
}

// Padded or cut to so many characters.
std::string Sized(std::string text, std::size_t width) {
  if (width == 0) return text;
  std::size_t characters = 0;
  std::size_t at = 0;
  while (at < text.size() && characters < width) {
    at += std::max<std::size_t>(1, Utf8Length(std::string_view(text).substr(at)));
    ++characters;
  }
  text.resize(at);
  return text.append(width - characters, ' ');
}

// Fields that print a time as text, and what they are as a number.
constexpr std::string_view kTimeTexts[] = {"evt.time", "evt.time.s", "evt.time.iso8601",
                                           "evt.datetime", "evt.datetime.s"};
constexpr std::string_view kTimeNumber = "evt.rawtime";

std::optional<filter::Term> NumberOf(const filter::Term& term) {
  const fields::FieldRef* field = term.field();
  if (field == nullptr || std::ranges::find(kTimeTexts, field->def->name) == std::end(kTimeTexts)) {
    return std::nullopt;
  }
  const auto number = fields::ResolveField(kTimeNumber, std::nullopt);
  if (!number) return std::nullopt;
  return filter::Term{*number, number->def->type};
}

constexpr std::string_view kGone = "container.info";

}  // namespace

alert::FieldValue ToFieldValue(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* list = std::get_if<fields::ValueList>(&value)) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < list->size; ++i) texts.push_back(fields::ToString(list->data[i]));
    return texts;
  }
  if (std::holds_alternative<fields::Absent>(value) ||
      std::holds_alternative<fields::Unknown>(value)) {
    return std::monostate();
  }
  return fields::ToString(value);
}

tl::expected<OutputFormat, filter::Problem> OutputFormat::Parse(std::string_view format) {
  std::vector<filter::Problem> problems;
  auto made = Parse(format, {}, problems);
  if (made) return std::move(*made);
  return tl::unexpected(*std::ranges::find(problems, Severity::kError, &filter::Problem::severity));
}

std::optional<OutputFormat> OutputFormat::Parse(std::string_view format,
                                                const StaticFields& statics,
                                                std::vector<filter::Problem>& problems) {
  OutputFormat made;
  bool good = true;
  // A star says: print it even if a value is missing. It is always so here.
  std::size_t at = format.starts_with('*') ? 1 : 0;
  std::string text;
  while (true) {
    const std::size_t percent = format.find('%', at);
    text += format.substr(at, percent - at);
    if (percent == std::string_view::npos) break;
    const auto tell = [&](filter::Problem problem) {
      good &= problem.severity != Severity::kError;
      problem.at = static_cast<std::uint32_t>(percent);
      problems.push_back(std::move(problem));
    };
    at = percent + 1;
    Part part;
    const auto digits = std::ranges::find_if_not(format.substr(at), IsDigit);
    const char* end = format.data() + at + (digits - format.substr(at).begin());
    const auto read = std::from_chars(format.data() + at, end, part.width);
    if (read.ec == std::errc::result_out_of_range || part.width > kMaxWidth) {
      tell({Severity::kError, 0, "a width can't be more than " + std::to_string(kMaxWidth), {}});
    }
    at = static_cast<std::size_t>(end - format.data());
    const std::string_view rest = format.substr(at);
    if (NameAt(rest) == kGone) {
      tell({Severity::kWarning, 0, "'%container.info' is gone and prints nothing",
            "name the fields, as %container.id"});
      at += kGone.size();
      continue;
    }
    auto fixed = ParseStatic(rest, statics);
    auto token = fixed ? tl::expected<Token, filter::Problem>(std::move(*fixed)) : ParseToken(rest);
    if (!token) {
      tell(token.error());
      at += NameAt(rest).size();
      continue;
    }
    part.text = std::exchange(text, {});
    part.name = token->name;
    part.number = NumberOf(token->term);
    part.term = std::move(token->term);
    at += token->name.size();
    made.parts_.push_back(std::move(part));
  }
  made.parts_.push_back(Part{.text = std::move(text)});
  return good ? std::optional(std::move(made)) : std::nullopt;
}

void OutputFormat::Append(const OutputFormat& other) {
  parts_.back().text += ' ';
  parts_.insert(parts_.end(), other.parts_.begin(), other.parts_.end());
}

void OutputFormat::AddField(std::string key, OutputFormat value) {
  extras_.push_back({std::move(key), std::move(value.parts_)});
}

alert::FieldValue OutputFormat::ValueOf(const Part& part, const Value& value,
                                        const fields::FieldSource& source, fields::Arena& arena) {
  return ToFieldValue(part.number ? filter::Evaluate(*part.number, source, arena) : value);
}

void OutputFormat::FillExtra(const Extra& extra, const fields::FieldSource& source,
                             fields::Arena& arena, Output& out) {
  const auto same = [&](const auto& field) { return field.first == extra.key; };
  if (std::ranges::any_of(out.fields, same)) return;
  const Part& first = extra.parts.front();
  const bool alone = extra.parts.size() == 2 && first.text.empty() && extra.parts[1].text.empty();
  if (alone) {
    const Value value = filter::Evaluate(first.term, source, arena);
    out.fields.emplace_back(extra.key, ValueOf(first, value, source, arena));
    return;
  }
  std::string text;
  for (const Part& part : extra.parts) {
    text += part.text;
    if (part.name.empty()) continue;
    text += Sized(fields::ToString(filter::Evaluate(part.term, source, arena)), part.width);
  }
  out.fields.emplace_back(extra.key, std::move(text));
}

Output OutputFormat::Fill(const fields::FieldSource& source, fields::Arena& arena) const {
  Output out;
  for (const Part& part : parts_) {
    out.message += part.text;
    if (part.name.empty()) continue;
    const Value value = filter::Evaluate(part.term, source, arena);
    out.message += Sized(fields::ToString(value), part.width);
    const auto same = [&](const auto& field) { return field.first == part.name; };
    if (std::ranges::none_of(out.fields, same)) {
      out.fields.emplace_back(part.name, ValueOf(part, value, source, arena));
    }
  }
  for (const Extra& extra : extras_) FillExtra(extra, source, arena, out);
  return out;
}

bool OutputFormat::MayBeCompleted(const fields::FieldSource& source) const {
  const auto waits = [&](const Part& part) {
    return !part.name.empty() && filter::WaitsFor(part.term, source);
  };
  return std::ranges::any_of(parts_, waits) ||
         std::ranges::any_of(
             extras_, [&](const Extra& extra) { return std::ranges::any_of(extra.parts, waits); });
}

std::vector<std::string> OutputFormat::FieldNames() const {
  std::vector<std::string> names;
  const auto collect = [&](const std::vector<Part>& parts) {
    for (const Part& part : parts) {
      if (!part.name.empty()) filter::CollectFields(part.term, names);
    }
  };
  collect(parts_);
  for (const Extra& extra : extras_) collect(extra.parts);
  return names;
}

bool OutputFormat::Prints(std::string_view field) const {
  return std::ranges::find(parts_, field, &Part::name) != parts_.end();
}

}  // namespace nezuban::ruleset
