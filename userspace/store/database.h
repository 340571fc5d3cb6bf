// SPDX-License-Identifier: Apache-2.0
// Database: the store's SQLite file. Every cursor from its first to its newest is accounted for: by
// an alert, by a gap, or by what retention deleted; a hole is damage, and told as a gap.
//
// Times and limits are the caller's. A fault leaves the file as it was before the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/entry.h"
#include "store/sqlite.h"

namespace nezuban::store {

// What a named consumer has acknowledged.
struct Consumer {
  std::string name;
  Cursor position = 0;
  std::int64_t seen_ns = 0;  // when it last read or acknowledged, since the epoch
};

// One commit.
struct Batch {
  std::span<const Entry> entries;
  std::span<const Consumer> consumers;  // those that changed
  bool sync = false;                    // wait for the disk; for earlier commits too
  std::int64_t now_ns = 0;
  std::span<const std::string> forgotten = {};  // names of consumers, before those that changed
};

// What retention did.
struct Trimmed {
  std::uint64_t alerts = 0;  // deleted; gaps are not counted
  bool more = false;
};

// Who has a file open: `id` is another for each run of the monitor, `boot` for each start of the
// node.
struct Run {
  std::string id;
  std::string boot;
};

// A run that did not End: when it last committed, since the epoch, and the boot it was of.
struct CutOffRun {
  std::int64_t alive_ns = 0;
  std::string boot;
};

// 32 hexadecimal digits.
std::string RandomId();

// The steps that make each schema version of the one before; for tests, else kSchema.
using Schema = std::span<const char* const>;
Schema CurrentSchema();

// One thread at a time.
class Database {
 public:
  // Opens `path`, or makes it (0600) with `base` as the cursor before its first. The file is locked
  // until the database goes: no other process can open it.
  static OrFault<std::unique_ptr<Database>> Open(const std::string& path, Cursor base,
                                                 std::int64_t now_ns, Run run,
                                                 Schema schema = CurrentSchema());

  // Reads the newest `rows`: time bounded, whatever the size. The number of damaged ones.
  OrFault<std::uint64_t> Check(std::size_t rows);

  // REQUIRES: the entries follow newest() without a hole.
  OrFault<void> Write(const Batch& batch);

  // What comes after `after`: at most `max_entries` and about `max_bytes`, at least one if there is
  // any. What is missing comes as gaps. `damaged` counts rows that were.
  OrFault<std::vector<Entry>> Read(Cursor after, std::size_t max_entries, std::size_t max_bytes,
                                   std::uint64_t& damaged);

  // Deletes the oldest entries: those above `max_bytes`, and those before `cutoff_ns` that no
  // consumer needs (all up to `spare`). Some thousands at most: then there is `more` to delete.
  OrFault<Trimmed> Trim(std::uint64_t max_bytes, std::int64_t cutoff_ns, Cursor spare);

  // The last commit: who opens the file next finds that this run was not cut off.
  OrFault<void> End();
  OrFault<void> ForgetCutOff();

  std::vector<Consumer> Consumers() const;

  bool is_new() const { return is_new_; }
  const std::string& id() const { return id_; }
  Cursor newest() const { return state_.newest; }              // or what it was made with
  Cursor deleted_last() const { return state_.deleted_last; }  // the first is behind it
  std::int64_t alive_ns() const { return state_.alive_ns; }    // the latest time it knows of
  // The first run, other than this one, that did not End since the last ForgetCutOff.
  const std::optional<CutOffRun>& cut_off() const { return state_.cut_off; }
  // The time of the newest entry when it was opened; 0: there was none.
  std::int64_t newest_ns() const { return newest_ns_; }
  std::uint64_t alerts() const { return state_.alerts; }
  OrFault<std::uint64_t> UsedBytes();
  // The file must not grow beyond that; for tests, as a disk that is full.
  OrFault<void> LimitPages(std::uint64_t pages);

 private:
  struct Jump {  // cursors that never were alerts
    Cursor first = 0;
    Cursor last = 0;
  };
  // One row of the file, written with each commit.
  struct State {
    Cursor newest = 0;
    std::int64_t alive_ns = 0;
    std::uint64_t alerts = 0;
    // What retention deleted.
    Cursor deleted_last = 0;
    std::int64_t deleted_first_ns = 0;
    std::int64_t deleted_last_ns = 0;
    Run run;  // which has it open, or did not live to End
    std::optional<CutOffRun> cut_off;
  };

  Database() = default;
  OrFault<void> OpenFile(const std::string& path);
  // The version that the file had; 0: it is new.
  OrFault<std::int64_t> Migrate(Schema schema, Cursor base, std::int64_t now_ns);
  OrFault<void> PrepareAll();
  OrFault<void> Load(Run run, std::int64_t version);
  OrFault<void> LoadState(Run run, std::int64_t version);
  OrFault<void> LoadConsumers();
  OrFault<void> InTransaction(bool sync, const std::function<OrFault<void>()>& work);
  OrFault<void> Insert(const Batch& batch);
  OrFault<void> SaveState();
  OrFault<void> SaveConsumer(const Consumer& consumer);
  OrFault<void> ForgetConsumer(const std::string& name);
  std::int64_t StateChecksum(const std::string& run, const std::string& boot,
                             const CutOffRun& cut_off) const;
  OrFault<std::uint64_t> DeleteOldest(std::size_t rows, std::int64_t cutoff_ns, Cursor spare);
  OrFault<void> BeginPage(Cursor& after, std::vector<Entry>& page);
  OrFault<std::int64_t> Pragma(const char* name);
  std::uint64_t AlertsBetween(Cursor after, Cursor last) const;

  DatabaseHandle handle_;
  Statement insert_, insert_jump_, forward_, backward_, delete_, load_state_, save_state_,
      save_consumer_;
  bool is_new_ = false;
  std::string id_;
  State state_;
  std::map<std::string, Consumer> consumers_;  // as in the file
  std::int64_t newest_ns_ = 0;
  std::vector<Jump> jumps_;
};

}  // namespace nezuban::store
