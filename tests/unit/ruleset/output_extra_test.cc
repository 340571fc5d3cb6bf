// SPDX-License-Identifier: Apache-2.0
#include "ruleset/output_extra.h"

#include <gtest/gtest.h>

#include <string>

#include "alert/alert.h"
#include "fields/field_map.h"
#include "fields/fields.h"
#include "ruleset/ruleset.h"

namespace nezuban::ruleset {
namespace {

constexpr char kExtendedRules[] =
    "- rule: a\n  desc: d\n  condition: evt.type=execve\n  output: o %container.id\n"
    "  priority: debug\n  tags: [t1, t2]\n"
    "- rule: b\n  desc: d\n  condition: evt.type=execve\n  output: p\n  priority: debug\n"
    "  tags: [t1]\n";

struct Filled {
  std::string a, b;          // the messages
  std::string a_keys;        // of output_fields, each with a blank
  alert::FieldValue a_last;  // the last of those
  std::string problems;
};

Filled Fill(const std::vector<std::string>& entries) {
  LoadOptions options{.static_fields = {{"dc", "fra"}}};
  for (const std::string& entry : entries) {
    const auto extra = ParseOutputExtra(entry);
    EXPECT_TRUE(extra) << entry << ": " << extra.error().message;
    options.append_output.push_back(*extra);
  }
  const Ruleset::File files[] = {{"r", kExtendedRules}};
  Diagnostics diagnostics;
  const auto ruleset = Ruleset::FromFiles(files, diagnostics, options);
  Filled filled{.problems = diagnostics.ToString()};
  if (ruleset == nullptr) return filled;
  fields::FieldMap map;
  map.Set(*fields::ResolveField("proc.pid", std::nullopt), std::int64_t{7});
  map.Set(*fields::ResolveField("container.id", std::nullopt), "abc");
  fields::Arena arena;
  Output a = ruleset->rules()[0].output.Fill(map.source(), arena);
  filled.a = a.message;
  for (const auto& [key, value] : a.fields) filled.a_keys += key + " ";
  filled.a_last = a.fields.back().second;
  filled.b = ruleset->rules()[1].output.Fill(map.source(), arena).message;
  return filled;
}

TEST(OutputExtra, IsForTheRulesThatMatch) {
  const Filled all = Fill({"{extra_output: pid=%proc.pid}", "extra_output: '%static.dc'"});
  EXPECT_EQ(all.a, "o abc pid=7 fra");
  EXPECT_EQ(all.b, "p pid=7 fra");
  EXPECT_EQ(all.a_keys, "container.id proc.pid static.dc ");
  EXPECT_EQ(Fill({"{match: {rule: a}, extra_output: x}"}).a, "o abc x");
  EXPECT_EQ(Fill({"{match: {rule: a}, extra_output: x}"}).b, "p");
  EXPECT_EQ(Fill({"{match: {tags: [t1]}, extra_output: x}"}).b, "p x");
  EXPECT_EQ(Fill({"{match: {tags: [t2, t1]}, extra_output: x}"}).a, "o abc x");
  EXPECT_EQ(Fill({"{match: {tags: [t2, t1]}, extra_output: x}"}).b, "p");
  EXPECT_EQ(Fill({"{match: {source: syscall}, extra_output: x}"}).b, "p x");
  EXPECT_EQ(Fill({"{match: {source: other}, extra_output: x}"}).b, "p");
}

TEST(OutputExtra, FieldsAreNoPartOfTheMessage) {
  const Filled typed = Fill({"{extra_fields: [proc.pid]}"});
  EXPECT_EQ(typed.a, "o abc");
  EXPECT_EQ(typed.a_keys, "container.id proc.pid ");
  EXPECT_EQ(typed.a_last, alert::FieldValue(std::int64_t{7}));
  const Filled text = Fill({"{extra_fields: [{k: 'pid %proc.pid of %proc.ppid'}]}"});
  EXPECT_EQ(text.a_keys, "container.id k ");
  EXPECT_EQ(text.a_last, alert::FieldValue(std::string("pid 7 of <NA>")));
}

TEST(OutputExtra, SuggestsWhatTheRuleDoesNotPrint) {
  const Filled filled = Fill({"{suggested_output: yes}"});
  EXPECT_EQ(filled.b.substr(0, 18), "p container_id=abc");
  EXPECT_EQ(filled.a.find("container_id"), std::string::npos);
}

TEST(OutputExtra, TellsProblemsOnce) {
  EXPECT_EQ(Fill({"{extra_output: '%proc.nmae'}"}).problems,
            "append_output: error: '%proc.nmae': unknown field 'proc.nmae', did you mean "
            "'proc.name'?\n");
  for (const char* bad : {"", "x", "[]", "{", "{extra: x}", "{match: x}", "{match: {tag: [a]}}",
                          "{match: {tags: a}}", "{extra_output: [a]}", "{extra_fields: a}",
                          "{extra_fields: [{a: b, c: d}]}", "{suggested_output: perhaps}"}) {
    EXPECT_FALSE(ParseOutputExtra(bad)) << bad;
  }
}

}  // namespace
}  // namespace nezuban::ruleset
