// SPDX-License-Identifier: Apache-2.0
#include "filter/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace nezuban::filter {
namespace {

struct Tree {
  std::string condition;
  std::string printed;
};

TEST(Parser, PrintsTheTree) {
  const Tree kTrees[] = {
      {"a", "a"},
      {"(a)", "a"},
      {"a or b and c", "(a or (b and c))"},
      {"(a or b) and c", "((a or b) and c)"},
      {"(a)and(b)and(c)", "(a and b and c)"},
      {"not(a)", "not a"},
      {"not not not a", "not a"},
      {"not not(a)", "a"},
      {"not(a)and(not(b))", "(not a and not b)"},
      {"notb", "notb"},
      {"macro and not not_macro", "(macro and not not_macro)"},
      {"and and and", "(and and and)"},
      {"or or or", "(or or or)"},
      {"not not", "not not"},
      {"proc.name=cat", "proc.name = cat"},
      {"proc.name = \"c\\x61t\"", "proc.name = \"cat\""},
      {"proc.name = 'c\\'t'", "proc.name = \"c't\""},
      {"proc.args contains \"\\ \"", "proc.args contains \"\\x5c\""},
      {"proc.args endswith \\", "proc.args endswith \\"},
      {"proc.name = runc:[0:PARENT]", "proc.name = runc:[0:PARENT]"},
      {"fd.name in ('single', \"double\", bare)", "fd.name in (\"single\", \"double\", bare)"},
      {"fd.name in ( cat\n, dog )", "fd.name in (cat, dog)"},
      {"fd.name in()", "fd.name in ()"},
      {"fd.name in shells", "fd.name in (shells)"},
      {"fd.name existsand a", "(fd.name exists and a)"},
      {"proc.name != allof (a, b)", "proc.name != allof (a, b)"},
      {"proc.name = anyof", "proc.name = anyof"},
      {"proc.name = oneof and proc.pid > 1", "(proc.name = oneof and proc.pid > 1)"},
      {"proc.pid>=20", "proc.pid >= 20"},
      {"evt.num < -1", "evt.num < -1"},
      {"proc.aname[2] = sshd", "proc.aname[2] = sshd"},
      {"proc.env[\"HOME\"] = x", "proc.env[HOME] = x"},
      {"toupper(proc.name) = CAT", "toupper(proc.name) = CAT"},
      {"proc.name = val(proc.pname)", "proc.name = val(proc.pname)"},
      {"proc.name in val(proc.name)", "proc.name in val(proc.name)"},
      {"join(\"/\", (proc.name, proc.pid)) = x", "join(\"/\", (proc.name, proc.pid)) = x"},
      {"tolower(toupper(proc.name)) = x", "tolower(toupper(proc.name)) = x"},
  };
  for (const Tree& tree : kTrees) {
    const auto expr = Parse(tree.condition);
    ASSERT_TRUE(expr.has_value()) << tree.condition << ": " << expr.error().message;
    EXPECT_EQ(ToString(*expr), tree.printed) << tree.condition;
    // What is printed reads back as the same tree.
    const auto again = Parse(ToString(*expr));
    ASSERT_TRUE(again.has_value()) << ToString(*expr) << ": " << again.error().message;
    EXPECT_EQ(ToString(*again), tree.printed);
  }
}

struct Mistake {
  std::string condition;
  Offset at;
  std::string message;
  std::string hint = {};
};

TEST(Parser, SaysWhatIsWrongAndWhere) {
  const Mistake kMistakes[] = {
      {"a and b and", 11, "the condition ends too early"},
      {"a b", 2, "expected 'and', 'or' or the end of the condition"},
      {"aand b", 5, "expected 'and', 'or' or the end of the condition"},
      {"a andnot b", 2, "expected 'and', 'or' or the end of the condition"},
      {"((a)", 4, "expected ')'"},
      {"a)", 1, "expected 'and', 'or' or the end of the condition"},
      {"a and ()", 7, "expected a field, a macro or '('"},
      {"a && b", 2, "expected 'and', 'or' or the end of the condition"},
      {"not a.b", 7, "expected an operator"},
      {"\"proc.name\" = cat", 0, "expected a field, a macro or '('"},
      {"proc.name === cat", 12, "expected a value"},
      {"proc.name <> cat", 11, "expected a number"},
      {"proc.name = (cat)", 12, "expected a value"},
      {"proc.name = cat dog", 16, "expected 'and', 'or' or the end of the condition"},
      {"proc.name = \"c\\qt\"", 14,
       "unknown escape in a quoted string; a backslash is written \\\\"},
      {"proc.name = \"cat", 12, "the quoted string never ends"},
      {"fd.name startswith/etc", 8, "expected an operator", "did you mean 'startswith'?"},
      {"fd.name Contains shadow", 8, "expected an operator", "did you mean 'contains'?"},
      {"fd.name in (a,)", 14, "expected a value"},
      {"fd.name in (a b)", 14, "expected ',' or ')'"},
      {"fd.name in /etc/shadow", 11, "expected '(' or the name of a list"},
      {"fd.name pmatch /etc", 15, "expected '(' or the name of a list"},
      {"proc.pid < proc.ppid", 11, "expected a number"},
      {"proc.pid > anyof (1)", 11, "expected a number"},
      {"proc.env[HOME = x", 14, "expected ']'"},
      {"evt.arg[] = 1", 8, "expected an argument between the brackets"},
      {"procname = cat", 0, "'procname' is not a field: fields have a dot in their name"},
      {"nosuch(proc.name) = cat", 0, "unknown function 'nosuch'"},
      {"tolwer(proc.name) = cat", 0, "unknown function 'tolwer'", "did you mean 'tolower'?"},
      {"val(proc.name) = cat", 0, "val() can only stand on the right side of an operator"},
      {"proc.name = val(val(proc.name))", 16,
       "val() can only stand on the right side of an operator"},
      {"proc.name in (val(proc.name))", 17, "expected ',' or ')'"},
      {"", 0, "the condition ends too early"},
  };
  for (const Mistake& mistake : kMistakes) {
    const auto expr = Parse(mistake.condition);
    ASSERT_FALSE(expr.has_value()) << mistake.condition;
    EXPECT_EQ(expr.error().at, mistake.at) << mistake.condition;
    EXPECT_EQ(expr.error().message, mistake.message) << mistake.condition;
    EXPECT_EQ(expr.error().hint, mistake.hint) << mistake.condition;
  }
}

// The depth is counted by a guard: without it each of these would exhaust the stack.
TEST(Parser, RefusesDeepNesting) {
  const std::string parentheses(100'000, '(');
  for (const std::string& condition :
       {parentheses, parentheses + "a", "proc.name = val" + parentheses,
        "len" + parentheses + "proc.name", "tolower(" + parentheses}) {
    const auto expr = Parse(condition);
    ASSERT_FALSE(expr.has_value());
  }
  std::string calls;
  for (int i = 0; i < 100'000; ++i) calls += "len(";
  EXPECT_FALSE(Parse(calls).has_value());
  EXPECT_EQ(Parse(std::string(501, '(') + "a" + std::string(501, ')')).error().message,
            "nested more than 500 levels deep");
  EXPECT_TRUE(Parse(std::string(499, '(') + "a" + std::string(499, ')')).has_value());
}

TEST(Parser, TakesLongRunsWithoutRecursion) {
  std::string nots;
  for (int i = 0; i < 100'001; ++i) nots += "not ";
  const auto negated = Parse(nots + "a");
  ASSERT_TRUE(negated.has_value());
  EXPECT_EQ(ToString(*negated), "not a");

  std::string ands = "a";
  for (int i = 0; i < 100'000; ++i) ands += " and a";
  EXPECT_TRUE(Parse(ands).has_value());
}

TEST(Parser, RefusesHugeConditions) {
  EXPECT_FALSE(Parse(std::string(kMaxConditionBytes + 1, 'a')).has_value());
}

}  // namespace
}  // namespace nezuban::filter
