// SPDX-License-Identifier: Apache-2.0
// Rule files as they lie on disk.
#include "ruleset/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ruleset/ruleset.h"
#include "testlib/temp_dir.h"

namespace nezuban::ruleset {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string NoticeRule(const std::string& name) {
  return "- {rule: " + name +
         ", desc: d, condition: evt.type = execve, output: o, priority: notice}\n";
}

struct Loading {
  std::vector<std::string> rules;
  std::string problems;
};

Loading Load(const std::vector<std::string>& paths) {
  Diagnostics diagnostics;
  Loading loading;
  if (const auto ruleset = Ruleset::Load(paths, diagnostics)) {
    for (const auto& rule : ruleset->rules()) loading.rules.push_back(rule.name);
  }
  loading.problems = diagnostics.ToString();
  return loading;
}

TEST(Files, OfADirectoryTheRuleFilesRightInItByName) {
  const testlib::TempDir directory;
  std::ofstream(directory / "b.yaml") << NoticeRule("b");
  std::ofstream(directory / "a.yml") << NoticeRule("a");
  std::ofstream(directory / "a.test.yaml") << "tests: []\n";
  std::ofstream(directory / "notes.txt") << "[";
  std::filesystem::create_directory(directory / "c.yaml");
  std::ofstream(directory / "c.yaml/d.yaml") << NoticeRule("d");
  const std::string first = directory / "b.yaml";
  EXPECT_THAT(Load({directory.path()}).rules, ElementsAre("a", "b"));
  EXPECT_THAT(Load({first, directory / "a.yml"}).rules, ElementsAre("b", "a"));
}

TEST(Files, WhatIsNotThereIsSaid) {
  const testlib::TempDir directory;
  std::filesystem::create_directory(directory / "default");
  std::ofstream(directory / "default/a.yaml") << NoticeRule("a");
  const auto none = Load({directory.path()});
  EXPECT_THAT(none.problems, HasSubstr(directory.path() + ": error: no rule files"));
  EXPECT_THAT(none.problems, HasSubstr("directories below are not searched"));
  EXPECT_THAT(Load({directory / "x"}).problems, HasSubstr("x: error: no such file or directory"));
  EXPECT_THAT(Load({}).problems, HasSubstr("no rule files"));
}

TEST(Files, AFileTooLargeIsNotRead) {
  const testlib::TempDir directory;
  std::ofstream(directory / "a.yaml").close();
  std::filesystem::resize_file(directory / "a.yaml", std::size_t{1} << 34);
  EXPECT_THAT(Load({directory / "a.yaml"}).problems,
              HasSubstr("a.yaml: error: larger than 16 MiB"));
}

}  // namespace
}  // namespace nezuban::ruleset
