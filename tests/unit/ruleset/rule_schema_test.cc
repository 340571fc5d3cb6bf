// SPDX-License-Identifier: Apache-2.0
// The schema knows the keys that loading knows. What it accepts is tested with a real validator, in
// tests/unit/cli.
#include "ruleset/rule_schema.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ruleset/rule_file.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {
namespace {

std::set<std::string> Names(std::span<const std::string_view> keys) {
  return {keys.begin(), keys.end()};
}

TEST(RuleFileSchema, HasTheKeysThatLoadingKnows) {
  Diagnostics diagnostics;
  const auto documents = ParseYaml(RuleFileSchema(), "schema", diagnostics);
  ASSERT_TRUE(documents) << diagnostics.ToString();
  const auto keys_of = [&](const char* item) {
    std::set<std::string> keys;
    const YamlNode* node = (*documents)[0].Find("definitions")->Find(item)->Find("properties");
    for (const auto& [key, value] : node->entries) keys.insert(key.text());
    return keys;
  };
  EXPECT_EQ(keys_of("list"), Names(ListKeys()));
  EXPECT_EQ(keys_of("macro"), Names(MacroKeys()));
  EXPECT_EQ(keys_of("rule"), Names(RuleKeys()));
}

}  // namespace
}  // namespace nezuban::ruleset
