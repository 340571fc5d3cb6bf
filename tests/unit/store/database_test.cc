// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "entries.h"
#include "testlib/temp_dir.h"

namespace nezuban::store {
namespace {

constexpr std::size_t kMany = 1 << 30;

class DatabaseTest : public testing::Test {
 protected:
  void Open(Cursor base = 0) {
    database_.reset();
    auto opened = Database::Open(path_, base, 1000, {"run" + std::to_string(++runs_), "boot"});
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = *std::move(opened);
  }
  void Write(const std::vector<Entry>& entries, bool sync = false) {
    const auto written = database_->Write({entries, {}, sync, 2000});
    ASSERT_TRUE(written) << written.error().message;
  }
  std::string Read(Cursor after, std::size_t max_entries = kMany, std::size_t max_bytes = kMany) {
    const auto page = database_->Read(after, max_entries, max_bytes, damaged_);
    return page ? Show(*page) : page.error().message;
  }
  void Sql(const std::string& sql) {
    database_.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    const DatabaseHandle owner(db);
    ASSERT_TRUE(Execute(db, sql));
  }

  testlib::TempDir dir_;
  const std::string path_ = dir_ / "alerts.db";
  std::unique_ptr<Database> database_;
  int runs_ = 0;
  std::uint64_t damaged_ = 0;
};

TEST_F(DatabaseTest, KeepsEntriesOverAReopening) {
  Open();
  EXPECT_TRUE(database_->is_new());
  const std::string id = database_->id();
  EXPECT_EQ(id.size(), 32u);
  Write(NumberedEntries(1, 5));
  Write({StoredGap{6, 8, 3, 6, 8, GapReason::kNodeBusy}, NumberedEntry(9)}, true);
  EXPECT_EQ(Read(0), "1 2 3 4 5 6-8:3*3 9");
  Open();
  EXPECT_FALSE(database_->is_new());
  EXPECT_EQ(database_->id(), id);
  EXPECT_EQ(database_->newest(), 9u);
  EXPECT_EQ(database_->alerts(), 6u);
  EXPECT_EQ(database_->alive_ns(), 2000);
  EXPECT_EQ(Read(0), "1 2 3 4 5 6-8:3*3 9");
  EXPECT_EQ(Read(4, 2), "5 6-8:3*3");
  EXPECT_EQ(Read(0, kMany, 1), "1");
  EXPECT_EQ(Read(6), "7-8:3*2 9");
  EXPECT_EQ(Read(9), "");
  EXPECT_EQ(*database_->Check(1000), 0u);
  EXPECT_EQ(damaged_, 0u);
}

TEST_F(DatabaseTest, TheFileIsPrivate) {
  const mode_t before = ::umask(0);
  Open();
  Write(NumberedEntries(1, 1));
  ::umask(before);
  for (const char* suffix : {"", "-wal"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
}

TEST_F(DatabaseTest, RemembersConsumers) {
  Open();
  const std::vector<Consumer> consumers = {{"siem", 5, 77}, {"other", 3, 78}};
  ASSERT_TRUE(database_->Write({{}, consumers, true, 1}));
  const std::vector<Consumer> changed = {{"siem", 6, 79}};
  ASSERT_TRUE(database_->Write({{}, changed, true, 1}));
  Open();
  const auto back = database_->Consumers();
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].name, "siem");
  EXPECT_EQ(back[1].position, 6u);
  EXPECT_EQ(back[1].seen_ns, 79);
  const std::vector<std::string> forgotten = {"other"};
  ASSERT_TRUE(database_->Write({.sync = true, .now_ns = 1, .forgotten = forgotten}));
  Open();
  ASSERT_EQ(database_->Consumers().size(), 1u);
  EXPECT_EQ(database_->Consumers()[0].name, "siem");
}

TEST_F(DatabaseTest, OneProcessAtATime) {
  Open();
  const auto second = Database::Open(path_, 0, 1, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Fault::Kind::kInUse) << second.error().message;
}

TEST_F(DatabaseTest, DeletesTheOldestAboveTheBound) {
  Open();
  constexpr std::uint64_t kBound = 400'000;
  for (Cursor first = 1; first <= 2000; first += 100) {
    Write(NumberedEntries(first, first + 99, 1000));
    ASSERT_TRUE(database_->Trim(kBound, 0, 0));
    EXPECT_LE(*database_->UsedBytes(), kBound);
  }
  const Cursor deleted = database_->deleted_last();
  EXPECT_GT(deleted, 1000u);
  EXPECT_LT(deleted, 1900u);
  const std::string gap = "-" + std::to_string(deleted) + ":5*";
  EXPECT_EQ(Read(0, 1), "1" + gap + std::to_string(deleted));
  EXPECT_EQ(Read(10, 1), "11" + gap + std::to_string(deleted - 10));
  EXPECT_EQ(Read(deleted, 1), std::to_string(deleted + 1));
  std::uint64_t damaged = 0;
  const auto page = database_->Read(5, 1, kMany, damaged);
  EXPECT_EQ(std::get<StoredGap>(page->front()).first_ns, 1);
  EXPECT_EQ(std::get<StoredGap>(page->front()).last_ns, static_cast<std::int64_t>(deleted));
  Open();
  EXPECT_EQ(database_->deleted_last(), deleted);
  EXPECT_EQ(database_->alerts(), 2000 - deleted);
}

TEST_F(DatabaseTest, DeletesTheOldButNotWhatIsStillNeeded) {
  Open();
  Write(NumberedEntries(1, 100));
  ASSERT_TRUE(database_->Trim(1 << 30, 51, 30));  // times are the cursors
  EXPECT_EQ(database_->deleted_last(), 30u);
  ASSERT_TRUE(database_->Trim(1 << 30, 51, 100));
  EXPECT_EQ(database_->deleted_last(), 50u);
  ASSERT_TRUE(database_->Trim(1 << 30, 1000, 100));
  EXPECT_EQ(database_->deleted_last(), 100u);
  EXPECT_EQ(Read(0), "1-100:5*100");
}

TEST_F(DatabaseTest, DeletesALittleAtATime) {
  Open();
  Write(NumberedEntries(1, 5000));
  std::uint64_t alerts = 0;
  int calls = 0;
  while (true) {
    const auto trimmed = database_->Trim(1 << 30, 4001, 5000);
    ASSERT_TRUE(trimmed);
    EXPECT_LT(trimmed->alerts, 2500u);
    alerts += trimmed->alerts;
    ++calls;
    if (!trimmed->more) break;
  }
  EXPECT_EQ(alerts, 4000u);
  EXPECT_EQ(calls, 2);
}

// A restart leaves a jump: cursors that nobody ever had are not counted as lost.
TEST_F(DatabaseTest, CountsOnlyAlertsAsDeleted) {
  Open(1000);
  Write({NumberedEntry(1001), StoredGap{1002, 9000, 0, 1, 2, GapReason::kRestart},
         NumberedEntry(9001), NumberedEntry(9002)});
  EXPECT_EQ(database_->Trim(1 << 30, 9002, 9002)->alerts, 2u);  // and a gap
  EXPECT_EQ(database_->deleted_last(), 9001u);
  Open();
  EXPECT_EQ(Read(0), "1-9001:5*2 9002");
  EXPECT_EQ(Read(1001), "1002-9001:5*1 9002");
  EXPECT_EQ(Read(1500), "1501-9001:5*1 9002");
}

TEST_F(DatabaseTest, ALaterVersionIsRefused) {
  Open();
  Sql("PRAGMA user_version = 4");
  const auto opened = Database::Open(path_, 0, 1, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Fault::Kind::kTooNew);
  EXPECT_EQ(opened.error().message, "schema version 4; this nezuban knows versions up to 3");
}

TEST_F(DatabaseTest, AnEarlierVersionIsBroughtForward) {
  Open();
  Write(NumberedEntries(1, 3));
  database_.reset();
  std::vector<const char*> steps(CurrentSchema().begin(), CurrentSchema().end());
  steps.push_back("ALTER TABLE state ADD COLUMN extra INTEGER NOT NULL DEFAULT 7");
  auto opened = Database::Open(path_, 0, 1, {}, steps);
  ASSERT_TRUE(opened) << opened.error().message;
  database_ = *std::move(opened);
  EXPECT_EQ(Read(0), "1 2 3");
  database_.reset();
  EXPECT_EQ(Database::Open(path_, 0, 1, {}).error().kind, Fault::Kind::kTooNew);
  // One that fails leaves the file as it was.
  steps.push_back("CREATE TABLE t (a); NONSENSE");
  EXPECT_FALSE(Database::Open(path_, 0, 1, {}, steps));
  steps.pop_back();
  EXPECT_TRUE(Database::Open(path_, 0, 1, {}, steps));
}

TEST_F(DatabaseTest, AFileOfTheFirstVersionIsReadOnAndWasNotCutOff) {
  Open();
  Write(NumberedEntries(1, 3));
  const std::string id = database_->id();
  for (const char* column : {"run", "boot", "cut_off_ns", "cut_off_boot", "checksum"}) {
    Sql(std::string("ALTER TABLE state DROP COLUMN ") + column);
  }
  Sql("PRAGMA user_version = 1");
  Open();
  EXPECT_FALSE(database_->cut_off());
  EXPECT_EQ(database_->id(), id);
  EXPECT_EQ(Read(0), "1 2 3");
}

TEST_F(DatabaseTest, AFileWithoutAChecksumOfItsStateGetsOne) {
  Open();
  const std::vector<Consumer> consumers = {{"siem", 2, 77}};
  const auto entries = NumberedEntries(1, 3);
  ASSERT_TRUE(database_->Write({entries, consumers, true, 2000}));
  Sql("ALTER TABLE state DROP COLUMN checksum; PRAGMA user_version = 2");
  Open();
  ASSERT_EQ(database_->Consumers().size(), 1u);
  EXPECT_EQ(database_->Consumers()[0].position, 2u);
  EXPECT_EQ(Read(0), "1 2 3");
  Sql("UPDATE consumers SET position = 3");
  EXPECT_EQ(Database::Open(path_, 0, 1, {}).error().kind, Fault::Kind::kDamaged);
}

// Or a consumer would pass over what it never got, or nobody would be told of what was lost.
TEST_F(DatabaseTest, AnyChangeOfTheStateOrOfAPlaceIsNoticed) {
  const char* const changes[] = {
      "UPDATE state SET alive_ns = alive_ns + 4096",
      "UPDATE state SET alerts = alerts + 1",
      "UPDATE state SET deleted_last = 1",
      "UPDATE state SET deleted_first_ns = 1",
      "UPDATE state SET deleted_last_ns = 1",
      "UPDATE state SET id = 'x' || substr(id, 2)",
      "UPDATE state SET run = ''",
      "UPDATE state SET boot = 'boos'",
      "UPDATE state SET cut_off_ns = 1",
      "UPDATE state SET cut_off_boot = 'x'",
      "UPDATE state SET checksum = checksum + 1",
      "UPDATE consumers SET position = 3 WHERE name = 'siem'",
      "UPDATE consumers SET seen_ns = 0 WHERE name = 'siem'",
      "UPDATE consumers SET name = 'sien' WHERE name = 'siem'",
      "DELETE FROM consumers WHERE name = 'siem'",
      "INSERT INTO consumers VALUES ('new', 1, 1)",
  };
  for (const char* change : changes) {
    std::filesystem::remove(path_);
    Open();
    const std::vector<Consumer> consumers = {{"other", 1, 76}, {"siem", 2, 77}};
    const auto entries = NumberedEntries(1, 3);
    ASSERT_TRUE(database_->Write({entries, consumers, true, 2000}));
    Open();
    EXPECT_EQ(database_->Consumers().size(), 2u);
    Sql(change);
    const auto opened = Database::Open(path_, 0, 1, {});
    ASSERT_FALSE(opened) << change;
    EXPECT_EQ(opened.error().kind, Fault::Kind::kDamaged) << change;
    EXPECT_EQ(opened.error().message, "its state is not what was written") << change;
  }
}

TEST_F(DatabaseTest, WhoDoesNotEndItWasCutOff) {
  Open();
  EXPECT_FALSE(database_->cut_off());  // there was nobody
  Write(NumberedEntries(1, 3));        // at 2000
  Open();
  ASSERT_TRUE(database_->cut_off());
  EXPECT_EQ(database_->cut_off()->alive_ns, 2000);
  EXPECT_EQ(database_->cut_off()->boot, "boot");
  ASSERT_TRUE(database_->ForgetCutOff());
  ASSERT_TRUE(database_->End());
  Open();
  EXPECT_FALSE(database_->cut_off());
  EXPECT_EQ(Read(0), "1 2 3");
}

TEST_F(DatabaseTest, WhatWasCutOffIsFoundUntilSomebodyHasToldOfIt) {
  Open();
  Write(NumberedEntries(1, 3));
  Open();
  Write(NumberedEntries(4, 4));
  ASSERT_TRUE(database_->End());  // a start that failed before it could tell
  Open();
  ASSERT_TRUE(database_->cut_off());
  EXPECT_EQ(database_->cut_off()->alive_ns, 2000);
}

TEST_F(DatabaseTest, ARunThatOpensItsFileAgainWasNotCutOff) {
  for (int i = 0; i < 2; ++i) {
    database_.reset();
    auto opened = Database::Open(path_, 0, 1, {"the same", "boot"});
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = *std::move(opened);
    EXPECT_FALSE(database_->cut_off());
  }
}

TEST_F(DatabaseTest, AnothersDatabaseIsNotTouched) {
  Open();
  Sql("PRAGMA application_id = 5");
  EXPECT_EQ(Database::Open(path_, 0, 1, {}).error().kind, Fault::Kind::kDamaged);
}

TEST_F(DatabaseTest, DamagedAndMissingRowsAreGaps) {
  Open();
  Write(NumberedEntries(1, 10));
  Sql("UPDATE entries SET bytes = 'other' WHERE cursor IN (3, 7, 8);"
      "DELETE FROM entries WHERE cursor IN (5, 9)");
  Open();
  EXPECT_EQ(*database_->Check(1000), 3u);
  EXPECT_EQ(Read(0), "1 2 3-3:7*1 4 5-5:7*1 6 7-9:7*3 10");
  EXPECT_EQ(damaged_, 3u);
  std::uint64_t damaged = 0;
  const auto page = database_->Read(6, 1, kMany, damaged);
  EXPECT_EQ(Show(*page), "7-7:7*1");
  const auto whole = database_->Read(0, kMany, kMany, damaged);
  const auto& gap = std::get<StoredGap>((*whole)[6]);
  EXPECT_EQ(gap.first_ns, 6);
  EXPECT_EQ(gap.last_ns, 10);
}

// Two rows are one gap then, and fewer entries than rows are no end of the file.
TEST_F(DatabaseTest, DamageThatIsOneGapHidesNothingBehindIt) {
  Open();
  Write(NumberedEntries(1, 10));
  Sql("UPDATE entries SET bytes = 'other' WHERE cursor IN (1, 2)");
  Open();
  EXPECT_EQ(Read(0, 3), "1-2:7*2 3");
  EXPECT_EQ(Read(3, 3), "4 5 6");
  Sql("UPDATE entries SET bytes = 'other' WHERE cursor < 7");
  Open();
  // Bounded by rows too: many of them must not be looked at in one go.
  EXPECT_EQ(Read(0, 3), "1-3:7*3");
  EXPECT_EQ(Read(3, 3), "4-6:7*3");
  EXPECT_EQ(Read(6), "7 8 9 10");
}

// What a damaged row says of its end and its times must not decide what is deleted.
// A row's own time went with it: it lay between those of its neighbours, which may be on another
// page.
TEST_F(DatabaseTest, DamageCoversTheTimesUpToItsNeighbours) {
  Open();
  Write(NumberedEntries(1, 10));
  Sql("UPDATE entries SET bytes = 'other' WHERE cursor IN (3, 6, 7, 10)");
  Open();
  const auto last_ns = [&](Cursor after, std::size_t max_entries) {
    const auto page = database_->Read(after, max_entries, kMany, damaged_);
    return page ? std::get<StoredGap>(page->back()).last_ns : -1;
  };
  EXPECT_EQ(last_ns(0, 3), 4) << "the page ends with it";
  EXPECT_EQ(last_ns(4, 2), database_->alive_ns()) << "the next one is damaged too";
  EXPECT_EQ(last_ns(4, 3), 8);
  EXPECT_EQ(last_ns(8, kMany), database_->alive_ns()) << "nothing comes after it";
}

TEST_F(DatabaseTest, DeletesDamagedRowsByTheirPlace) {
  Open();
  Write(NumberedEntries(1, 100));
  Sql("UPDATE entries SET last = 9000 WHERE cursor = 10;"
      "UPDATE entries SET last = 2 WHERE cursor = 20;"
      "UPDATE entries SET last_ns = 9223372036854775807, first_ns = -5 WHERE cursor = 30");
  Open();
  ASSERT_TRUE(database_->Trim(1 << 30, 3000, 100));
  EXPECT_EQ(database_->deleted_last(), 100u);
  std::uint64_t damaged = 0;
  const auto page = database_->Read(0, 1, kMany, damaged);
  EXPECT_EQ(Show(*page), "1-100:5*100");
  EXPECT_LT(std::get<StoredGap>(page->front()).last_ns, 3000);
}

TEST_F(DatabaseTest, AMissingEndIsDamage) {
  Open();
  Write(NumberedEntries(1, 10));
  Sql("DELETE FROM entries WHERE cursor > 8");
  EXPECT_EQ(Database::Open(path_, 0, 1, {}).error().kind, Fault::Kind::kDamaged);
}

TEST_F(DatabaseTest, AFaultLeavesEverythingAsItWas) {
  Open();
  Write(NumberedEntries(1, 3));
  Open();
  // No room for more pages: what the disk says when it is full.
  ASSERT_TRUE(database_->LimitPages(20));
  const auto entries = NumberedEntries(4, 500, 1000);
  const auto written = database_->Write({entries, {}, true, 9999});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, Fault::Kind::kUnavailable) << written.error().message;
  EXPECT_EQ(database_->newest(), 3u);
  EXPECT_EQ(database_->alive_ns(), 2000);
  EXPECT_EQ(Read(0), "1 2 3");
  Write(NumberedEntries(4, 5));
  EXPECT_EQ(Read(0), "1 2 3 4 5");
}

}  // namespace
}  // namespace nezuban::store
