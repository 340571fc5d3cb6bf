// SPDX-License-Identifier: Apache-2.0
// Where problems are said to be: line and column in the file, however the text is written there.
#include <gtest/gtest.h>

#include <string>

#include "ruleset/ruleset.h"

namespace nezuban::ruleset {
namespace {

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string Using(const std::string& macro) {
  return "- rule: u\n  desc: d\n  priority: debug\n  output: o\n  condition: " + macro + "\n";
}

std::string ErrorOf(const std::string& condition_yaml) {
  const Ruleset::File files[] = {
      {"r.yaml", "- rule: r\n  desc: d\n  priority: debug\n  output: o\n" + condition_yaml}};
  Diagnostics diagnostics;
  EXPECT_EQ(Ruleset::FromFiles(files, diagnostics), nullptr);
  return FirstLine(diagnostics.ToString());
}

constexpr char kUnknown[] = "error: unknown field 'proc.nmae', did you mean 'proc.name'?";

struct PlaceCase {
  std::string yaml;
  std::string place;
};

TEST(Position, IsThatOfTheWordInTheFile) {
  const PlaceCase kCases[] = {
      {"  condition: evt.type = execve and proc.nmae = x\n", "r.yaml:5:36: "},
      {"  condition: evt.type = execve\n    and proc.nmae = x\n", "r.yaml:6:9: "},
      {"  condition: >\n    evt.type = execve\n    and (proc.nmae = x)\n", "r.yaml:7:10: "},
      {"  condition: >-\n\n      evt.type = execve\n\n      and proc.nmae = x\n", "r.yaml:9:11: "},
      {"  condition: |\n    evt.type = execve and\n      proc.nmae = x\n", "r.yaml:7:7: "},
      {"  condition: 'evt.type = ''execve'' and proc.nmae = x'\n", "r.yaml:5:41: "},
      {"  condition: \"evt.type = \\\"execve\\\"\n    and proc.nmae = x\"\n", "r.yaml:6:9: "},
      {"  condition: \"evt.type =\\x20\\u0065xecve and proc.nmae = x\"\n", "r.yaml:5:45: "},
      {"  condition: \"evt.type = execve \\\n    and proc.nmae = x\"\n", "r.yaml:6:9: "},
      {"  condition: &anchor evt.type = execve and proc.nmae = x\n", "r.yaml:5:44: "},
      {"  condition: !tag evt.type = execve and proc.nmae = x\n", "r.yaml:5:41: "},
      {"  condition: proc.args = \xe5\xaf\x9d and proc.nmae = x\n", "r.yaml:5:34: "},
  };
  for (const PlaceCase& c : kCases) EXPECT_EQ(ErrorOf(c.yaml), c.place + kUnknown) << c.yaml;
}

TEST(Position, SurvivesWindowsLinesAndAByteOrderMark) {
  EXPECT_EQ(ErrorOf("  condition: >\r\n    evt.type = execve\r\n    and proc.nmae = x\r\n"),
            std::string("r.yaml:7:9: ") + kUnknown);
  const Ruleset::File files[] = {
      {"r.yaml", "\xef\xbb\xbf- macro: m\n  condition: proc.nmae = x\n" + Using("m")}};
  Diagnostics diagnostics;
  Ruleset::FromFiles(files, diagnostics);
  EXPECT_EQ(FirstLine(diagnostics.ToString()), std::string("r.yaml:2:14: ") + kUnknown);
}

TEST(Position, OfAppendedTextIsWhereItWasWritten) {
  const Ruleset::File files[] = {
      {"a.yaml", "- macro: m\n  condition: evt.type = execve\n"},
      {"b.yaml", "- macro: m\n  condition: and proc.nmae = x\n  override: {condition: append}\n" +
                     Using("m")}};
  Diagnostics diagnostics;
  Ruleset::FromFiles(files, diagnostics);
  EXPECT_EQ(FirstLine(diagnostics.ToString()), std::string("b.yaml:2:18: ") + kUnknown);
}

TEST(Position, OfAMacroComesWithTheWayToIt) {
  const Ruleset::File files[] = {
      {"a.yaml",
       "- macro: inner\n  condition: >\n    proc.pid = 1 or\n    proc.nmae = x\n"
       "- macro: outer\n  condition: evt.type = execve and inner\n"},
      {"b.yaml", Using("outer")}};
  Diagnostics diagnostics;
  Ruleset::FromFiles(files, diagnostics);
  EXPECT_EQ(diagnostics.Explain(false),
            "a.yaml:4:5: error: unknown field 'proc.nmae', did you mean 'proc.name'?\n"
            " 4 |     proc.nmae = x\n"
            "   |     ^~~~~~~~~\n"
            "  a.yaml:6:36: in macro 'inner', used here\n"
            "  b.yaml:5:14: in macro 'outer', used here\n");
}

TEST(Position, OfAnOutputIsItsPercentSign) {
  const Ruleset::File files[] = {
      {"r.yaml",
       "- rule: r\n  desc: d\n  priority: debug\n  condition: evt.type = execve\n"
       "  output: >\n    a %proc.pid\n    b %proc.nmae\n"}};
  Diagnostics diagnostics;
  EXPECT_EQ(Ruleset::FromFiles(files, diagnostics), nullptr);
  EXPECT_EQ(diagnostics.ToString(),
            "r.yaml:7:7: error: unknown field 'proc.nmae' in the output, did you mean "
            "'proc.name'?\n");
}

}  // namespace
}  // namespace nezuban::ruleset
