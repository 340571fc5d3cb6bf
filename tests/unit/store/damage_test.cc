// SPDX-License-Identifier: Apache-2.0
// The store where the disk fails or the file is damaged: alerts flow, it says so, it goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "entries.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "testlib/scale.h"
#include "testlib/temp_dir.h"

namespace nezuban::store {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class Damage : public testing::Test {
 protected:
  Status Open() {
    store_.reset();
    StoreOptions options;
    options.directory = directory_;
    options.recent_bytes = recent_bytes_;
    options.max_age = kAnyAge;
    options.on_fault = [this](std::string_view text) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(text);
    };
    auto opened = Store::Open(options);
    if (!opened) return tl::unexpected(opened.error());
    store_ = *std::move(opened);
    return {};
  }
  std::vector<std::string> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  // What a new reader gets from the beginning, until the store is silent.
  Seen ReadAll() {
    Seen seen;
    const auto reader = *store_->OpenReader("", kOldest);
    while (true) {
      const auto entries = reader->Next(100, 1 << 20, milliseconds(300));
      if (entries.empty()) return seen;
      seen.Take(entries);
    }
  }
  void Fill(int alerts) {
    ASSERT_TRUE(Open());
    Publish(*store_, 1, alerts, alert::Priority::kWarning, 300);
    store_.reset();
  }
  void Overwrite(std::streamoff at, const std::string& bytes) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  int SetAside() const {
    int count = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      count += file.path().string().find(".damaged-") != std::string::npos ? 1 : 0;
    }
    return count;
  }

  testlib::TempDir dir_;
  const std::string directory_ = dir_ / "store";
  const std::string path_ = directory_ + "/alerts.db";
  std::size_t recent_bytes_ = std::size_t{16} << 20;
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<Store> store_;
};

TEST_F(Damage, AFileThatIsNoDatabaseIsSetAside) {
  std::filesystem::create_directories(directory_);
  std::ofstream(path_) << "this is not a database, it is not even close";
  ASSERT_TRUE(Open());
  Publish(*store_, 1, 10);
  const Seen seen = ReadAll();
  EXPECT_EQ(seen.ids, Sequence(1, 10));
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kStoreDamaged);
  EXPECT_EQ(SetAside(), 1);
  ASSERT_EQ(log().size(), 1u);
  EXPECT_THAT(log()[0], HasSubstr("set aside as " + path_ + ".damaged-"));
  EXPECT_FALSE(store_->counters().failing);
  EXPECT_EQ(store_->counters().faults, 1u);
}

// Else the consumer would pass over four alerts, and nobody would know.
TEST_F(Damage, APlaceThatIsNotWhatWasWrittenIsDamage) {
  Fill(10);
  ASSERT_TRUE(Open());
  {
    const auto reader = *store_->OpenReader("siem", kOldest);
    Seen seen;
    ASSERT_TRUE(seen.ReadUntil(*reader, 3));
    reader->Acknowledge(seen.last);
  }
  store_.reset();
  {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    const DatabaseHandle owner(db);
    ASSERT_TRUE(Execute(db, "UPDATE consumers SET position = position + 4"));
    ASSERT_EQ(sqlite3_changes(db), 1);
  }
  ASSERT_TRUE(Open());
  Publish(*store_, 11, 11);
  const Seen seen = ReadAll();
  EXPECT_EQ(seen.ids, Sequence(11, 11));
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kStoreDamaged);
  EXPECT_EQ(SetAside(), 1);
  ASSERT_EQ(log().size(), 1u);
  EXPECT_THAT(log()[0], HasSubstr("its state is not what was written; set aside as"));
  // Nobody knows how far it had read: it is told what may be missing, not that all is well.
  Seen again;
  const auto reader = *store_->OpenReader("siem", {});
  ASSERT_TRUE(again.ReadUntil(*reader, 1));
  EXPECT_EQ(again.ids, Sequence(11, 11));
  ASSERT_EQ(again.gaps.size(), 1u);
  EXPECT_EQ(again.gaps[0].reason, GapReason::kStoreDamaged);
}

TEST_F(Damage, CursorsGrowOverALostStore) {
  Fill(100);
  ASSERT_TRUE(Open());
  const Cursor before = store_->counters().newest;
  { ASSERT_TRUE(store_->OpenReader("siem", kOldest)); }
  store_.reset();
  Overwrite(0, std::string(100, 'x'));
  ASSERT_TRUE(Open());
  Publish(*store_, 101, 101);
  Seen seen;
  const auto reader = *store_->OpenReader("", {Start::At::kAfter, before});
  ASSERT_TRUE(seen.ReadUntil(*reader, 1));
  EXPECT_EQ(seen.ids, Sequence(101, 101));
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].first, before + 1);
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kStoreDamaged);
}

// Whatever is overwritten: it starts, all that is missing is inside a gap, and nothing else comes.
TEST_F(Damage, RandomBytesAnywhere) {
  std::mt19937 random(7);  // NOLINT: the same every time
  const int rounds = testlib::Scaled(12);
  int aside = 0;
  std::uint64_t delivered = 0;
  for (int round = 0; round < rounds; ++round) {
    std::filesystem::remove_all(directory_);
    Fill(400);
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path_));
    const int places = 1 + round % 4 * 33;
    for (int i = 0; i < places; ++i) {
      std::string bytes(1 + random() % 16, '\0');
      for (char& c : bytes) c = static_cast<char>(random());
      Overwrite(static_cast<std::streamoff>(random()) % size, bytes);
    }
    if (round % 3 == 2) std::filesystem::resize_file(path_, random() % size);
    const Status opened = Open();
    if (!opened) {  // the version can be hit, too
      EXPECT_THAT(opened.error().message, HasSubstr("schema version"));
      continue;
    }
    Publish(*store_, 401, 450);
    Seen seen;
    const auto reader = *store_->OpenReader("", kOldest);
    for (int i = 0; i < 1000 && (seen.ids.empty() || seen.ids.back() != 450); ++i) {
      seen.Take(reader->Next(100, 1 << 20, milliseconds(100)));
    }
    ASSERT_FALSE(seen.ids.empty());
    EXPECT_TRUE(std::is_sorted(seen.ids.begin(), seen.ids.end()));
    EXPECT_EQ(std::adjacent_find(seen.ids.begin(), seen.ids.end()), seen.ids.end());
    EXPECT_GE(std::count_if(seen.ids.begin(), seen.ids.end(), [](int id) { return id > 400; }), 50);
    EXPECT_FALSE(seen.gaps.empty());
    delivered += seen.ids.size() - 50;
    aside += SetAside();
  }
  std::printf("%d damaged files: %d set aside, %llu of %d alerts still read\n", rounds, aside,
              static_cast<unsigned long long>(delivered), rounds * 400);
}

TEST_F(Damage, DamageFoundByAReaderIsMended) {
  Fill(2000);
  // A leaf in the middle: the start looks at the newest rows only.
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path_));
  for (std::streamoff page = size / 4096 / 4; page < size / 4096 / 3; ++page) {
    Overwrite(page * 4096, std::string(4096, '\xff'));
  }
  ASSERT_TRUE(Open());
  EXPECT_EQ(SetAside(), 0);
  Publish(*store_, 2001, 2010);
  ReadAll();
  Publish(*store_, 2011, 2020);
  const Seen seen = ReadAll();
  ASSERT_GE(seen.ids.size(), 20u);
  EXPECT_EQ(std::vector<int>(seen.ids.end() - 20, seen.ids.end()), Sequence(2001, 2020));
  EXPECT_EQ(SetAside(), 1);
  EXPECT_FALSE(store_->counters().failing);
}

TEST_F(Damage, ALaterVersionIsRefusedAndLeftAlone) {
  Fill(10);
  {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    const DatabaseHandle owner(db);
    ASSERT_TRUE(Execute(db, "PRAGMA user_version = 7"));
  }
  const Status opened = Open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().exit_code, 1);
  EXPECT_THAT(opened.error().message,
              HasSubstr("schema version 7; this nezuban knows versions up"));
  EXPECT_THAT(opened.error().message, HasSubstr("move the file away"));
  EXPECT_EQ(SetAside(), 0);
}

// A file is where the directory should be.
TEST_F(Damage, WithoutADirectoryAlertsFlowFromMemoryAndAreWrittenLater) {
  std::ofstream(directory_) << "";
  ASSERT_TRUE(Open());
  Publish(*store_, 1, 100);
  EXPECT_EQ(ReadAll().ids, Sequence(1, 100));
  EXPECT_TRUE(store_->counters().failing);
  EXPECT_EQ(store_->counters().written, 0u);
  ASSERT_EQ(log().size(), 1u);
  std::filesystem::remove(directory_);
  for (int i = 0; i < 500 && store_->counters().failing; ++i) {
    Publish(*store_, 101 + i, 101 + i);
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_FALSE(store_->counters().failing);
  const Seen before = ReadAll();
  EXPECT_TRUE(before.gaps.empty());
  store_.reset();
  ASSERT_EQ(log().size(), 2u);
  EXPECT_THAT(log()[1], HasSubstr("works again"));
  ASSERT_TRUE(Open());
  EXPECT_EQ(ReadAll().ids, before.ids);
}

TEST_F(Damage, WithoutADirectoryACursorOfBeforeIsAGap) {
  std::ofstream(directory_) << "";
  ASSERT_TRUE(Open());
  const auto reader = *store_->OpenReader("", {Start::At::kAfter, 1});
  Publish(*store_, 1, 10);
  Seen seen;
  ASSERT_TRUE(seen.ReadUntil(*reader, 10));
  EXPECT_EQ(seen.ids, Sequence(1, 10));
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kStoreFault);
}

// Its place in the file was not known when it began to read.
TEST_F(Damage, AConsumerGoesBackToItsPlaceOnceTheFileCanBeRead) {
  Fill(1);
  ASSERT_TRUE(Open());
  { ASSERT_TRUE(store_->OpenReader("siem", {})); }
  Publish(*store_, 2, 10);
  store_.reset();
  std::filesystem::rename(directory_, directory_ + ".away");
  std::ofstream(directory_) << "";
  ASSERT_TRUE(Open());
  const auto reader = *store_->OpenReader("siem", {});
  Publish(*store_, 11, 20);
  Seen early;
  ASSERT_TRUE(early.ReadUntil(*reader, 10));
  EXPECT_EQ(early.ids, Sequence(11, 20));
  reader->Acknowledge(early.last);
  std::filesystem::remove(directory_);
  std::filesystem::rename(directory_ + ".away", directory_);
  for (int i = 0; i < 500 && store_->counters().failing; ++i) {
    Publish(*store_, 21 + i, 21 + i);
    std::this_thread::sleep_for(milliseconds(10));
  }
  ASSERT_FALSE(store_->counters().failing);
  reader->Acknowledge(early.last);  // of what was read before: no reason to skip the rest
  Seen seen;
  ASSERT_TRUE(seen.ReadUntil(*reader, 20));
  EXPECT_EQ(seen.ids[0], 2);
  EXPECT_TRUE(std::ranges::includes(seen.ids, Sequence(2, 20)));
  reader->Acknowledge(seen.last);
  EXPECT_EQ(store_->OpenReader("siem", {}).value()->position(), seen.last);
}

// While it lives, this process cannot make files larger than `bytes`: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*signal_)(int);
};

// Full after the file was opened, but before the gap of the restart was in it. And the store's end
// is no time to wait for the next attempt.
TEST_F(Damage, AFileThatCouldNotTakeItsGapIsOpenedAgain) {
  Fill(10);
  {
    const FullDisk full(6000);  // the log's first page, not its second
    ASSERT_TRUE(Open());
  }
  EXPECT_TRUE(store_->counters().failing);
  Publish(*store_, 11, 20);
  store_->Close();
  EXPECT_FALSE(store_->counters().failing);
  EXPECT_GE(store_->counters().written, 10u);
  ASSERT_TRUE(Open());
  EXPECT_EQ(ReadAll().ids, Sequence(1, 20));
}

// What neither the disk nor the memory could keep is a gap, and stays one.
TEST_F(Damage, WhatMemoryCannotKeepMeanwhileIsAGap) {
  std::ofstream(directory_) << "";
  recent_bytes_ = 50'000;
  ASSERT_TRUE(Open());
  const auto reader = *store_->OpenReader("", {});
  Publish(*store_, 1, 1000, alert::Priority::kWarning, 1000);
  Seen live;
  ASSERT_TRUE(live.ReadUntil(*reader, 1000));
  std::filesystem::remove(directory_);
  int next = 1001;
  for (; next < 1500 && store_->counters().failing; ++next) {
    Publish(*store_, next, next);
    std::this_thread::sleep_for(milliseconds(10));
  }
  const Seen seen = ReadAll();
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kStoreFault);
  EXPECT_GT(seen.lost, 900u);
  EXPECT_EQ(seen.ids.back(), next - 1);
  EXPECT_EQ(store_->counters().unwritten, seen.lost);
}

// Like any other alert, so that whoever watches alerts learns of it.
TEST_F(Damage, AFaultIsAnAlertItself) {
  std::ofstream(directory_) << "";
  ASSERT_TRUE(Open());
  const auto reader = *store_->OpenReader("", kOldest);
  Publish(*store_, 1, 1);
  std::vector<alert::Alert> alerts;
  while (alerts.size() < 2) {
    const auto entries = reader->Next(10, 1 << 20, milliseconds(5000));
    ASSERT_FALSE(entries.empty());
    for (const Entry& entry : entries) {
      alerts.push_back(*alert::ParseAlert(*std::get<StoredAlert>(entry).bytes));
    }
  }
  const auto& fault = alerts[0].source == "nezuban" ? alerts[0] : alerts[1];
  EXPECT_EQ(fault.rule, "Nezuban alert store fault");
  EXPECT_EQ(fault.priority, alert::Priority::kCritical);
  EXPECT_THAT(fault.message, HasSubstr(directory_));
}

}  // namespace
}  // namespace nezuban::store
