// SPDX-License-Identifier: Apache-2.0
// Shelf: what the store holds, in its file and in memory, and what its consumers acknowledged.
//
// The writer thread alone adds; a reader gets its page from memory if it is near the end, else from
// the file. The file may fail and come back: entries wait in memory meanwhile, as long as they fit.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "store/entry.h"
#include "store/recent.h"
#include "store/store.h"

namespace nezuban::store {

// One thread at a time, and the writer before readers that wait: else many of them that catch up
// could keep it waiting for ever.
class Gate {
 public:
  class [[nodiscard]] Pass {
   public:
    explicit Pass(Gate& gate, bool writer);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    Gate& gate_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool busy_ = false;
  bool writer_waits_ = false;
};

class Shelf {
 public:
  // `options` must outlive it.
  Shelf(const StoreOptions& options, std::function<void()> on_work);

  // ---- The writer thread, or before it runs.

  // Opens the file as far as that works. Error: this process must not use it.
  Status Open(std::int64_t now_ns);
  // Makes `entries` readable, after writing them if that works. REQUIRES: they begin at next().
  void Add(std::vector<Entry> entries, bool sync, std::int64_t now_ns);
  // Writes what changed besides, and has all of it on disk if `sync`.
  void Flush(bool sync, std::int64_t now_ns) { Add({}, sync, now_ns); }
  // The next attempt to write comes at once, however lately the last one failed.
  void RetryNow() { retry_due_ = {}; }
  // Deletes what the bounds no longer allow, or some of it. True: there is more.
  bool Trim(std::int64_t now_ns);
  // Whether there is something that Flush would write.
  bool HasWork() const;
  // Why the file fails, once each time it begins to; "" once it works again.
  std::optional<std::string> TakeNews();
  Cursor next() const;
  // What is in the file by now is all: who opens it next finds that this run was not cut off.
  void Close();

  // ---- Any thread.

  std::vector<Entry> ReadAfter(Cursor after, std::size_t max_entries, std::size_t max_bytes);
  // Waits until there is something behind `after`, `wake` is set, or the shelf is closed.
  void WaitFor(Cursor after, std::chrono::steady_clock::time_point deadline,
               const std::stop_token& stop, const std::atomic<bool>& wake);
  void WakeReaders();
  bool IsAnythingAfter(Cursor after) const;
  bool AtEnd(Cursor position) const;

  // The cursor to read behind. Errors as Store::OpenReader. Release ends it.
  Result<Cursor> Register(const std::string& name, Start start, std::int64_t now_ns);
  void Release(const std::string& name);
  // Once, if the consumer registered before the file could be read, and was not as far in it: the
  // cursor to go on behind. Until then Acknowledge changes nothing.
  std::optional<Cursor> TakeEarlierPlace(const std::string& name);
  Status Acknowledge(const std::string& name, Cursor cursor, std::int64_t now_ns);

  // As Store.
  void Watching(std::int64_t now_ns) { watching_ns_ = now_ns; }

  void Count(StoreCounters& counters) const;
  std::string id() const;
  std::optional<CutOff> cut_off() const;
  void ForgetCutOff();

 private:
  struct Place {
    Consumer consumer;
    std::size_t readers = 0;  // that have it open
    bool is_early = false;    // made before the file could be read
    bool is_in_file = false;  // else there is nothing to delete there
    bool moved_back = false;  // to what the file knew; its reader did not follow yet
  };

  OrFault<void> OpenFile(std::int64_t now_ns);
  OrFault<void> BeginAnew(const std::string& path, std::int64_t now_ns);
  OrFault<void> UseFile(std::unique_ptr<Database> database, GapReason reason, std::int64_t now_ns);
  void LoadConsumers(const Database& database);
  OrFault<void> WriteGap(Database& database, Cursor last, std::int64_t first_ns, GapReason reason,
                         std::int64_t now_ns);
  bool TryWrite(std::vector<Entry>& entries, bool sync, std::int64_t now_ns);
  std::vector<Entry> Unwritten() const;
  Cursor FirstUnwritten() const;
  void Keep(std::vector<Entry> entries, bool written);
  void SetFault(const Fault& fault);
  void ClearFault();
  Entry MissingAfter(Cursor after) const;
  Result<Cursor> StartOf(Start start) const;
  bool ForgetLongestIdle();
  OrFault<void> WriteAll(const std::vector<Entry>& entries, bool sync, std::int64_t now_ns);
  Cursor SparedUpTo(std::int64_t now_ns) const;

  const StoreOptions& options_;
  const std::function<void()> on_work_;

  mutable std::mutex mutex_;
  std::condition_variable_any arrived_;
  Recent recent_;
  Cursor newest_ = 0;              // of all that can be read
  Cursor written_ = 0;             // the newest in the file
  std::optional<StoredGap> lost_;  // behind written_, no longer in memory
  std::map<std::string, Place> consumers_;
  std::set<std::string> dirty_;      // consumers to be written
  std::set<std::string> forgotten_;  // consumers to be deleted from the file
  StoreCounters counters_;
  std::optional<std::string> news_;
  bool closed_ = false;
  std::string id_;
  const Run run_;
  std::optional<CutOff> cut_off_;
  std::atomic<std::int64_t> watching_ns_{INT64_MAX};  // the last time; or nobody says so
  bool file_known_ = false;  // there is a database_, with all up to written_
  bool begun_anew_ = false;  // for damage: the places of whoever comes by a name are lost
  Cursor deleted_last_ = 0;  // of the file

  mutable Gate gate_;  // of database_
  std::unique_ptr<Database> database_;
  std::atomic<bool> damaged_{false};  // a reader found out; the writer begins anew
  std::string damage_;
  std::chrono::steady_clock::time_point retry_due_;  // of the writer: not before
  std::chrono::seconds retry_pause_{0};
};

}  // namespace nezuban::store
