// SPDX-License-Identifier: Apache-2.0
#include "base/diagnostics.h"

#include <gtest/gtest.h>

namespace nezuban {
namespace {

TEST(Diagnostics, PrintsPositionSeverityMessageAndHint) {
  struct Row {
    Diagnostic diagnostic;
    std::string printed;
  };
  for (const Row& row : {
           Row{{Severity::kError, {"a.yaml", 3, 7}, "bad", ""}, "a.yaml:3:7: error: bad"},
           Row{{Severity::kError, {"a.yaml", 3, 7}, "bad", "did you mean 'x'?"},
               "a.yaml:3:7: error: bad, did you mean 'x'?"},
           Row{{Severity::kWarning, {"a.yaml", 3, 0}, "odd", ""}, "a.yaml:3: warning: odd"},
           Row{{Severity::kNote, {"a.yaml", 0, 0}, "see", ""}, "a.yaml: note: see"},
           Row{{Severity::kError, {"", 1, 14}, "bad", ""}, "1:14: error: bad"},
           Row{{Severity::kError, {}, "bad", ""}, "error: bad"},
       }) {
    EXPECT_EQ(ToString(row.diagnostic), row.printed);
  }
}

TEST(Diagnostics, CollectsAllAndCountsErrorsOnly) {
  Diagnostics all;
  EXPECT_FALSE(all.has_errors());
  all.Warning({"f", 1, 1}, "w");
  all.Note({"f", 1, 2}, "n");
  EXPECT_FALSE(all.has_errors());
  all.Error({"f", 2, 1}, "e1");
  all.Error({"f", 3, 1}, "e2", "hint");
  EXPECT_TRUE(all.has_errors());
  EXPECT_EQ(all.error_count(), 2);
  EXPECT_EQ(all.all().size(), 4u);
  EXPECT_EQ(all.ToString(),
            "f:1:1: warning: w\nf:1:2: note: n\nf:2:1: error: e1\nf:3:1: error: e2, hint\n");
}

// The line with a caret under the place, and the word there underlined.
TEST(Diagnostics, ExplainsWithTheLine) {
  struct Row {
    std::string line;
    int column;
    std::string excerpt;
  };
  const std::string filler(200, 'x');
  const Row rows[] = {
      {"  condition: proc.nmae = x", 14,
       " 7 |   condition: proc.nmae = x\n   |              ^~~~~~~~~\n"},
      {"\tab \x1b c", 6, " 7 |  ab \\x1b c\n   |         ^\n"},
      {"\xe5\xaf\x9d a", 5, " 7 | \xe5\xaf\x9d a\n   |   ^\n"},
      {"ab", 3, " 7 | ab\n   |   ^\n"},
      {"ab", 4, ""},
      {"ab", 0, ""},
      {filler + " bad", 202,
       " 7 | ..." + filler.substr(0, 59) + " bad\n   |    " + std::string(60, ' ') + "^~~\n"},
  };
  for (const Row& row : rows) {
    Diagnostic diagnostic{Severity::kError, {"f", 7, row.column}, "bad"};
    diagnostic.line = row.line;
    const std::string first =
        "f:7" + (row.column > 0 ? ":" + std::to_string(row.column) : "") + ": error: bad\n";
    EXPECT_EQ(Explain(diagnostic, false), first + row.excerpt);
  }
}

TEST(Diagnostics, ExplainsTheWayThere) {
  Diagnostic diagnostic{Severity::kWarning, {"f", 1, 2}, "bad", "do x"};
  diagnostic.remarks = {{{"f", 9, 4}, "in macro 'm', used here"}};
  EXPECT_EQ(Explain(diagnostic, false),
            "f:1:2: warning: bad, do x\n  f:9:4: in macro 'm', used here\n");
  EXPECT_EQ(Explain(diagnostic, true),
            "\x1b[1mf:1:2:\x1b[0m \x1b[1;35mwarning:\x1b[0m \x1b[1mbad\x1b[0m, do x\n"
            "  f:9:4: in macro 'm', used here\n");
}

TEST(Diagnostics, FindsTheLines) {
  Diagnostics diagnostics;
  diagnostics.Error({"f", 3, 1}, "c");
  diagnostics.Error({"f", 1, 1}, "a");
  diagnostics.Error({"g", 1, 1}, "other");
  diagnostics.Error({"f", 9, 1}, "none");
  diagnostics.AttachLines("f", "\xef\xbb\xbfone\r\ntwo\nthree");
  EXPECT_EQ(diagnostics.all()[0].line, "three");
  EXPECT_EQ(diagnostics.all()[1].line, "one");
  EXPECT_EQ(diagnostics.all()[2].line, "");
  EXPECT_EQ(diagnostics.all()[3].line, "");
}

TEST(Diagnostics, TextFromAFileCannotSteerATerminal) {
  Diagnostics diagnostics;
  diagnostics.Error({"a\x1b[2J.yaml", 1, 2}, "unknown key '\x1b]0;x\a'");
  EXPECT_EQ(diagnostics.ToString(), "a\\x1b[2J.yaml:1:2: error: unknown key '\\x1b]0;x\\x07'\n");
}

}  // namespace
}  // namespace nezuban
