// SPDX-License-Identifier: Apache-2.0
// The conformance corpus: what the language makes of some hundred conditions; the files in corpus/
// say how to read them.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "fields/field_map.h"
#include "fields/fields.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/constant.h"
#include "filter/parser.h"

namespace nezuban::filter {
namespace {

using fields::FieldMap;
using fields::FieldRef;
using fields::Type;
using fields::Value;

constexpr std::size_t kRows = 367;

std::vector<std::string> LinesOf(const std::string& file) {
  std::ifstream in(std::string(NEZUBAN_CORPUS) + "/" + file);
  EXPECT_TRUE(in.good()) << file;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> Split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + separator.size()) {
    end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return parts;
}

Value ReadValue(const FieldRef& ref, const std::string& text) {
  Type type = fields::TypeOf(ref);
  if (type == Type::kNet) type = Type::kIp;
  if (type == Type::kNear) type = Type::kInt;
  const auto constant = ToConstant(type, text);
  EXPECT_TRUE(constant.has_value()) << ToString(ref) << " = " << text;
  if (!constant) return fields::Absent{};
  if (const auto* flag = std::get_if<bool>(&*constant)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&*constant)) return *number;
  if (const auto* ip = std::get_if<fields::IpAddress>(&*constant)) return *ip;
  return std::string_view(text);
}

// The events of events.txt by name, each as its lines "field = value".
std::map<std::string, std::vector<std::string>> ReadSections() {
  std::map<std::string, std::vector<std::string>> sections;
  std::vector<std::string>* current = nullptr;
  for (const std::string& line : LinesOf("events.txt")) {
    if (line[0] != '[') {
      current->push_back(line);
      continue;
    }
    const auto names = Split(line.substr(1, line.size() - 2), " ");
    current = &sections[names[0]];
    for (std::size_t i = 1; i < names.size(); ++i) {
      EXPECT_TRUE(sections.contains(names[i])) << names[i];
      const std::vector<std::string>& from = sections[names[i]];
      current->insert(current->end(), from.begin(), from.end());
    }
  }
  return sections;
}

void Fill(FieldMap& map, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const std::size_t equals = line.find(" =");
    const std::string name = line.substr(0, equals);
    const std::string text = equals + 3 <= line.size() ? line.substr(equals + 3) : "";
    const auto prefix = fields::LongestField(name);
    ASSERT_TRUE(prefix.has_value() && prefix->length == name.size()) << name;
    if (!text.starts_with('(')) {
      map.Set(prefix->ref, ReadValue(prefix->ref, text));
      continue;
    }
    std::vector<Value> values;
    const auto items = Split(text.substr(1, text.size() - 2), ", ");
    for (const std::string& item : items) values.push_back(ReadValue(prefix->ref, item));
    map.SetList(prefix->ref, values);
  }
}

// The events in the order their names are listed in.
const std::vector<std::pair<std::string, FieldMap>>& Events() {
  static const auto kEvents = [] {
    const auto sections = ReadSections();
    std::vector<std::pair<std::string, FieldMap>> events(8);
    const std::vector<std::string> names = {"OPEN",  "OPENW",    "OPENFAIL", "CONN",
                                            "CONN6", "CONNUNIX", "EXEC",     "GETCWD"};
    for (std::size_t i = 0; i < names.size(); ++i) {
      events[i].first = names[i];
      Fill(events[i].second, sections.at(names[i]));
    }
    return events;
  }();
  return kEvents;
}

std::string Verdict(const std::string& condition, bool tree) {
  const auto expr = Parse(condition);
  if (!expr) return "syntax";
  if (tree) return "tree " + ToString(*expr);
  std::vector<Problem> problems;
  Check(*expr, problems);
  for (const Problem& problem : problems) {
    if (problem.severity == Severity::kError) return "refused";
  }
  const auto program = Compile(*expr, problems);
  EXPECT_TRUE(program.has_value()) << condition;
  if (!program) return "refused";
  std::string verdict = "matches";
  fields::Arena arena;
  for (const auto& [name, map] : Events()) {
    const Answer answer = program->Run(map.source(), arena);
    EXPECT_NE(answer, Answer::kPossible) << condition << " on " << name;
    if (answer == Answer::kYes) verdict += " " + name;
  }
  return verdict == "matches" ? "matches -" : verdict;
}

std::string Replace(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from)) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(Corpus, IsAnsweredAsTheLanguageDemands) {
  std::map<std::string, std::string> deviations;
  for (const std::string& line : LinesOf("deviations.txt")) {
    const auto parts = Split(line, "\t");
    ASSERT_EQ(parts.size(), 3U) << line;
    ASSERT_FALSE(parts[2].empty()) << line;
    deviations[parts[0]] = parts[1];
  }
  std::size_t rows = 0;
  for (const std::string& line : LinesOf("conditions.tsv")) {
    const auto parts = Split(line, "\t");
    ASSERT_EQ(parts.size(), 3U) << line;
    ++rows;
    const std::string condition = Replace(Replace(parts[1], "<NL>", "\n"), "<TAB>", "\t");
    const std::string got = Verdict(condition, parts[2].starts_with("tree"));
    const auto deviation = deviations.find(parts[0]);
    if (deviation == deviations.end()) {
      EXPECT_EQ(got, parts[2]) << parts[0] << ": " << condition;
      continue;
    }
    EXPECT_EQ(got, deviation->second) << parts[0] << ": " << condition;
    EXPECT_NE(got, parts[2]) << parts[0] << " no longer deviates";
    deviations.erase(deviation);
  }
  EXPECT_EQ(rows, kRows);
  EXPECT_TRUE(deviations.empty()) << "no such row: " << deviations.begin()->first;
}

}  // namespace
}  // namespace nezuban::filter
