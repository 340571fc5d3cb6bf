// SPDX-License-Identifier: Apache-2.0
#include "cli/fields_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace nezuban::cli {
namespace {

using testing::HasSubstr;

TEST(FieldsText, TheFileForReadersIsMadeOfTheTable) {
  std::ifstream file(NEZUBAN_FIELDS_MD);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), FieldsMarkdown())
      << "run: build/dev/nezuban fields --markdown > rules/FIELDS.md";
}

TEST(FieldsText, TellsTypeUnitAndStanding) {
  EXPECT_THAT(FieldsText(), HasSubstr("How long the process has existed. In ns."));
  EXPECT_THAT(FieldsText(), HasSubstr("proc.aname[N] "));
  EXPECT_THAT(FieldsText(), HasSubstr("always absent, deprecated"));
  EXPECT_THAT(FieldsJson(),
              HasSubstr("{\"answered\":false,\"argument\":\"[N]\",\"deprecated\":false,"));
  EXPECT_THAT(FieldsJson(), HasSubstr("\"name\":\"fd.types\",\"type\":\"list of text\""));
  EXPECT_THAT(FieldsMarkdown(), HasSubstr("| `proc.env[N\\|KEY]` | text |"));
}

}  // namespace
}  // namespace nezuban::cli
