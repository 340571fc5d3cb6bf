// SPDX-License-Identifier: Apache-2.0
#include "filter/functions.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "fields/field_map.h"
#include "fields/fields.h"
#include "filter/compile.h"
#include "filter/parser.h"

namespace nezuban::filter {
namespace {

using fields::Text;
using fields::Unknown;
using fields::Value;

Answer Ask(const std::string& condition, const Value& name) {
  const auto expr = Parse(condition);
  EXPECT_TRUE(expr.has_value()) << condition << ": " << expr.error().message;
  if (!expr) return Answer::kNo;
  std::vector<Problem> problems;
  const auto program = Compile(*expr, problems);
  EXPECT_TRUE(program.has_value()) << condition << ": " << problems[0].message;
  if (!program) return Answer::kNo;
  fields::FieldMap map;
  if (!std::holds_alternative<fields::Absent>(name)) {
    map.Set(*fields::ResolveField("proc.name", std::nullopt), name);
  }
  map.Set(*fields::ResolveField("proc.exe", std::nullopt), "x");
  fields::Arena arena;
  return program->Run(map.source(), arena);
}

struct CallRow {
  std::string condition;
  Value name;  // of the process
  Answer answer;
};

const std::vector<CallRow>& CallRows() {
  constexpr auto kYes = Answer::kYes;
  constexpr auto kNo = Answer::kNo;
  constexpr auto kPossible = Answer::kPossible;
  static const std::vector<CallRow> kRows = {
      {"tolower(proc.name) = cat", "CaT", kYes},
      {"tolower(\"CAT\") = cat", fields::Absent{}, kYes},
      {"tolower(proc.name) exists", fields::Absent{}, kNo},
      {"toupper(tolower(proc.name)) = CAT", "cAt", kYes},
      {"toupper(proc.name) = CATS", Text("cat", 4), kPossible},
      {"toupper(proc.name) startswith CA", Text("cat", 4), kYes},
      {"basename(proc.name) = c", "/a/b/c", kYes},
      {"basename(proc.name) = \"\"", "/a/b/", kYes},
      {"basename(proc.name) = c", Text("/a/b/c", 9), kPossible},
      {"b64(proc.name) = \"echo hi\"", "ZWNobyBoaQ==", kYes},
      {"b64(proc.name) exists", "not base64!", kNo},
      {"b64(proc.name) = a", Text("YQ", 9), kPossible},
      {"len(proc.name) = 3", "cat", kYes},
      {"len(proc.name) = 9", Text("cat", 9), kYes},
      {"len(proc.name) > 3", Text("cat", Text::kTotalUnknown), kPossible},
      {"len((proc.name, proc.exe)) = 2", "cat", kYes},
      {"len((proc.name, proc.exe)) = 2", fields::Absent{}, kNo},
      {"len((proc.name, proc.exe)) = 2", Unknown{}, kPossible},
      {"join(\"-\", (proc.name, proc.exe, \"y\")) = cat-x-y", "cat", kYes},
      {"join(\"-\", (proc.name, \"y\")) startswith cat", Text("cat", 9), kYes},
      {"join(\"-\", (proc.name, \"y\")) = cat-y", Text("cat", 9), kPossible},
      {"join(\"-\", ()) = \"\"", "cat", kYes},
      {"concat(proc.name, \"-\", proc.exe) = cat-x", "cat", kYes},
      {"concat(proc.name, proc.exe) = catx", Text("cat", 4), kPossible},
      {"concat(proc.name, proc.exe) = dogx", Text("cat", 4), kNo},
      // Names and values in their order.
      {"getopt((\"-a\", \"-b\", \"1\", \"-c2\"), \"ab:c:\") in (a, b, 1, c, 2)", "", kYes},
      {"len(getopt((\"-a\", \"-b\", \"1\", \"-c2\"), \"ab:c:\")) = 5", "", kYes},
      {"join(\" \", getopt((\"-ab1\", \"-a\"), \"ab:\")) = \"a b 1 a\"", "", kYes},
      // Unknown options, and a value that is missing.
      {"join(\" \", getopt((\"-xa\", \"-b\"), \"ab:\")) = \"? a ?\"", "", kYes},
      {"join(\" \", getopt((\"-:\"), \"ab:\")) = \"?\"", "", kYes},
      // Long options are passed over; "--", "-" and the first other word end them.
      {"join(\" \", getopt((\"--long\", \"-a\", \"--\", \"-a\"), \"a\")) = a", "", kYes},
      {"join(\" \", getopt((\"-a\", \"file\", \"-a\"), \"a\")) = a", "", kYes},
      {"join(\" \", getopt((\"-\", \"-a\"), \"a\")) = \"\"", "", kYes},
      {"getopt((\"-b1\", \"-b\", proc.name), \"ab:\")[b] = cat", "cat", kYes},
      {"getopt((\"-b1\", \"-a\"), \"ab:\")[a] = a", "", kYes},
      {"getopt((\"-b1\"), \"ab:\")[a] exists", "", kNo},
      {"getopt((\"-b\", proc.name), \"b:\")[b] = cat", Text("cat", 9), kPossible},
      {"getopt((\"-b\", proc.name), \"b:\")[b] exists", Unknown{}, kPossible},
      {"getopt((\"-b\", proc.name), \"b:\")[b] exists", fields::Absent{}, kNo},
  };
  return kRows;
}

TEST(Functions, GiveWhatTheTableSays) {
  for (const CallRow& row : CallRows()) {
    EXPECT_EQ(Ask(row.condition, row.name), row.answer) << row.condition;
  }
}

TEST(Functions, AllHaveACaseAndADescription) {
  std::set<std::string> seen;
  for (const CallRow& row : CallRows()) {
    for (const FunctionDef& f : FunctionTable()) {
      if (row.condition.find(std::string(f.name) + "(") != std::string::npos) {
        seen.insert(std::string(f.name));
      }
    }
  }
  for (const FunctionDef& f : FunctionTable()) {
    EXPECT_TRUE(seen.contains(std::string(f.name))) << f.name;
    EXPECT_TRUE(f.doc.ends_with('.')) << f.name;
  }
}

}  // namespace
}  // namespace nezuban::filter
