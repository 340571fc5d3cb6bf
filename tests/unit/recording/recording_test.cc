// SPDX-License-Identifier: Apache-2.0
// What is written is read again; and what of it, when the file was harmed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <random>

#include "recording/format.h"
#include "recording_file.h"

namespace nezuban::recording {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testlib::Argv;

// One of every kind.
std::vector<state::Item> EveryKind(const testlib::Record& record) {
  state::ProcfsProcess process;
  process.tgid = 1;
  process.ppid = 2;
  process.start_ticks = 3;
  process.sid = 4;
  process.pgid = 5;
  process.tty = 6;
  process.vpid = 7;
  process.uid = 8;
  process.euid = 9;
  process.gid = 10;
  process.egid = 11;
  process.loginuid = 12;
  process.pid_ns = 13;
  process.mnt_ns = 14;
  process.comm = "comm\xff";
  process.exe_path = "/exe";
  process.args = Argv({"a", "b"});
  process.args_truncated = true;
  process.cwd = "/cwd";
  process.cgroup_path = "/cgroup";
  process.cgroup_id = 15;
  return {state::AnchorItem{-17},
          state::CgroupItem{{10, 1, "/a\nb\xff"}},
          state::SnapshotItem{record.bytes()},
          state::ProcessItem{process},
          state::LivingItem{{3, 5, 70000}, 99},
          state::RecordItem{record.bytes()},
          state::ContainerItem{{"full", "id", "runc", 50, "/path"}},
          state::ClusterItem{"uid", std::make_shared<const state::ClusterMetadata>(
                                        state::ClusterMetadata{.name = "web-0"})},
          state::NamesItem{50, state::NamesAnswer::kRead,
                           std::make_shared<const state::UserNames>(
                               state::UserNames{.users = {{7, "web", "/", "/bin/sh"}}})},
          state::TickItem{123'456'789'012},
          state::LossItem{{{EVENT_FORK, DROP_RECURSION, 3}, {EVENT_CONNECT, DROP_RING_FULL, 4}}}};
}

class RecordingTest : public testing::Test {
 protected:
  std::unique_ptr<Recorder> Create(RecorderOptions options = {}) {
    auto recorder = Recorder::Create(path_, SomeNode(), std::move(options));
    EXPECT_TRUE(recorder) << recorder.error().message;
    return *std::move(recorder);
  }
  WasRead Read() { return ReadAll(Reader::Open(path_)); }

  testlib::TempDir directory_;
  std::string path_ = directory_ / "r.nzb";
  testlib::Record record_ =
      testlib::Exec({.tgid = 7, .comm = "sh"}, "/bin/sh", Argv({"sh", "-c", "id"})).Build();
};

TEST_F(RecordingTest, GivesBackWhatWasWritten) {
  std::vector<std::string> written;
  const auto recorder = Create();
  for (const state::Item& item : EveryKind(record_)) {
    recorder->Append(item);
    written.push_back(Describe(item));
  }
  EXPECT_EQ(written.size(), std::variant_size_v<state::Item>);
  ASSERT_TRUE(recorder->Finish());
  EXPECT_EQ(recorder->items(), written.size());
  EXPECT_EQ(recorder->left_out(), 0u);
  const WasRead read = Read();
  EXPECT_EQ(read.end, "");
  EXPECT_EQ(read.items, written);
  const auto reader = Reader::Open(path_);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->identity().hostname, "node-1");
  EXPECT_EQ(reader->identity().run_id, "boot-1");
  EXPECT_EQ(reader->identity().clock_tick_ns, 10'000'000u);
  struct stat st {};
  ASSERT_EQ(::stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
  EXPECT_EQ(st.st_size, static_cast<off_t>(recorder->bytes()));
}

TEST_F(RecordingTest, ManyBlocksKeepTheirOrder) {
  const auto recorder = Create();
  constexpr std::uint64_t kCount = 100'000;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    recorder->Append(i % 3 == 0 ? state::Item(state::TickItem{i})
                                : state::Item(state::RecordItem{record_.bytes()}));
    if (i % 1000 == 0) std::this_thread::yield();
  }
  ASSERT_TRUE(recorder->Finish());
  const auto reader = Reader::Open(path_);
  const WasRead read = Read();
  EXPECT_EQ(read.end, "");
  EXPECT_EQ(recorder->items() + recorder->left_out(), kCount);
  EXPECT_EQ(read.items.size(), recorder->items());
  std::uint64_t last = 0;
  for (const std::string& item : read.items) {
    if (!item.starts_with("tick")) continue;
    const std::uint64_t number = std::stoull(item.substr(5));
    EXPECT_GE(number, last);
    last = number;
  }
}

TEST_F(RecordingTest, SecretsAreNotWritten) {
  const auto recorder = Create({.redactor = *Redactor::Make()});
  state::ProcfsProcess process;
  process.args = Argv({"x", "--password=hunter2"});
  recorder->Append(state::ProcessItem{process});
  auto exec = testlib::Exec({}, "/bin/x", process.args);
  const testlib::Record record = exec.Build();
  recorder->Append(state::RecordItem{record.bytes()});
  recorder->Append(state::SnapshotItem{record.bytes()});
  ASSERT_TRUE(recorder->Finish());
  const WasRead read = Read();
  ASSERT_EQ(read.items.size(), 3u);
  for (const std::string& item : read.items) {
    EXPECT_EQ(item.find("hunter2"), std::string::npos);
    EXPECT_NE(item.find("--password=***"), std::string::npos);
  }
}

TEST_F(RecordingTest, IsNeverWrittenOverAFile) {
  Create();
  const auto again = Recorder::Create(path_, SomeNode(), {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "create " + path_ + ": File exists");
  EXPECT_EQ(again.error().exit_code, 1);
  EXPECT_EQ(Recorder::Create("/nowhere/r", SomeNode(), {}).error().exit_code, 2);
}

TEST_F(RecordingTest, EndsWellAtItsLimit) {
  const auto recorder = Create({.max_bytes = 20'000});
  std::mt19937 random(5);  // NOLINT: the same every time
  while (!recorder->done()) {
    std::string noise(4000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    recorder->Append(state::CgroupItem{{1, 1, noise}});
    if (random() % 64 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(recorder->Finish());
  EXPECT_LE(recorder->bytes(), 20'000u);
  const WasRead read = Read();
  EXPECT_EQ(read.end, "");
  EXPECT_EQ(read.items.size(), recorder->items());
}

// Of 1 MiB: real, so that the kernel says no.
TEST_F(RecordingTest, AFullDiskLeavesWhatFits) {
  const std::string mount = directory_ / "small";
  ASSERT_EQ(::mkdir(mount.c_str(), 0700), 0);
  ASSERT_EQ(::mount("none", mount.c_str(), "tmpfs", 0, "size=1m"), 0) << "needs CAP_SYS_ADMIN";
  path_ = mount + "/r.nzb";
  {
    const auto recorder = Create();
    std::mt19937 random(5);  // NOLINT: the same every time
    for (int i = 0; i < 20'000 && !recorder->done(); ++i) {
      std::string noise(4000, '\0');
      for (char& c : noise) c = static_cast<char>(random());
      recorder->Append(state::CgroupItem{{1, 1, noise}});
    }
    const Status finished = recorder->Finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().message, "write " + path_ + ": No space left on device");
    const WasRead read = Read();
    EXPECT_EQ(read.end, "cut short: it has no end");
    EXPECT_GT(read.items.size(), 100u);
    EXPECT_EQ(read.items.size(), recorder->items());
  }
  ::umount2(mount.c_str(), MNT_DETACH);
}

constexpr std::size_t kKinds = std::variant_size_v<state::Item>;  // items in a block

class DamageTest : public RecordingTest {
 protected:
  // Three blocks of items.
  std::string Blocks() {
    std::string file = FileHeader();
    std::uint32_t number = 0;
    file += MakeBlock(number++, ToProto(SomeNode()).SerializeAsString());
    for (int i = 0; i < 3; ++i) {
      v1::RecordingBlock block;
      for (const state::Item& item : EveryKind(record_)) ToProto(item, nullptr, *block.add_items());
      if (i == 2) block.add_items()->mutable_end()->set_items(3 * kKinds);
      whole_.push_back(file.size());
      file += MakeBlock(number++, block.SerializeAsString());
    }
    return file;
  }
  std::vector<std::size_t> whole_;  // sizes up to which none, one … of the blocks is whole
};

TEST_F(DamageTest, CutAtEveryByteGivesWhatIsWholeBeforeIt) {
  const std::string file = Blocks();
  ASSERT_EQ(ReadAll(Reader::FromBytes(file)).items.size(), 3 * kKinds);
  for (std::size_t size = 0; size < file.size(); ++size) {
    const WasRead read = ReadAll(Reader::FromBytes(file.substr(0, size)));
    std::size_t expected = 0;
    for (std::size_t i = 1; i < whole_.size(); ++i) {
      if (size >= whole_[i]) expected = kKinds * i;
    }
    ASSERT_EQ(read.items.size(), expected) << size;
    ASSERT_NE(read.end, "") << size;
  }
}

TEST_F(DamageTest, AFlippedBitEndsItThere) {
  const std::string file = Blocks();
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = file;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const WasRead read = ReadAll(Reader::FromBytes(bad));
      std::size_t expected = 0;
      for (std::size_t i = 1; i < whole_.size(); ++i) {
        if (at >= whole_[i]) expected = kKinds * i;
      }
      ASSERT_EQ(read.items.size(), expected) << at << " bit " << bit;
      ASSERT_NE(read.end, "") << at << " bit " << bit;
    }
  }
}

TEST_F(DamageTest, SaysWhatIsWrongAndWhere) {
  const std::string file = Blocks();
  const auto end = [](std::string bytes) {
    return ReadAll(Reader::FromBytes(std::move(bytes))).end;
  };
  EXPECT_EQ(end(""), "not a recording");
  EXPECT_EQ(end("hello, world, this is not one"), "not a recording");
  std::string later = file;
  later[8] = 3;
  EXPECT_EQ(end(later), "a recording of version 3; this reads version 2");
  const std::string at = "damaged at byte " + std::to_string(whole_[1]) + ": ";
  EXPECT_EQ(end(file.substr(0, whole_[1] + 5)), at + "the file ends inside a block");
  std::string flipped = file;
  flipped[whole_[1] + 30] ^= 1;
  EXPECT_EQ(end(flipped), at + "the checksum of a block is wrong");
  std::string missing = file;
  missing.erase(whole_[1], whole_[2] - whole_[1]);
  EXPECT_EQ(end(missing), at + "a block is missing");
  EXPECT_EQ(end(file.substr(0, whole_[2])), "cut short: it has no end");
  std::string huge = file;
  huge[whole_[1] + 3] = '\x7f';
  EXPECT_EQ(end(huge), at + "a block too large");
  EXPECT_EQ(end(file + "and more"), "") << "what follows the end is nothing of ours";
  EXPECT_THAT(ReadAll(Reader::Open("/nowhere/r")).end, StartsWith("open /nowhere/r: "));
  EXPECT_THAT(ReadAll(Reader::Open("/dev/null")).end, HasSubstr("not a recording"));
  EXPECT_THAT(ReadAll(Reader::Open("/tmp")).end, HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace nezuban::recording
