// SPDX-License-Identifier: Apache-2.0
#include "ruleset/output_format.h"

#include <gtest/gtest.h>

#include <string>

#include "fields/field_map.h"
#include "fields/fields.h"

namespace nezuban::ruleset {
namespace {

class OutputFormatTest : public ::testing::Test {
 protected:
  OutputFormatTest() {
    Set("proc.name", "cat");
    Set("proc.pid", std::int64_t{20});
    Set("fd.rport", fields::Unknown{});
    Set("evt.failed", true);
  }
  void Set(const char* name, const fields::Value& value) {
    map_.Set(*fields::ResolveField(name, std::nullopt), value);
  }
  Output Fill(std::string_view format) {
    const auto parsed = OutputFormat::Parse(format);
    EXPECT_TRUE(parsed.has_value()) << format << ": " << parsed.error().message;
    return parsed->Fill(map_.source(), arena_);
  }

  fields::FieldMap map_;
  fields::Arena arena_;
};

struct FormatCase {
  std::string format;
  std::string message;
};

TEST_F(OutputFormatTest, TakesTheLongestField) {
  const FormatCase kCases[] = {
      {"plain", "plain"},
      {"", ""},
      {"*%proc.name", "cat"},
      {"a %proc.name, b=%proc.pid.", "a cat, b=20."},
      {"%proc.namefoo", "catfoo"},
      {"%proc.name%proc.pid", "cat20"},
      {"%proc.aname[2]", "<NA>"},
      {"%fd.rport %fd.name", "<NA> <NA>"},
      {"[%10proc.name]", "[cat       ]"},
      {"[%2proc.name]", "[ca]"},
      {"%toupper(proc.name)!", "CAT!"},
      {"%join(\"-\", (proc.name, proc.pid))", "cat-20"},
      {"%concat(proc.name, \")\")", "cat)"},
      {"%evt.arg.flags", "<NA>"},
      {"%evt.failed", "true"},
  };
  for (const FormatCase& c : kCases) EXPECT_EQ(Fill(c.format).message, c.message) << c.format;
}

TEST_F(OutputFormatTest, KeepsEachFieldOnceWithItsType) {
  const Output output = Fill("%proc.pid %proc.name %proc.pid %fd.rport %evt.failed");
  ASSERT_EQ(output.fields.size(), 4U);
  EXPECT_EQ(output.fields[0].first, "proc.pid");
  EXPECT_EQ(output.fields[0].second, alert::FieldValue(std::int64_t{20}));
  EXPECT_EQ(output.fields[1].second, alert::FieldValue(std::string("cat")));
  EXPECT_EQ(output.fields[2].second, alert::FieldValue(std::monostate()));
  EXPECT_EQ(output.fields[3].second, alert::FieldValue(true));
}

TEST_F(OutputFormatTest, CutsAndPadsCharacters) {
  Set("proc.name",
      "\xe5\xaf\x9d\xe3\x81\x9a"
      "a\xff");
  EXPECT_EQ(Fill("%1proc.name|").message, "\xe5\xaf\x9d|");
  EXPECT_EQ(Fill("%5proc.name|").message,
            "\xe5\xaf\x9d\xe3\x81\x9a"
            "a\xff |");
}

// A time is text in the message and a number of nanoseconds in output_fields.
TEST_F(OutputFormatTest, TimesAreNumbersInFields) {
  Set("evt.time", "16:00:00");
  Set("evt.rawtime", std::int64_t{1566230400000000000});
  const Output output = Fill("at %evt.time");
  EXPECT_EQ(output.message, "at 16:00:00");
  ASSERT_EQ(output.fields.size(), 1u);
  EXPECT_EQ(output.fields[0].second, alert::FieldValue(std::int64_t{1566230400000000000}));
}

TEST_F(OutputFormatTest, TellsEveryProblemAndWhatIsGone) {
  std::vector<filter::Problem> problems;
  const StaticFields statics = {{"dc", "fra"}, {"dc1", "ams"}};
  EXPECT_FALSE(OutputFormat::Parse("%proc.nmae %static.no % %proc.pid", statics, problems));
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[1].at, 11u);
  problems.clear();
  const auto format =
      OutputFormat::Parse("%static.dc1x %static.dc. (%container.info)", statics, problems);
  ASSERT_TRUE(format);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].severity, Severity::kWarning);
  EXPECT_EQ(problems[0].at, 26u);
  const Output output = format->Fill(map_.source(), arena_);
  EXPECT_EQ(output.message, "amsx fra. ()");
  ASSERT_EQ(output.fields.size(), 2u);
  EXPECT_EQ(output.fields[0].first, "static.dc1");
  EXPECT_EQ(output.fields[0].second, alert::FieldValue(std::string("ams")));
}

struct Mistake {
  std::string format;
  std::uint32_t at;
  std::string message;
};

TEST_F(OutputFormatTest, RefusesWhatIsNoField) {
  const Mistake kMistakes[] = {
      {"100% done", 3, "'%' must be followed by a field"},
      {"%%", 0, "'%' must be followed by a field"},
      {"x %", 2, "'%' must be followed by a field"},
      {"%(proc.name)", 0, "'%' must be followed by a field"},
      {"%proc.nmae", 0, "unknown field 'proc.nmae'"},
      {"%val(proc.name)", 0, "unknown field 'val'"},
      {"%evt.arg", 0, "field 'evt.arg' needs an argument: evt.arg.NAME or evt.arg[N]"},
      {"%99999proc.name", 0, "a width can't be more than 1024"},
      {"%99999999999999999999999proc.name", 0, "a width can't be more than 1024"},
      {"%toupper(proc.pid)", 0, "'toupper()' can't take proc.pid"},
  };
  for (const Mistake& mistake : kMistakes) {
    const auto parsed = OutputFormat::Parse(mistake.format);
    ASSERT_FALSE(parsed.has_value()) << mistake.format;
    EXPECT_EQ(parsed.error().at, mistake.at) << mistake.format;
    EXPECT_EQ(parsed.error().message, mistake.message) << mistake.format;
  }
}

}  // namespace
}  // namespace nezuban::ruleset
