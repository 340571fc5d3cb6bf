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

TEST(Diagnostics, TextFromAFileCannotSteerATerminal) {
  Diagnostics diagnostics;
  diagnostics.Error({"a\x1b[2J.yaml", 1, 2}, "unknown key '\x1b]0;x\a'");
  EXPECT_EQ(diagnostics.ToString(), "a\\x1b[2J.yaml:1:2: error: unknown key '\\x1b]0;x\\x07'\n");
}

}  // namespace
}  // namespace nezuban
