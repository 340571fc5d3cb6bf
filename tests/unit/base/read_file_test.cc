// SPDX-License-Identifier: Apache-2.0
#include "base/read_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "testlib/temp_dir.h"

namespace nezuban {
namespace {

TEST(ReadFile, GivesAllUpToTheLimit) {
  const testlib::TempDir directory;
  const std::string path = directory / "file";
  const std::string text = std::string(40'000, 'x') + '\0' + "end";
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(ReadFile(path, text.size()).value(), text);
  EXPECT_EQ(ReadFile(path, text.size() - 1).error().message, "more than 40003 bytes");
  EXPECT_EQ(ReadFile("/dev/null", 0).value(), "");
  EXPECT_FALSE(ReadFile("/proc/self/stat", 1000).value().empty()) << "tells no size";
  EXPECT_EQ(ReadFile("/dev/zero", 100).error().message, "more than 100 bytes") << "has no end";
}

TEST(ReadFile, AFailedReadIsAnError) {
  const testlib::TempDir directory;
  EXPECT_EQ(ReadFile(directory / "", 100).error().message, "Is a directory");
  EXPECT_EQ(ReadFile(directory / "none", 100).error().message, "No such file or directory");
  // Opens, and gives EIO where nothing is mapped.
  EXPECT_EQ(ReadFile("/proc/self/mem", 100).error().message, "Input/output error");
}

}  // namespace
}  // namespace nezuban
