// SPDX-License-Identifier: Apache-2.0
// What exceptions mean, case by case as the language has it. The ids are those of the language's
// loader cases.
#include <gtest/gtest.h>

#include <string>

#include "loaded.h"

namespace nezuban::ruleset {
namespace {

std::string WithException(const std::string& exception) {
  return Short(Loaded({Rule2("evt.type=execve and proc.name=cat",
                             "  exceptions:\n    - {name: e, " + exception + "}\n")}));
}

TEST(Loading, Exceptions) {
  const std::string rule = "r2: ((evt.type = execve and proc.name = cat) and not (";
  const Case kCases[] = {
      {"M1", "fields: proc.name, comps: startswith anyof, values: [cat, 'd g']",
       rule + "(proc.name startswith anyof (cat, \"d g\"))))\n"},
      {"M2",
       "fields: [proc.name, fd.name], comps: [startswith oneof, '='], "
       "values: [[ca, /etc/shadow], [[a, b], /q]]",
       rule + "(proc.name startswith oneof (ca) and fd.name = /etc/shadow) or "
              "(proc.name startswith oneof (a, b) and fd.name = /q)))\n"},
      {"M4", "fields: proc.name, values: [[cat]]",
       "error: exception 'e': one field takes a flat sequence of values\n"},
      {"M5", "fields: proc.name, comps: startswith",
       "error: exception 'e': one field takes an "
       "operator for lists, not 'startswith', write fields: [proc.name] for tuples of one\n"},
      {"M5", "fields: proc.name, comps: '> anyof', values: [1]",
       "error: exception 'e': unknown operator '> anyof'\n"},
      {"M6", "fields: [proc.name, fd.name], values: [[cat], []]",
       "error: exception 'e': each of 'values' must be a sequence of 2, one per field\n"
       "error: exception 'e': each of 'values' must be a sequence of 2, one per field\n"},
      {"M8", "fields: not.exist", "error: unknown field 'not.exist'\n"},
      {"M9", "values: [x]", "error: exception 'e' has no 'fields'\n"},
      {"M10", "fields: [proc.name], comps: [in], values: [['(x, y)'], ['z'], [[q, r]]]",
       rule + "(proc.name in (x, y)) or (proc.name in (z)) or (proc.name in (q, r))))\n"},
      {"M12", "fields: [proc.name], values: [['tolower(proc.pname)'], [val(proc.pname)]]",
       rule + "(proc.name = tolower(proc.pname)) or (proc.name = val(proc.pname))))\n"},
      {"M12", "fields: [proc.name], values: [[proc.pname]]",
       "warning: 'proc.pname' is compared with as text, not as a field, write val(proc.pname) for "
       "its value\n"},
      {"M13", "fields: ['tolower(proc.name)', 'basename(proc.exepath)'], values: [[a, b]]",
       rule + "(tolower(proc.name) = a and basename(proc.exepath) = b)))\n"},
      {"M16", "fields: [proc.name], values: [[\"x'y\"], ['a)b']]",
       rule + "(proc.name = \"x'y\") or (proc.name = \"a)b\")))\n"},
      {"M17", "fields: [proc.name]", "r2: (evt.type = execve and proc.name = cat)\n"},
      {"no fields in lists", "fields: [proc.name], comps: [in], values: [['(libc.so, x)']]",
       rule + "(proc.name in (libc.so, x))))\n"},
      {"a value's type", "fields: [proc.pid], values: [[x]]",
       "error: 'x' is not a decimal number, which proc.pid is compared with\n"},
      {"an unknown key", "fields: [proc.name], value: [[x]]",
       "warning: unknown key 'value' in an exception, did you mean 'values'?\n"},
      {"null",
       "fields: [proc.name], values: ", "error: exception 'e': 'values' must be a sequence\n"},
  };
  for (const Case& c : kCases) {
    const std::string outcome = WithException(c.yaml);
    EXPECT_EQ(outcome.substr(0, c.outcome.size()), c.outcome) << c.id << ": " << c.yaml;
  }
}

TEST(Loading, ExceptionsOfSeveralItems) {
  const std::string rule = Rule2("evt.type=execve",
                                 "  exceptions:\n    - {name: e, fields: "
                                 "[proc.name, proc.pid]}\n"
                                 "    - {name: s, fields: proc.name}\n");
  const auto with = [&](const std::string& exception, const std::string& merge) {
    return Short(Loaded({rule, "- rule: r2\n  exceptions: [{" + exception +
                                   "}]\n  override: {exceptions: " + merge + "}\n"}));
  };
  EXPECT_EQ(with("name: e, values: [[x, 1]]", "append"),
            "r2: (evt.type = execve and not ((proc.name = x and proc.pid = 1)))\n");
  EXPECT_EQ(with("name: s, values: [x, y]", "append"),
            "r2: (evt.type = execve and not ((proc.name in (x, y))))\n");
  EXPECT_EQ(with("name: s, values: [[x]]", "append"),
            "error: exception 's': one field takes a flat sequence of values\n");
  EXPECT_EQ(with("name: e, values: [[x]]", "append"),
            "error: exception 'e': each of 'values' must be a sequence of 2, one per field\n");
  EXPECT_EQ(with("name: e, fields: [proc.name], values: [[x]]", "append"),  // L40
            "error: exception 'e' is there already: only values can be added\n");
  EXPECT_EQ(with("name: e, comps: [in], values: [[x, 1]]", "append"),
            "error: exception 'e': 'comps' without 'fields'\n");
  EXPECT_EQ(with("name: e", "append"),
            "warning: exception 'e' has no 'values' to add\nr2: evt.type = execve\n");
  EXPECT_EQ(with("name: n, values: [x]", "append"),
            "error: exception 'n' is new and has no 'fields'\n");
  EXPECT_EQ(with("name: n, fields: proc.name, values: [x]", "append"),
            "r2: (evt.type = execve and not ((proc.name in (x))))\n");
  EXPECT_EQ(with("name: n, fields: [proc.name], values: [[x]]", "replace"),
            "r2: (evt.type = execve and not ((proc.name = x)))\n");
  EXPECT_EQ(Short(Loaded({Rule2("evt.type=execve",
                                "  exceptions:\n    - {name: e, fields: proc.name, values: [x]}\n"
                                "    - {name: e, fields: proc.name, values: [y]}\n")})),
            "warning: exception 'e' is there twice in this rule\n"
            "r2: (evt.type = execve and not ((proc.name in (x))) and not ((proc.name in (y))))\n");
}

}  // namespace
}  // namespace nezuban::ruleset
