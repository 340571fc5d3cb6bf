// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "entries.h"
#include "testlib/temp_dir.h"

namespace nezuban::store {
namespace {

using alert::Priority;
using std::chrono::milliseconds;
constexpr Start kNewest{Start::At::kNewest};

class StoreTest : public testing::TestWithParam<bool> {  // whether there is a file
 protected:
  void Open(StoreOptions options = {}) {
    store_.reset();
    options.directory = GetParam() ? dir_ / "store" : "";
    if (options.max_age == StoreOptions().max_age) options.max_age = kAnyAge;
    auto opened = Store::Open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  std::unique_ptr<Reader> OpenReader(Start start = kNewest, const std::string& name = "") {
    auto reader = store_->OpenReader(name, start);
    EXPECT_TRUE(reader) << reader.error().message;
    return *std::move(reader);
  }
  Seen ReadAll(Start start, std::uint64_t alerts) {
    Seen seen;
    const auto reader = OpenReader(start);
    EXPECT_TRUE(seen.ReadUntil(*reader, alerts));
    return seen;
  }

  testlib::TempDir dir_;
  std::unique_ptr<Store> store_;
};
INSTANTIATE_TEST_SUITE_P(FileAndMemory, StoreTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "File" : "Memory"; });

TEST_P(StoreTest, GivesEveryAlertOnceAndInOrder) {
  Open();
  const auto reader = OpenReader();
  Publish(*store_, 1, 1000);
  Publish(*store_, 1001, 2003, Priority::kDebug);
  Seen seen;
  ASSERT_TRUE(seen.ReadUntil(*reader, 2003, 7));
  EXPECT_EQ(seen.ids, Sequence(1, 2003));
  EXPECT_TRUE(seen.gaps.empty());
  EXPECT_EQ(reader->position(), seen.last);
  EXPECT_TRUE(reader->Next(1, 1, milliseconds(0)).empty());
}

TEST_P(StoreTest, AnAlertCarriesItsCursor) {
  Open();
  const auto reader = OpenReader();
  Publish(*store_, 1, 1);
  const auto entries = reader->Next(1, 1, milliseconds(5000));
  ASSERT_EQ(entries.size(), 1u);
  const auto& stored = std::get<StoredAlert>(entries[0]);
  EXPECT_LT(stored.cursor, std::uint64_t{1} << 53);
  // Field 17 as a varint, at the end of the message.
  EXPECT_NE(stored.bytes->find("\x88\x01"), std::string::npos);
}

TEST_P(StoreTest, ReadersStartWhereTheyWant) {
  Open();
  Publish(*store_, 1, 10);
  const Seen all = ReadAll(kOldest, 10);
  EXPECT_EQ(all.ids, Sequence(1, 10));
  Publish(*store_, 11, 12);
  EXPECT_EQ(ReadAll({Start::At::kAfter, all.last}, 2).ids, Sequence(11, 12));
  EXPECT_EQ(ReadAll({Start::At::kAfter, all.last - 3}, 5).ids, Sequence(8, 12));
  EXPECT_TRUE(OpenReader(kNewest)->Next(1, 1, milliseconds(20)).empty());
  const auto ahead = store_->OpenReader("", {Start::At::kAfter, all.last + 100});
  ASSERT_FALSE(ahead);
  EXPECT_THAT(ahead.error().message, testing::HasSubstr("is none of this store's"));
}

// A client that comes back with a cursor of an earlier run.
TEST_P(StoreTest, WhatCameBeforeIsAGap) {
  Open();
  Publish(*store_, 1, 10);
  Seen seen;
  const auto reader = OpenReader({Start::At::kAfter, 1});
  ASSERT_TRUE(seen.ReadUntil(*reader, 10));
  EXPECT_EQ(seen.ids, Sequence(1, 10));
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].first, 2u);
  EXPECT_EQ(seen.gaps[0].count, 0u);
}

TEST_P(StoreTest, AReaderWaitsAndIsWoken) {
  Open();
  const auto reader = OpenReader();
  std::thread publisher([&] {
    std::this_thread::sleep_for(milliseconds(30));
    Publish(*store_, 1, 1);
  });
  EXPECT_EQ(reader->Next(10, 1 << 20, milliseconds(20'000)).size(), 1u);
  publisher.join();
  std::thread waker([&] {
    std::this_thread::sleep_for(milliseconds(30));
    reader->Wake();
  });
  EXPECT_TRUE(reader->Next(10, 1 << 20, std::chrono::hours(1)).empty());
  waker.join();
  std::stop_source stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(30));
    stop.request_stop();
  });
  EXPECT_TRUE(reader->Next(10, 1 << 20, std::chrono::hours(1), stop.get_token()).empty());
  stopper.join();
  EXPECT_FALSE(reader->AtEnd());
  Publish(*store_, 2, 2);
  store_->Close();
  Publish(*store_, 3, 3);
  EXPECT_EQ(reader->Next(10, 1 << 20, std::chrono::hours(1)).size(), 1u);
  EXPECT_TRUE(reader->Next(10, 1 << 20, std::chrono::hours(1)).empty());
  EXPECT_TRUE(reader->AtEnd());
  EXPECT_EQ(store_->dropped(), 1u);
}

TEST_P(StoreTest, AReaderThatFellBehindGetsAGapOfTheRightSize) {
  StoreOptions options;
  options.max_bytes = 400'000;
  options.recent_bytes = 50'000;
  Open(options);
  const auto reader = OpenReader();
  Publish(*store_, 1, 2001, Priority::kDebug, 1000);
  // Until retention has seen all of them.
  for (int i = 0; i < 2000; ++i) {
    const StoreCounters counters = store_->counters();
    if (counters.alerts + counters.deleted == 2001) break;
    std::this_thread::sleep_for(milliseconds(10));
  }
  Seen seen;
  ASSERT_TRUE(seen.ReadUntil(*reader, 2001));
  ASSERT_FALSE(seen.gaps.empty());
  for (const StoredGap& gap : seen.gaps) EXPECT_EQ(gap.reason, GapReason::kRetention);
  EXPECT_GT(seen.lost, 1000u);
  EXPECT_EQ(seen.lost + seen.ids.size(), 2001u);
  EXPECT_EQ(seen.ids, Sequence(2001 - static_cast<int>(seen.ids.size()) + 1, 2001));
  EXPECT_GT(seen.ids.size(), 100u);
  EXPECT_GE(seen.gaps.back().last_ns, static_cast<std::int64_t>(seen.lost));
  const StoreCounters counters = store_->counters();
  EXPECT_EQ(counters.deleted, seen.lost);
  EXPECT_EQ(counters.alerts, seen.ids.size());
  EXPECT_GT(counters.bytes, counters.alerts * 1000);
  EXPECT_LE(counters.bytes, options.max_bytes);
}

TEST_P(StoreTest, TheInboxIsBoundedAndItsOverflowIsAGap) {
  StoreOptions options;
  options.inbox_alerts = 100;
  Open(options);
  const auto reader = OpenReader();
  Publish(*store_, 1, 20'000);
  Seen seen;
  ASSERT_TRUE(seen.ReadUntil(*reader, 20'000));
  EXPECT_GT(seen.lost, 0u);
  EXPECT_EQ(seen.lost, store_->dropped());
  for (const StoredGap& gap : seen.gaps) {
    EXPECT_EQ(gap.reason, GapReason::kNodeBusy);
    EXPECT_EQ(static_cast<std::uint64_t>(gap.last_ns - gap.first_ns + 1), gap.count);
  }
  EXPECT_EQ(store_->counters().published, 20'000u);
}

TEST_P(StoreTest, ATooLargeAlertIsAGap) {
  StoreOptions options;
  options.max_alert_bytes = 1000;
  Open(options);
  const auto reader = OpenReader();
  Publish(*store_, 1, 1);
  Publish(*store_, 2, 2, Priority::kWarning, 1000);
  Publish(*store_, 3, 3);
  Seen seen;
  ASSERT_TRUE(seen.ReadUntil(*reader, 3));
  EXPECT_THAT(seen.ids, testing::ElementsAre(1, 3));
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kAlertTooLarge);
}

TEST_P(StoreTest, ManyReadersAndPublishersAtOnce) {
  StoreOptions options;
  options.recent_bytes = 20'000;  // so that most read from the file
  Open(options);
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      const auto reader = OpenReader(kOldest, t == 0 ? "named" : "");
      Seen seen;
      EXPECT_TRUE(seen.ReadUntil(*reader, 3000, static_cast<std::size_t>(1 + t * 13)));
      EXPECT_EQ(seen.ids.size(), 3000u);
      reader->Acknowledge(seen.last);
    });
  }
  threads.emplace_back([&] { Publish(*store_, 1, 1500); });
  threads.emplace_back([&] { Publish(*store_, 1501, 3000, Priority::kDebug); });
  for (std::thread& thread : threads) thread.join();
}

TEST_P(StoreTest, BlindTimeIsAGapOfUnknownSize) {
  Open();
  const auto reader = OpenReader();
  Publish(*store_, 1, 1);
  store_->PublishBlindTime(50, 60);
  Publish(*store_, 70, 70);
  Seen seen;
  ASSERT_TRUE(seen.ReadUntil(*reader, 2));
  EXPECT_THAT(seen.ids, testing::ElementsAre(1, 70));
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kRestart);
  EXPECT_EQ(seen.gaps[0].count, 0u);
  EXPECT_EQ(seen.gaps[0].first_ns, 50);
  EXPECT_EQ(seen.gaps[0].last_ns, 60);
}

TEST_P(StoreTest, NamesAreChecked) {
  StoreOptions options;
  options.max_consumers = 2;
  Open(options);
  for (const char* name : {"a b", "x/../y", "\n", "ü"}) {
    EXPECT_FALSE(store_->OpenReader(name, kNewest)) << name;
  }
  EXPECT_FALSE(store_->OpenReader(std::string(65, 'a'), kNewest));
  const auto a = OpenReader(kNewest, "a");
  const auto b = OpenReader(kNewest, "b.c-d_0");
  EXPECT_FALSE(store_->OpenReader("c", kNewest));
  EXPECT_TRUE(store_->OpenReader("a", kNewest));
  EXPECT_FALSE(store_->Acknowledge("c", 0));
  EXPECT_FALSE(store_->Acknowledge("a", store_->counters().newest + 1));
}

TEST_P(StoreTest, ANewNameTakesThePlaceOfTheOneLongestIdle) {
  StoreOptions options;
  options.max_consumers = 3;
  Open(options);
  auto reads = OpenReader(kNewest, "reads");
  for (const char* name : {"first", "second"}) {
    OpenReader(kNewest, name);
    std::this_thread::sleep_for(milliseconds(1));
  }
  ASSERT_TRUE(store_->Acknowledge("first", 0));  // second is idle for longer
  EXPECT_TRUE(store_->OpenReader("third", kNewest));
  EXPECT_FALSE(store_->Acknowledge("second", 0));
  for (const char* name : {"first", "reads", "third"}) {
    EXPECT_TRUE(store_->Acknowledge(name, 0)) << name;
  }
  reads.reset();
  if (!GetParam()) return;
  Open(options);
  EXPECT_FALSE(store_->Acknowledge("second", 0));
  EXPECT_TRUE(store_->Acknowledge("third", 0));
}

// ---- Over a restart.

class FileTest : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(File, FileTest, testing::Values(true), [](const auto&) { return "Only"; });

TEST_P(FileTest, ARestartKeepsAlertsAndIsItselfAGap) {
  Open();
  const std::string id = store_->id();
  Publish(*store_, 1, 100, Priority::kDebug);
  Open();
  EXPECT_EQ(store_->id(), id);
  Publish(*store_, 101, 150);
  const Seen seen = ReadAll(kOldest, 150);
  EXPECT_EQ(seen.ids, Sequence(1, 150));
  ASSERT_EQ(seen.gaps.size(), 1u);
  EXPECT_EQ(seen.gaps[0].reason, GapReason::kRestart);
  EXPECT_EQ(seen.gaps[0].count, 0u);
  EXPECT_LT(seen.gaps[0].first_ns, seen.gaps[0].last_ns);
}

// A store goes on writing where the monitor stands still.
TEST_P(FileTest, TheGapOfARestartBeginsWhereNobodyWatchedAnyMore) {
  constexpr std::int64_t kBeforeNs = 32'000'000'000;  // of alerts as old as these tests'
  Open();
  std::this_thread::sleep_for(milliseconds(10));
  const std::int64_t watched_ns = WallClockNs();
  store_->Watching(watched_ns);
  std::this_thread::sleep_for(milliseconds(10));
  Publish(*store_, 1, 1);
  Open();
  Publish(*store_, 2, 2);
  Open();
  Publish(*store_, 3, 3);
  const auto gaps = ReadAll(kOldest, 3).gaps;
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[0].first_ns, watched_ns - kBeforeNs);
  EXPECT_GT(gaps[1].first_ns, gaps[0].last_ns - kBeforeNs) << "nobody says so";
}

TEST_P(FileTest, ANamedConsumerGoesOnWhereItWas) {
  Open();
  {
    const auto reader = OpenReader(kOldest, "siem");
    Publish(*store_, 1, 100);
    Seen seen;
    ASSERT_TRUE(seen.ReadUntil(*reader, 60, 60));
    reader->Acknowledge(seen.last - 10);
    reader->Acknowledge(seen.last - 20);  // never back
  }
  Open();
  Publish(*store_, 101, 101);
  Seen seen;
  const auto reader = OpenReader(kNewest, "siem");
  ASSERT_TRUE(seen.ReadUntil(*reader, 51));
  EXPECT_EQ(seen.ids, Sequence(51, 101));
  ASSERT_TRUE(store_->Acknowledge("siem", seen.last));
  EXPECT_EQ(OpenReader(kOldest, "siem")->position(), seen.last);
}

TEST_P(FileTest, WhatAConsumerNeedsIsSparedByAge) {
  StoreOptions options;
  options.max_age = std::chrono::seconds(1);  // all of these alerts are of 1970
  Open(options);
  { EXPECT_TRUE(OpenReader(kOldest, "siem")); }
  Publish(*store_, 1, 100);
  std::this_thread::sleep_for(milliseconds(1200));
  const Seen spared = ReadAll(kOldest, 100);
  EXPECT_EQ(spared.ids, Sequence(1, 100));
  ASSERT_TRUE(store_->Acknowledge("siem", spared.last - 10));
  std::this_thread::sleep_for(milliseconds(1200));
  EXPECT_EQ(ReadAll(kOldest, 10).ids, Sequence(91, 100));
  EXPECT_EQ(store_->counters().deleted, 90u);
}

TEST_P(FileTest, SyncsByPriorityAndTheRestSoon) {
  StoreOptions options;
  options.sync_priority = Priority::kError;
  Open(options);
  const auto reader = OpenReader();
  const std::uint64_t before = store_->counters().syncs;
  Publish(*store_, 1, 1, Priority::kError);
  EXPECT_EQ(reader->Next(1, 1, milliseconds(5000)).size(), 1u);
  EXPECT_EQ(store_->counters().syncs, before + 1);
  Publish(*store_, 2, 2, Priority::kWarning);
  EXPECT_EQ(reader->Next(1, 1, milliseconds(5000)).size(), 1u);
  for (int i = 0; i < 500 && store_->counters().syncs < before + 2; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(store_->counters().syncs, before + 2);
}

TEST_P(FileTest, TheDirectoryIsPrivate) {
  const mode_t before = ::umask(0);
  Open();
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat((dir_ / "store").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_P(FileTest, IsRefusedToASecondProcess) {
  Open();
  StoreOptions options;
  options.directory = dir_ / "store";
  const auto second = Store::Open(options);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, testing::HasSubstr("another process uses it"));
  EXPECT_EQ(second.error().exit_code, 2);
}

}  // namespace
}  // namespace nezuban::store
