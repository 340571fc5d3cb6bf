// SPDX-License-Identifier: Apache-2.0
#include "sinks/file_sink.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "sinks/types.h"
#include "testlib/temp_dir.h"
#include "unit/sinks/outgoing.h"

namespace nezuban::sinks {
namespace {

std::size_t Lines(const std::string& path) {
  const std::string text = ReadFile(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

class FileSinkTest : public testing::Test {
 protected:
  FileSink Make(std::size_t max_bytes = 0, std::size_t max_files = 2) {
    return FileSink({path_, BodyFormat::kNezuban, max_bytes, max_files}, {"node-1", "", "", "1"});
  }

  testlib::TempDir directory_;
  const std::string path_ = directory_ / "alerts.jsonl";
};

TEST_F(FileSinkTest, WritesLinesThatOnlyTheOwnerReads) {
  FileSink sink = Make();
  const std::vector<Outgoing> batch = {Named("first"), GapOf(3), Named("second")};
  EXPECT_EQ(sink.Send(batch).taken, 3u);
  const std::string text = ReadFile(path_);
  EXPECT_EQ(Lines(path_), 3u);
  EXPECT_LT(text.find("\"rule\":\"first\""), text.find("\"gap\":{\"count\":3,"));
  EXPECT_LT(text.find("\"gap\""), text.find("\"rule\":\"second\""));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(FileSinkTest, RotatesBySizeAndKeepsSoMany) {
  FileSink sink = Make(1000, 2);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(sink.Send(std::vector{Named("rule-" + std::to_string(i))}).taken, 1u);
  }
  for (const char* end : {"", ".1", ".2"}) {
    EXPECT_LE(ReadFile(path_ + end).size(), 1000u);
    EXPECT_GT(Lines(path_ + end), 0u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + ".3"));
  EXPECT_NE(ReadFile(path_).find("rule-11"), std::string::npos);
  EXPECT_LT(ReadFile(path_ + ".2").find("rule-"), ReadFile(path_ + ".2").size());
}

TEST_F(FileSinkTest, ReopensAfterTheFileWasMovedAway) {
  FileSink sink = Make();
  EXPECT_EQ(sink.Send(std::vector{Named("before")}).taken, 1u);
  std::filesystem::rename(path_, path_ + ".moved");
  EXPECT_EQ(sink.Send(std::vector{Named("between")}).taken, 1u);
  sink.Reopen();
  EXPECT_EQ(sink.Send(std::vector{Named("after")}).taken, 1u);
  EXPECT_EQ(Lines(path_ + ".moved"), 2u);
  EXPECT_NE(ReadFile(path_).find("after"), std::string::npos);
}

TEST_F(FileSinkTest, GoesOnBehindAnUnfinishedLine) {
  std::ofstream(path_) << "{\"torn\":";
  EXPECT_EQ(Make().Send(std::vector{Named("next")}).taken, 1u);
  EXPECT_TRUE(ReadFile(path_).starts_with("{\"torn\":\n{"));
}

// A file system with no room, made by root, which the tests are.
TEST_F(FileSinkTest, AFullDiskLeavesWholeLinesAndIsTriedAgain) {
  const std::string full = directory_ / "full";
  std::filesystem::create_directory(full);
  ASSERT_EQ(::mount("none", full.c_str(), "tmpfs", 0, "size=8k"), 0);
  {
    FileSink sink({full + "/alerts", BodyFormat::kNezuban, 0, 1}, {"node-1", "", "", "1"});
    std::vector<Outgoing> batch;
    for (int i = 0; i < 100; ++i) batch.push_back(Named("rule-" + std::to_string(i)));
    const SendResult result = sink.Send(batch);
    EXPECT_EQ(result.outcome, SendResult::Outcome::kRetry);
    EXPECT_NE(result.problem.find("No space left"), std::string::npos) << result.problem;
    EXPECT_GT(result.taken, 3u);
    EXPECT_LT(result.taken, 100u);
    EXPECT_EQ(Lines(full + "/alerts"), result.taken);
    EXPECT_EQ(ReadFile(full + "/alerts").back(), '\n');
    std::filesystem::remove(full + "/alerts");
    sink.Reopen();
    const auto rest = std::span<const Outgoing>(batch).subspan(result.taken).first(2);
    EXPECT_EQ(sink.Send(rest).taken, 2u);
  }
  ::umount(full.c_str());
}

// Room for the root of the file system and one file: what is rotated stays, a new one cannot be
// made.
TEST_F(FileSinkTest, WhatWasRotatedIsNotWrittenAgain) {
  const std::string full = directory_ / "full";
  std::filesystem::create_directory(full);
  ASSERT_EQ(::mount("none", full.c_str(), "tmpfs", 0, "size=1m,nr_inodes=2"), 0);
  {
    FileSink sink({full + "/alerts", BodyFormat::kNezuban, 1000, 2}, {"node-1", "", "", "1"});
    std::vector<Outgoing> batch;
    for (int i = 0; i < 20; ++i) batch.push_back(Named("rule-" + std::to_string(i)));
    const SendResult result = sink.Send(batch);
    EXPECT_EQ(result.outcome, SendResult::Outcome::kRetry);
    EXPECT_EQ(result.problem, "open " + full + "/alerts: No space left on device");
    EXPECT_GT(result.taken, 1u);
    EXPECT_EQ(result.taken, Lines(full + "/alerts.1"));
  }
  ::umount(full.c_str());
}

TEST_F(FileSinkTest, RefusesWhatCouldNeverWork) {
  SinkOptions options;
  options.name = "f";
  options.type = "file";
  options.file.path = directory_ / "missing/file";
  EXPECT_NE(Open(options, {}).error().message.find("No such file"), std::string::npos);
  options.file.path = directory_ / "";
  EXPECT_FALSE(Open(options, {}));
  options.file.path = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(options.file.path.c_str(), 0600), 0);
  EXPECT_NE(Open(options, {}).error().message.find("not a regular file"), std::string::npos);
}

}  // namespace
}  // namespace nezuban::sinks
