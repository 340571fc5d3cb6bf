// SPDX-License-Identifier: Apache-2.0
#include "store/database.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/unique_fd.h"
#include "store/row.h"

namespace nezuban::store {
namespace {

// More starts of the monitor than anybody wants to count.
constexpr std::size_t kMaxJumps = 4096;
constexpr std::size_t kRowsPerDelete = 256;
// Readers wait meanwhile.
constexpr std::uint64_t kRowsPerTrim = 2048;

constexpr char kForward[] = "SELECT * FROM entries WHERE cursor > ?1 ORDER BY cursor LIMIT ?2";
constexpr char kBackward[] =
    "SELECT * FROM entries WHERE cursor <= ?1 ORDER BY cursor DESC LIMIT ?2";

Row RowOf(const Statement& statement) {
  return {statement.Int(0),   statement.Int(1), statement.Int(2), statement.Int(3),
          statement.Int(4),   statement.Int(5), statement.Int(6), statement.Bytes(7),
          statement.Bytes(8), statement.Int(9)};
}

StoredGap DamagedGap(Cursor first, Cursor last, std::int64_t first_ns) {
  return {first, last, last - first + 1, first_ns, first_ns, GapReason::kStoreDamaged};
}

// The time after which something may be missing behind `entry`.
std::int64_t TimeOf(const Entry& entry) {
  const auto* gap = std::get_if<StoredGap>(&entry);
  return gap != nullptr ? gap->last_ns : std::get<StoredAlert>(entry).time_ns;
}

// The damage that the page ends in: not a gap that is stored, whose times are known.
StoredGap* DamageAtEnd(std::vector<Entry>& page) {
  auto* last = page.empty() ? nullptr : std::get_if<StoredGap>(&page.back());
  const bool is_damage =
      last != nullptr && last->reason == GapReason::kStoreDamaged && last->count > 0;
  return is_damage ? last : nullptr;
}

// What is missing at the page's end may be as late as what comes next.
void EndDamage(std::vector<Entry>& page, std::int64_t next_ns) {
  if (StoredGap* gap = DamageAtEnd(page)) gap->last_ns = std::max(gap->last_ns, next_ns);
}

// One damaged row after the other is one gap.
void AddDamage(std::vector<Entry>& page, const StoredGap& gap) {
  if (StoredGap* last = DamageAtEnd(page)) {
    last->last = gap.last;
    last->count += gap.count;
    return;
  }
  page.emplace_back(gap);
}

}  // namespace

OrFault<std::unique_ptr<Database>> Database::Open(const std::string& path, Cursor base,
                                                  std::int64_t now_ns, Run run, Schema schema) {
  std::unique_ptr<Database> database(new Database);
  RETURN_IF_FAULT(database->OpenFile(path));
  // One commit, so that what has a version has its checksum. Takes the lock, and shows whether the
  // file can be written.
  RETURN_IF_FAULT(database->InTransaction(true, [&]() -> OrFault<void> {
    FAULT_OR(const std::int64_t version, database->Migrate(schema, base, now_ns));
    RETURN_IF_FAULT(database->PrepareAll());
    RETURN_IF_FAULT(database->Load(std::move(run), version));
    return database->SaveState();
  }));
  return database;
}

OrFault<void> Database::OpenFile(const std::string& path) {
  // SQLite gives the files beside it the same mode.
  const UniqueFd created(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!created.valid()) {
    return tl::unexpected(Fault{Fault::Kind::kUnavailable, path + ": " + std::strerror(errno)});
  }
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &db,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE,
      nullptr);
  handle_.reset(db);
  if (code != SQLITE_OK) return tl::unexpected(LastFault(db, "open " + path));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // The locking mode first: set before the WAL is opened, no shared memory file is used.
  for (const char* pragma : {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL",
                             "PRAGMA cell_size_check = ON", "PRAGMA journal_size_limit = 4194304",
                             "PRAGMA temp_store = MEMORY"}) {
    RETURN_IF_FAULT(Execute(db, pragma));
  }
  return {};
}

OrFault<void> Database::PrepareAll() {
  const std::pair<Statement*, const char*> kStatements[] = {
      {&insert_, "INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
      {&insert_jump_, "INSERT OR REPLACE INTO jumps VALUES (?1, ?2)"},
      {&forward_, kForward},
      {&backward_, kBackward},
      {&delete_, "DELETE FROM entries WHERE cursor <= ?1"},
      {&load_state_,
       "SELECT id, newest, alive_ns, alerts, deleted_last, deleted_first_ns, deleted_last_ns,"
       " run, boot, cut_off_ns, cut_off_boot, checksum FROM state"},
      {&save_state_,
       "UPDATE state SET newest = ?1, alive_ns = ?2, alerts = ?3, deleted_last = ?4,"
       " deleted_first_ns = ?5, deleted_last_ns = ?6, run = ?7, boot = ?8, cut_off_ns = ?9,"
       " cut_off_boot = ?10, checksum = ?11"},
      {&save_consumer_, "INSERT OR REPLACE INTO consumers VALUES (?1, ?2, ?3)"},
  };
  for (const auto& [statement, sql] : kStatements) {
    FAULT_OR(*statement, Statement::Prepare(handle_.get(), sql));
  }
  return {};
}

OrFault<void> Database::Load(Run run, std::int64_t version) {
  RETURN_IF_FAULT(LoadState(std::move(run), version));
  // The newest row is written in the same commit as the state: else one of them is damaged.
  const ResetAtEnd reset(backward_);
  backward_.Bind(1, INT64_MAX).Bind(2, 1);
  FAULT_OR(const bool row, backward_.Step());
  const auto newest = row ? static_cast<Cursor>(backward_.Int(1)) : state_.deleted_last;
  newest_ns_ = row ? backward_.Int(3) : 0;
  if (newest != state_.newest || state_.deleted_last > newest || newest > INT64_MAX) {
    return tl::unexpected(Fault{Fault::Kind::kDamaged, "its newest entry is not what it says"});
  }
  FAULT_OR(Statement jumps,
           Statement::Prepare(handle_.get(), "SELECT * FROM jumps ORDER BY first DESC LIMIT 4096"));
  static_assert(kMaxJumps == 4096);
  while (true) {
    FAULT_OR(const bool more, jumps.Step());
    if (!more) break;
    jumps_.push_back({static_cast<Cursor>(jumps.Int(0)), static_cast<Cursor>(jumps.Int(1))});
  }
  std::ranges::reverse(jumps_);
  return {};
}

OrFault<std::uint64_t> Database::Check(std::size_t rows) {
  const ResetAtEnd reset(backward_);
  backward_.Bind(1, INT64_MAX).Bind(2, static_cast<std::int64_t>(rows));
  std::uint64_t damaged = 0;
  while (true) {
    FAULT_OR(const bool row, backward_.Step());
    if (!row) return damaged;
    if (!FromRow(RowOf(backward_))) ++damaged;
  }
}

OrFault<void> Database::InTransaction(bool sync, const std::function<OrFault<void>()>& work) {
  // NORMAL does not wait for the disk at a commit, only where the WAL is copied into the file.
  RETURN_IF_FAULT(
      Execute(handle_.get(), sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  RETURN_IF_FAULT(Execute(handle_.get(), "BEGIN IMMEDIATE"));
  const State before = state_;
  const auto consumers_before = consumers_;
  const std::size_t jumps_before = jumps_.size();
  auto done = work();
  if (done) done = Execute(handle_.get(), "COMMIT");
  if (done) return {};
  state_ = before;
  consumers_ = consumers_before;
  jumps_.resize(std::min(jumps_before, jumps_.size()));
  // Fails where SQLite has rolled back by itself.
  static_cast<void>(Execute(handle_.get(), "ROLLBACK"));
  return done;
}

OrFault<void> Database::Write(const Batch& batch) {
  return InTransaction(batch.sync, [&] { return Insert(batch); });
}

OrFault<void> Database::End() {
  return InTransaction(true, [this] {
    state_.run = {};
    return SaveState();
  });
}

OrFault<void> Database::ForgetCutOff() {
  return InTransaction(true, [this] {
    state_.cut_off.reset();
    return SaveState();
  });
}

OrFault<void> Database::Insert(const Batch& batch) {
  for (const Entry& entry : batch.entries) {
    const Row row = ToRow(entry);
    CHECK(static_cast<Cursor>(row.cursor) == state_.newest + 1);
    insert_.Bind(1, row.cursor).Bind(2, row.last).Bind(3, row.first_ns).Bind(4, row.last_ns);
    insert_.Bind(5, row.count).Bind(6, row.priority).Bind(7, row.reason);
    insert_.BindText(8, row.rule).BindBlob(9, row.bytes).Bind(10, row.checksum);
    RETURN_IF_FAULT(insert_.Run());
    if (row.count == 0) {
      RETURN_IF_FAULT(insert_jump_.Bind(1, row.cursor).Bind(2, row.last).Run());
      jumps_.push_back({static_cast<Cursor>(row.cursor), static_cast<Cursor>(row.last)});
    }
    state_.newest = static_cast<Cursor>(row.last);
    state_.alerts += row.reason == 0 ? 1 : 0;
  }
  for (const std::string& name : batch.forgotten) RETURN_IF_FAULT(ForgetConsumer(name));
  for (const Consumer& consumer : batch.consumers) RETURN_IF_FAULT(SaveConsumer(consumer));
  state_.alive_ns = std::max(state_.alive_ns, batch.now_ns);
  return SaveState();
}

// What the reader at `after` has missed, or stands in the middle of.
OrFault<void> Database::BeginPage(Cursor& after, std::vector<Entry>& page) {
  if (after < state_.deleted_last) {
    page.emplace_back(StoredGap{after + 1, state_.deleted_last,
                                AlertsBetween(after, state_.deleted_last), state_.deleted_first_ns,
                                state_.deleted_last_ns, GapReason::kRetention});
    after = state_.deleted_last;
    return {};
  }
  const ResetAtEnd reset(backward_);
  backward_.Bind(1, static_cast<std::int64_t>(after)).Bind(2, 1);
  FAULT_OR(const bool row, backward_.Step());
  if (!row) return {};
  auto entry = FromRow(RowOf(backward_));
  if (!entry || LastCursor(*entry) <= after) return {};
  ClipBefore(*entry, after);
  after = LastCursor(*entry);
  page.push_back(std::move(*entry));
  return {};
}

OrFault<std::vector<Entry>> Database::Read(Cursor after, std::size_t max_entries,
                                           std::size_t max_bytes, std::uint64_t& damaged) {
  std::vector<Entry> page;
  RETURN_IF_FAULT(BeginPage(after, page));
  const ResetAtEnd reset(forward_);
  // No limit: the end of the rows must be the end of the file. Damaged ones can be one entry.
  forward_.Bind(1, static_cast<std::int64_t>(after)).Bind(2, -1);
  std::int64_t time_ns = page.empty() ? state_.deleted_last_ns : TimeOf(page.back());
  std::size_t bytes = 0;
  for (std::size_t rows = 0; page.size() < max_entries && rows < max_entries && bytes < max_bytes;
       ++rows) {
    FAULT_OR(const bool more, forward_.Step());
    if (!more) {
      if (after < state_.newest) AddDamage(page, DamagedGap(after + 1, state_.newest, time_ns));
      EndDamage(page, state_.alive_ns);
      return page;
    }
    const Row row = RowOf(forward_);
    const auto cursor = static_cast<Cursor>(row.cursor);
    if (row.cursor <= 0 || cursor <= after || cursor > state_.newest) {
      return tl::unexpected(Fault{Fault::Kind::kDamaged, "its entries are not in order"});
    }
    if (cursor > after + 1) AddDamage(page, DamagedGap(after + 1, cursor - 1, time_ns));
    auto entry = FromRow(row);
    if (entry) {
      after = LastCursor(*entry);
      time_ns = TimeOf(*entry);
      EndDamage(page, time_ns);
      page.push_back(*std::move(entry));
    } else {
      ++damaged;
      after = cursor;
      AddDamage(page, DamagedGap(cursor, cursor, time_ns));
    }
    bytes += row.bytes.size() + row.rule.size();
  }
  if (DamageAtEnd(page) != nullptr) {
    FAULT_OR(const bool more, forward_.Step());
    const auto next = more ? FromRow(RowOf(forward_)) : std::nullopt;
    EndDamage(page, next ? TimeOf(*next) : state_.alive_ns);
  }
  return page;
}

// How many alerts had the cursors after `after` up to `last`; 0: not known.
std::uint64_t Database::AlertsBetween(Cursor after, Cursor last) const {
  if (jumps_.size() >= kMaxJumps && after + 1 < jumps_.front().first) return 0;
  std::uint64_t count = last - after;
  for (const Jump& jump : jumps_) {
    const Cursor from = std::max(jump.first, after + 1);
    const Cursor to = std::min(jump.last, last);
    if (from <= to) count -= to - from + 1;
  }
  return count;
}

OrFault<Trimmed> Database::Trim(std::uint64_t max_bytes, std::int64_t cutoff_ns, Cursor spare) {
  Trimmed trimmed;
  std::uint64_t rows = 0;
  while (rows < kRowsPerTrim) {
    FAULT_OR(const std::uint64_t used, UsedBytes());
    const bool full = used > max_bytes;
    const std::uint64_t alerts = state_.alerts;
    // A small store must not lose all of it at once.
    const std::size_t at_once = std::clamp<std::size_t>(alerts / 16, 1, kRowsPerDelete);
    FAULT_OR(const std::uint64_t count,
             DeleteOldest(at_once, full ? INT64_MAX : cutoff_ns, full ? state_.newest : spare));
    trimmed.alerts += alerts - state_.alerts;
    if (count == 0) return trimmed;
    rows += count;
  }
  trimmed.more = true;
  return trimmed;
}

// The oldest `rows`, up to the first that is not older than `cutoff_ns` or lies behind `spare`. The
// number of rows. A damaged row ends at its cursor, and is as old as the one before.
OrFault<std::uint64_t> Database::DeleteOldest(std::size_t rows, std::int64_t cutoff_ns,
                                              Cursor spare) {
  State after = state_;
  std::uint64_t deleted = 0;
  {
    const ResetAtEnd reset(forward_);
    forward_.Bind(1, static_cast<std::int64_t>(state_.deleted_last));
    forward_.Bind(2, static_cast<std::int64_t>(rows));
    while (true) {
      FAULT_OR(const bool more, forward_.Step());
      if (!more) break;
      Row row = RowOf(forward_);
      if (!FromRow(row)) {
        row.last = row.cursor;
        row.first_ns = row.last_ns = after.deleted_last_ns;
        row.reason = 0;
      }
      const auto last = static_cast<Cursor>(row.last);
      if (last > state_.newest || static_cast<Cursor>(row.cursor) <= after.deleted_last) {
        return tl::unexpected(Fault{Fault::Kind::kDamaged, "its entries are not in order"});
      }
      if (last > spare || row.last_ns >= cutoff_ns) break;
      ++deleted;
      after.deleted_last = last;
      if (after.deleted_first_ns == 0) after.deleted_first_ns = row.first_ns;
      after.deleted_last_ns = std::max(after.deleted_last_ns, row.last_ns);
      if (row.reason == 0 && after.alerts > 0) --after.alerts;
    }
  }
  if (deleted == 0) return 0;
  RETURN_IF_FAULT(InTransaction(false, [&]() -> OrFault<void> {
    RETURN_IF_FAULT(delete_.Bind(1, static_cast<std::int64_t>(after.deleted_last)).Run());
    state_ = after;
    return SaveState();
  }));
  return deleted;
}

OrFault<std::uint64_t> Database::UsedBytes() {
  FAULT_OR(const std::int64_t pages, Pragma("page_count"));
  FAULT_OR(const std::int64_t free, Pragma("freelist_count"));
  FAULT_OR(const std::int64_t size, Pragma("page_size"));
  return static_cast<std::uint64_t>(std::max<std::int64_t>(pages - free, 0) * size);
}

OrFault<void> Database::LimitPages(std::uint64_t pages) {
  return Execute(handle_.get(), "PRAGMA max_page_count = " + std::to_string(pages));
}

OrFault<std::int64_t> Database::Pragma(const char* name) {
  FAULT_OR(Statement pragma,
           Statement::Prepare(handle_.get(), (std::string("PRAGMA ") + name).c_str()));
  FAULT_OR(const bool row, pragma.Step());
  return row ? pragma.Int(0) : 0;
}

}  // namespace nezuban::store
