// SPDX-License-Identifier: Apache-2.0
#include "ruleset/output_format.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "fields/convert.h"
#include "fields/fields.h"
#include "filter/functions.h"
#include "filter/parser.h"

namespace nezuban::ruleset {
namespace {

using fields::Value;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameCharacter(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
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
  const auto end = std::ranges::find_if_not(text, IsNameCharacter);
  const std::string_view name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  if (name.empty()) {
    return tl::unexpected(
        filter::Problem{Severity::kError, 0, "'%' must be followed by a field", {}});
  }
  const auto field = fields::ResolveField(name, std::nullopt);
  return tl::unexpected(
      filter::Problem{Severity::kError, 0, field.error().message, field.error().hint});
}

std::string Sized(std::string text, std::size_t width) {
  if (width > 0) text.resize(width, ' ');
  return text;
}

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
  OutputFormat made;
  std::size_t at = 0;
  if (format.starts_with('*')) at = 1;  // print it even if a value is missing: always so here
  while (true) {
    const std::size_t percent = format.find('%', at);
    Part part{.text = std::string(format.substr(at, percent - at))};
    if (percent == std::string_view::npos) {
      part.text = format.substr(at);
      made.parts_.push_back(std::move(part));
      return made;
    }
    at = percent + 1;
    const auto digits = std::ranges::find_if_not(format.substr(at), IsDigit);
    const char* end = format.data() + at + (digits - format.substr(at).begin());
    const auto read = std::from_chars(format.data() + at, end, part.width);
    if (read.ec == std::errc::result_out_of_range || part.width > 1024) {
      return tl::unexpected(filter::Problem{Severity::kError,
                                            static_cast<std::uint32_t>(percent),
                                            "a width can't be more than 1024",
                                            {}});
    }
    at = static_cast<std::size_t>(end - format.data());
    auto token = ParseToken(format.substr(at));
    if (!token) {
      filter::Problem problem = token.error();
      problem.at = static_cast<std::uint32_t>(percent);
      return tl::unexpected(problem);
    }
    part.name = token->name;
    part.term = std::move(token->term);
    at += token->name.size();
    made.parts_.push_back(std::move(part));
  }
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
      out.fields.emplace_back(part.name, ToFieldValue(value));
    }
  }
  return out;
}

std::vector<std::string> OutputFormat::FieldNames() const {
  std::vector<std::string> names;
  for (const Part& part : parts_) {
    if (!part.name.empty()) filter::CollectFields(part.term, names);
  }
  return names;
}

}  // namespace nezuban::ruleset
