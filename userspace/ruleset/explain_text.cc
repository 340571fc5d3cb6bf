// SPDX-License-Identifier: Apache-2.0
// An Explanation for people and for programs.
#include <string_view>

#include "alert/json.h"
#include "base/text.h"
#include "ruleset/explain.h"

namespace nezuban::ruleset {
namespace {

std::string_view Word(filter::Truth truth) {
  static constexpr std::string_view kWords[] = {"no", "unknown", "yes"};
  return kWords[static_cast<std::size_t>(truth)];
}

constexpr std::size_t kWordWidth = 11;

void AddLines(const ExplainedNode& node, std::size_t depth, std::string& out) {
  std::string line(Word(node.truth));
  line.append(kWordWidth - line.size(), ' ');
  line.insert(0, node.decides ? "→ " : "  ");
  line.append(2 * depth, ' ');
  line += Printable(node.text);
  if (!node.macro.empty()) line += "  [" + Printable(node.macro) + "]";
  for (const auto& [field, value] : node.values)
    line.append("   ").append(field).append(" is ").append(value);
  out += line + "\n";
  for (const ExplainedNode& child : node.children) AddLines(child, depth + 1, out);
}

void AddNode(const ExplainedNode& node, alert::Json& json) {
  json.Open('{').Key("text").String(node.text).Key("truth").String(Word(node.truth));
  json.Key("decides").Bool(node.decides);
  if (!node.macro.empty()) json.Key("macro").String(node.macro);
  if (!node.values.empty()) {
    json.Key("values").Open('{');
    for (const auto& [field, value] : node.values) json.Key(field).String(value);
    json.Close('}');
  }
  if (!node.children.empty()) {
    json.Key("children").Open('[');
    for (const ExplainedNode& child : node.children) AddNode(child, json);
    json.Close(']');
  }
  json.Close('}');
}

}  // namespace

std::string ToText(const Explanation& explanation) {
  std::string out;
  AddLines(explanation.root, 0, out);
  out += "→ marks what decided.";
  if (explanation.distance > 1) {
    out += " " + std::to_string(explanation.distance) +
           " comparisons would have to come out otherwise for a match.";
  }
  out += "\n";
  for (const std::string& line : explanation.earlier) out += line + "\n";
  if (explanation.in_the_way.empty()) return out;
  out += explanation.in_the_way.size() == 1 ? "Only this stood in the way:\n"
                                            : "One of these alone would have been enough:\n";
  for (const std::string& text : explanation.in_the_way) out += "    " + Printable(text) + "\n";
  return out;
}

std::string ToJson(const Explanation& explanation) {
  alert::Json json;
  json.Open('{').Key("answer").String(Word(explanation.root.truth));
  json.Key("distance").Number(static_cast<std::int64_t>(explanation.distance));
  if (!explanation.earlier.empty()) {
    json.Key("earlier").Open('[');
    for (const std::string& line : explanation.earlier) json.String(line);
    json.Close(']');
  }
  json.Key("in_the_way").Open('[');
  for (const std::string& text : explanation.in_the_way) json.String(text);
  json.Close(']').Key("tree");
  AddNode(explanation.root, json);
  return json.Close('}').Take();
}

}  // namespace nezuban::ruleset
