// SPDX-License-Identifier: Apache-2.0
#include "filter/operators.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "bpf/events.h"
#include "fields/field_map.h"
#include "fields/fields.h"
#include "filter/compile.h"
#include "filter/parser.h"

namespace nezuban::filter {
namespace {

using fields::Absent;
using fields::IpAddress;
using fields::Text;
using fields::Unknown;
using fields::Value;

constexpr auto kYes = Answer::kYes;
constexpr auto kNo = Answer::kNo;
constexpr auto kPossible = Answer::kPossible;

Answer Ask(const std::string& field, const Value& value, const std::string& rest) {
  const auto expr = Parse(field + " " + rest);
  EXPECT_TRUE(expr.has_value()) << field << " " << rest << ": " << expr.error().message;
  std::vector<Problem> problems;
  const auto program = Compile(*expr, problems);
  EXPECT_TRUE(program.has_value()) << rest << ": " << (problems.empty() ? "" : problems[0].message);
  fields::FieldMap map;
  if (!std::holds_alternative<Absent>(value)) {
    map.Set(fields::LongestField(field)->ref, value);
  }
  fields::Arena arena;
  return program->Run(map.source(), arena);
}

IpAddress Ip(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  IpAddress ip;
  ip.bytes = {a, b, c, d};
  return ip;
}

struct Row {
  std::string field;
  Value value;
  std::string rest;
  Answer answer;
};

const std::vector<Row>& Rows() {
  static const std::vector<Row> kRows = {
      {"proc.name", "cat", "exists", kYes},
      {"proc.name", Absent{}, "exists", kNo},
      {"proc.name", "cat", "= cat", kYes},
      {"proc.name", "cat", "= CAT", kNo},
      {"proc.name", "cat", "== cat", kYes},
      {"proc.name", "cat", "== dog", kNo},
      {"proc.name", "cat", "!= dog", kYes},
      {"proc.name", "cat", "!= cat", kNo},
      {"proc.name", Absent{}, "!= cat", kNo},
      {"proc.name", Unknown{}, "!= cat", kPossible},
      {"proc.name", "cat", "< 9", kNo},
      {"proc.name", "1", "< 9", kYes},
      {"proc.name", "cat", "> 1", kYes},
      {"proc.name", "1", "> 1", kNo},
      {"proc.name", "1", ">= 1", kYes},
      {"proc.name", "1", "<= 0", kNo},
      {"proc.pid", std::int64_t{20}, "= 20", kYes},
      {"proc.pid", std::int64_t{20}, "= ' 20'", kYes},
      {"proc.pid", std::int64_t{20}, "!= 20", kNo},
      {"proc.pid", std::int64_t{20}, "> 19", kYes},
      {"proc.pid", std::int64_t{20}, ">= 21", kNo},
      {"proc.pid", std::int64_t{20}, "< 21", kYes},
      {"proc.pid", std::int64_t{20}, "<= 20", kYes},
      {"proc.pid", std::int64_t{-5}, "< -1", kYes},
      {"proc.pid", std::int64_t{20}, "in (20, 21)", kYes},
      {"proc.pid", std::int64_t{20}, "in (1, 2)", kNo},
      {"fd.name", "/etc/shadow", "contains shadow", kYes},
      {"fd.name", "/etc/shadow", "contains SHADOW", kNo},
      {"fd.name", "/etc/shadow", "contains ''", kYes},
      {"fd.name", "/etc/shadow", "icontains SHADOW", kYes},
      {"fd.name", "/etc/shadow", "icontains SHADE", kNo},
      {"fd.name", "/etc/shadow", "startswith /etc", kYes},
      {"fd.name", "/etc/shadow", "startswith /ETC", kNo},
      {"fd.name", "/etc/shadow", "endswith dow", kYes},
      {"fd.name", "/etc/shadow", "endswith do", kNo},
      {"fd.name", "/etc/shadow", "glob /etc/*", kYes},
      {"fd.name", "/etc/shadow", "glob '/etc/[st]hadow'", kYes},
      {"fd.name", "/etc/shadow", "glob etc", kNo},
      {"fd.name", "/etc/shadow", "iglob /ETC/*", kYes},
      {"fd.name", "/etc/shadow", "iglob /USR/*", kNo},
      {"fd.name", "/etc/shadow", "regex '/etc/sha(dow|pes)'", kYes},
      {"fd.name", "/etc/shadow", "regex shadow", kNo},
      {"fd.name", "\xff/x", "regex '.*/x'", kYes},
      {"fd.name", "/etc/shadow", "in (x, /etc/shadow)", kYes},
      {"fd.name", "/etc/shadow", "in ()", kNo},
      {"fd.name", "/etc/shadow", "intersects (/etc/shadow)", kYes},
      {"fd.name", "/etc/shadow", "intersects (/etc)", kNo},
      {"fd.name", "/etc/shadow", "pmatch (/etc)", kYes},
      {"fd.name", "/etc/shadow", "pmatch (etc)", kYes},
      {"fd.name", "/etc/shadow", "pmatch (/et)", kNo},
      {"fd.name", "/etc/shadow", "pmatch (/etc/shadow/)", kYes},
      {"fd.name", "/etc/shadow", "pmatch (/e*, /x)", kYes},
      {"fd.name", "/etc/shadow", "pmatch (/*/shadow)", kYes},
      {"fd.name", "/etc/shadow", "pmatch (/etc/shadow/x)", kNo},
      {"fd.name", "/etc/shadow", "pmatch (/)", kYes},
      {"proc.name", "cat", "= oneof (cat, dog)", kYes},
      {"proc.name", "cat", "= oneof (cat, cat)", kNo},
      {"proc.name", "cat", "= anyof ()", kNo},
      {"proc.name", "cat", "!= allof ()", kNo},
      {"proc.name", "cat", "!= anyof (cat, dog)", kYes},
      {"proc.name", "cat", "!= allof (cat, dog)", kNo},
      {"proc.name", "cat", "startswith anyof (ca, do)", kYes},
      {"proc.name", Unknown{}, "= oneof (a, b)", kPossible},
      {"evt.failed", true, "= true", kYes},
      {"evt.failed", true, "in (false)", kNo},
      {"fd.rip", Ip(8, 8, 8, 8), "= 8.8.8.8", kYes},
      {"fd.rip", Ip(8, 8, 8, 8), "!= 2001:db8::1", kYes},
      {"fd.rip", Ip(8, 8, 8, 8), "in (1.1.1.1, 8.8.8.8)", kYes},
      {"fd.rnet", Ip(8, 8, 8, 8), "= 8.8.8.77/24", kYes},
      {"fd.rnet", Ip(8, 8, 8, 8), "= 8.8.8.8/32", kYes},
      {"fd.rnet", Ip(8, 8, 8, 8), "!= 8.0.0.0/8", kNo},
      {"fd.rnet", Ip(8, 8, 8, 8), "in (10.0.0.0/8, 8.8.0.0/15)", kYes},
      {"fd.rnet", Ip(8, 10, 8, 8), "in (10.0.0.0/8, 8.8.0.0/15)", kNo},
      {"fd.rnet", Ip(8, 8, 8, 8), "= ::/0", kNo},
      {"fd.rnet", Ip(8, 8, 8, 8), "= 0.0.0.0/0", kYes},
      {"fd.rnet", Ip(8, 8, 8, 8), "= anyof (8.8.8.0/24, 1.0.0.0/8)", kYes},
      {"fd.rport", std::int64_t{443}, "= 443", kYes},
      {"fd.rport", std::int64_t{443}, "in (80, 443)", kYes},
      {"fd.rport", std::int64_t{443}, "!= 443", kNo},
      // Truncated text: decided on the head where that is possible.
      {"proc.args", Text("abc", 9), "= abc", kNo},
      {"proc.args", Text("abc", 9), "= abd", kNo},
      {"proc.args", Text("abc", 9), "= abcdefghi", kPossible},
      {"proc.args", Text("abc", 9), "= abcdef", kNo},
      {"proc.args", Text("abc", STR_TOTAL_UNKNOWN), "= abcdef", kPossible},
      {"proc.args", Text("abc", 9), "!= x", kYes},
      {"proc.args", Text("abc", 9), "contains b", kYes},
      {"proc.args", Text("abc", 9), "contains z", kPossible},
      {"proc.args", Text("abc", 9), "contains 0123456789", kNo},
      {"proc.args", Text("abc", 9), "icontains Z", kPossible},
      {"proc.args", Text("abc", 9), "startswith ab", kYes},
      {"proc.args", Text("abc", 9), "startswith ax", kNo},
      {"proc.args", Text("abc", 9), "startswith abcd", kPossible},
      {"proc.args", Text("abc", 9), "endswith c", kPossible},
      {"proc.args", Text("abc", 9), "endswith ''", kYes},
      {"proc.args", Text("abc", 9), "glob a*", kYes},
      {"proc.args", Text("abc", 9), "glob x*", kNo},
      {"proc.args", Text("abc", 9), "glob *z", kPossible},
      {"proc.args", Text("abc", 9), "regex 'a.*'", kPossible},
      {"proc.args", Text("abc", 9), "in (x, y)", kNo},
      {"proc.args", Text("abc", 9), "in (x, abcdefghi)", kPossible},
      {"proc.args", Text("/etc/sh", 9), "pmatch (/etc)", kYes},
      {"proc.args", Text("/etc/sh", 9), "pmatch (/etc/sh)", kPossible},
      {"proc.args", Text("/etc/sh", 9), "pmatch (/etc/x)", kNo},
      {"proc.args", Text("abc", 9), "exists", kYes},
      {"evt.buffer", "\x01\xca\xfe", "bcontains CAfe", kYes},
      {"evt.buffer", "\x01\xca\xfe", "bcontains fe01", kNo},
      {"evt.buffer", "\x01\xca\xfe", "bstartswith 01ca", kYes},
      {"evt.buffer", "\x01\xca\xfe", "bstartswith ca", kNo},
      {"evt.buffer", "\x01\xca\xfe", "bcontains ''", kYes},
      {"evt.buffer", Text("\x01\xca", 9), "bcontains fe", kPossible},
      {"evt.buffer", Text("\x01\xca", 9), "bstartswith 01cafe", kPossible},
      {"evt.buffer", Text("\x01\xca", 9), "bstartswith 02", kNo},
      {"evt.buffer", "GET / HTTP", "contains HTTP", kYes},
      {"evt.buffer", "GET / HTTP", "startswith GET", kYes},
      {"evt.buffer", "GET / HTTP", "endswith GET", kNo},
      {"evt.buffer", "GET", "in (PUT, GET)", kYes},
      {"fd.sip.name", "a.example", "in (b.example, a.example)", kYes},
      {"fd.sip.name", "a.example", "!= a.example", kNo},
      {"evt.around[5]", std::int64_t{10}, "= 10", kYes},
      {"evt.around[5]", std::int64_t{11}, "= 10", kNo},
      {"fd.rip", Ip(8, 8, 8, 8), "in (1.1.1.1, 2001:db8::1)", kNo},
      {"fd.rnet", Ip(8, 8, 8, 8), "in (::/0, 2001:db8::/32, 8.8.8.9/32)", kNo},
      {"fd.rnet", Ip(8, 8, 8, 8), "in (::/0, 0.0.0.0/0)", kYes},
      {"proc.args", Text("5", 9), "< 4", kNo},
      {"proc.args", Text("5", 9), "< 51", kPossible},
      {"proc.args", Text("5", 9), "> 4", kYes},
  };
  return kRows;
}

TEST(Operators, DecideAsTheTableSays) {
  for (const Row& row : Rows()) {
    EXPECT_EQ(Ask(row.field, row.value, row.rest), row.answer) << row.field << " " << row.rest;
  }
}

TEST(Operators, AllHaveAPositiveAndANegativeCase) {
  std::set<std::string> positive;
  std::set<std::string> negative;
  for (const Row& row : Rows()) {
    const std::string op = row.rest.substr(0, row.rest.find(' '));
    if (row.answer == kYes) positive.insert(op);
    if (row.answer == kNo) negative.insert(op);
  }
  for (const OperatorDef& op : OperatorTable()) {
    EXPECT_TRUE(positive.contains(std::string(op.spelling))) << op.spelling;
    EXPECT_TRUE(negative.contains(std::string(op.spelling))) << op.spelling;
    EXPECT_FALSE(op.doc.empty());
  }
}

// An exception (`not …`) must not be satisfied by what is not known.
TEST(Operators, UnknownNeverSatisfiesNot) {
  for (const OperatorDef& op : OperatorTable()) {
    const std::string right = op.right == RightSide::kNone     ? ""
                              : op.right == RightSide::kNumber ? " 1"
                              : op.right == RightSide::kList   ? " (x)"
                                                               : " x";
    const bool text = (op.types & TypeBit(fields::Type::kText)) != 0;
    const std::string field = text ? "proc.name" : "evt.buffer";
    const std::string operand = text ? right : " 61";
    const auto expr = Parse("not " + field + " " + std::string(op.spelling) + operand);
    ASSERT_TRUE(expr.has_value());
    std::vector<Problem> problems;
    const auto program = Compile(*expr, problems);
    ASSERT_TRUE(program.has_value());
    fields::Arena arena;
    fields::FieldMap unknown;
    unknown.Set(*fields::ResolveField(field, std::nullopt), Unknown{});
    EXPECT_EQ(program->Run(unknown.source(), arena), kPossible) << op.spelling;
    EXPECT_EQ(program->UncertainFields(unknown.source(), arena), std::vector<std::string>{field});
    fields::FieldMap absent;
    EXPECT_EQ(program->Run(absent.source(), arena), kYes) << op.spelling;
  }
}

Answer AskList(const std::string& condition, const std::string& field,
               const std::vector<Value>& values) {
  std::vector<Problem> problems;
  const auto program = Compile(*Parse(condition), problems);
  EXPECT_TRUE(program.has_value()) << condition;
  fields::FieldMap map;
  map.SetList(*fields::ResolveField(field, std::nullopt), values);
  fields::Arena arena;
  return program->Run(map.source(), arena);
}

TEST(Operators, AskAnyAncestor) {
  const std::vector<Value> chain = {Value("bash"), Value("sshd")};
  EXPECT_EQ(AskList("proc.aname = sshd", "proc.aname", chain), kYes);
  EXPECT_EQ(AskList("proc.aname != sshd", "proc.aname", chain), kYes);
  EXPECT_EQ(AskList("not proc.aname = sshd", "proc.aname", chain), kNo);
  EXPECT_EQ(AskList("proc.aname in (nc)", "proc.aname", chain), kNo);
  EXPECT_EQ(AskList("proc.aname exists", "proc.aname", chain), kYes);
  EXPECT_EQ(AskList("proc.aname exists", "proc.aname", {}), kNo);
  const std::vector<Value> broken = {Value("bash"), Unknown{}};
  EXPECT_EQ(AskList("proc.aname = bash", "proc.aname", broken), kYes);
  EXPECT_EQ(AskList("proc.aname = sshd", "proc.aname", broken), kPossible);
  EXPECT_EQ(AskList("not proc.aname = sshd", "proc.aname", broken), kPossible);
}

// `in` asks of every value of a list, `intersects` of one.
TEST(Operators, AskLists) {
  const std::vector<Value> types = {Value("file"), Value("ipv4")};
  EXPECT_EQ(AskList("fd.types in (ipv4, file, pipe)", "fd.types", types), kYes);
  EXPECT_EQ(AskList("fd.types in (ipv4)", "fd.types", types), kNo);
  EXPECT_EQ(AskList("fd.types intersects (ipv4)", "fd.types", types), kYes);
  EXPECT_EQ(AskList("fd.types intersects (ipv6)", "fd.types", types), kNo);
  EXPECT_EQ(AskList("fd.types in ()", "fd.types", types), kNo);
  EXPECT_EQ(AskList("fd.types in (ipv4)", "fd.types", {}), kYes);
  EXPECT_EQ(AskList("fd.types intersects (ipv4)", "fd.types", {}), kNo);
  EXPECT_EQ(AskList("fd.types exists", "fd.types", {}), kYes);
  EXPECT_EQ(AskList("len(fd.types) = 2", "fd.types", types), kYes);
  EXPECT_EQ(AskList("join(\"-\", fd.types) = file-ipv4", "fd.types", types), kYes);
  EXPECT_EQ(AskList("getopt(fd.types, \"a\") in ()", "fd.types", types), kYes);
  const std::vector<Value> partly = {Value("file"), Unknown{}};
  EXPECT_EQ(AskList("fd.types in (file)", "fd.types", partly), kPossible);
  EXPECT_EQ(AskList("fd.types in (ipv4)", "fd.types", partly), kNo);
  EXPECT_EQ(AskList("fd.types intersects (file)", "fd.types", partly), kYes);
  EXPECT_EQ(AskList("not fd.types intersects (ipv4)", "fd.types", partly), kPossible);
  EXPECT_EQ(AskList("join(\"-\", fd.types) startswith file-", "fd.types", partly), kYes);
  EXPECT_EQ(AskList("join(\"-\", fd.types) = file-x", "fd.types", partly), kPossible);
  EXPECT_EQ(AskList("getopt(fd.types, \"a\")[a] exists", "fd.types", partly), kPossible);
}

TEST(Operators, AskEitherEnd) {
  const std::vector<Value> ends = {Ip(10, 1, 2, 3), Ip(8, 8, 8, 8)};
  EXPECT_EQ(AskList("fd.ip = 8.8.8.8", "fd.ip", ends), kYes);
  EXPECT_EQ(AskList("fd.ip != 8.8.8.8", "fd.ip", ends), kNo);
  EXPECT_EQ(AskList("fd.ip != 1.1.1.1", "fd.ip", ends), kYes);
  EXPECT_EQ(AskList("fd.ip in (1.1.1.1, 8.8.8.8)", "fd.ip", ends), kYes);
  EXPECT_EQ(AskList("fd.net in (1.0.0.0/8, 10.0.0.0/8)", "fd.net", ends), kYes);
  EXPECT_EQ(AskList("fd.net != 8.0.0.0/8", "fd.net", ends), kNo);
  // An end that is not bound does not count.
  EXPECT_EQ(AskList("fd.ip != 8.8.8.8", "fd.ip", {Absent{}, Ip(8, 8, 8, 8)}), kNo);
  EXPECT_EQ(AskList("fd.ip != 8.8.8.8", "fd.ip", {Absent{}, Absent{}}), kNo);
}

}  // namespace
}  // namespace nezuban::filter
