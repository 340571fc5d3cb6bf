// SPDX-License-Identifier: Apache-2.0
// What the writer does with the shelf: its file is opened, written, bounded, and begun anew.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/row.h"
#include "store/shelf.h"

namespace nezuban::store {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{30};
// At the start only that many of the newest rows are looked at: some milliseconds, whatever the
// size. Readers look at each row they get.
constexpr std::size_t kRowsChecked = 1000;
// What was on its way when the monitor died is of events after the newest alert, but for those
// that were held back for what could still arrive; and not of events as old as that at all.
constexpr std::int64_t kHeldBackNs = 2 * kSecondNs;
constexpr std::int64_t kOldestOnTheWayNs = 30 * kSecondNs;
constexpr char kFileName[] = "/alerts.db";

OrFault<void> MakeDirectory(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path directory(path);
  if (!directory.has_filename()) directory = directory.parent_path();  // "a/"
  if (fs::is_directory(directory, error)) return {};
  if (directory.has_parent_path()) fs::create_directories(directory.parent_path(), error);
  // Private from its first moment.
  if (!error && ::mkdir(directory.c_str(), 0700) == 0) return {};
  if (!error) error.assign(errno, std::generic_category());
  return tl::unexpected(Fault{Fault::Kind::kUnavailable, path + ": " + error.message()});
}

// The file as it is gets another name, for somebody to look at.
OrFault<std::string> SetAside(const std::string& path, std::int64_t now_ns) {
  const std::string aside = path + ".damaged-" + std::to_string(now_ns / kSecondNs);
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    std::rename((path + suffix).c_str(), (aside + suffix).c_str());  // most are not there
  }
  if (std::rename(path.c_str(), aside.c_str()) == 0) return aside;
  return tl::unexpected(
      Fault{Fault::Kind::kUnavailable, "rename " + path + ": " + std::strerror(errno)});
}

}  // namespace

Status Shelf::Open(std::int64_t now_ns) {
  // No cursor that any earlier run gave out is as large, even if its store is gone: microseconds
  // pass faster than alerts come.
  newest_ = written_ = static_cast<Cursor>(std::max<std::int64_t>(now_ns / 1000, 1)) - 1;
  if (options_.directory.empty()) return {};
  const auto opened = OpenFile(now_ns);
  if (opened) {
    ClearFault();
    return {};
  }
  const std::string path = options_.directory + kFileName;
  switch (opened.error().kind) {
    case Fault::Kind::kInUse:
      return Fail(path + ": another process uses it");
    case Fault::Kind::kTooNew:
      return Fail(path + ": " + opened.error().message +
                      ". Run the newer nezuban, or move the file away to begin a new store",
                  1);
    case Fault::Kind::kUnavailable:
    case Fault::Kind::kDamaged:
      SetFault(opened.error());
      break;
  }
  return {};
}

OrFault<void> Shelf::OpenFile(std::int64_t now_ns) {
  RETURN_IF_FAULT(MakeDirectory(options_.directory));
  const std::string path = options_.directory + kFileName;
  auto database = Database::Open(path, FirstUnwritten() - 1, now_ns, run_);
  std::string damage;
  if (database) {
    const auto checked = (*database)->Check(kRowsChecked);
    if (checked) {
      const std::lock_guard lock(mutex_);
      counters_.damaged += *checked;
    } else {
      damage = checked.error().message;
    }
    // Only where alerts were made before the file could be opened, and the clock went back.
    if (!recent_.empty() && (*database)->newest() >= FirstUnwritten()) damage = "from the future";
  } else if (database.error().kind == Fault::Kind::kDamaged) {
    damage = database.error().message;
  } else {
    return tl::unexpected(database.error());
  }
  if (!damage.empty()) {
    if (database) database->reset();
    SetFault({Fault::Kind::kDamaged, path + ": " + damage});
    return BeginAnew(path, now_ns);
  }
  const Gate::Pass pass(gate_, true);
  return UseFile(*std::move(database), GapReason::kRestart, now_ns);
}

// What was in the old file is a gap in the new one; what is still in memory is written again.
OrFault<void> Shelf::BeginAnew(const std::string& path, std::int64_t now_ns) {
  const Gate::Pass pass(gate_, true);
  database_.reset();
  damaged_ = false;
  {
    const std::lock_guard lock(mutex_);
    file_known_ = false;
  }
  FAULT_OR(const std::string aside, SetAside(path, now_ns));
  FAULT_OR(auto database, Database::Open(path, 0, now_ns, run_));
  {
    const std::lock_guard lock(mutex_);
    news_ = counters_.fault + "; set aside as " + aside + ", a new one is begun";
    if (!recent_.empty()) written_ = recent_.first() - 1;
    lost_.reset();
    begun_anew_ = true;
    for (auto& [name, place] : consumers_) {
      dirty_.insert(name);
      if (!place.is_early) continue;
      place.consumer.position = 0;  // it may have had one in the old file
      place.moved_back = true;
    }
  }
  return UseFile(std::move(database), GapReason::kStoreDamaged, now_ns);
}

// Either the file has all up to written_, or it is not used: what is written next follows that.
// REQUIRES: the gate.
OrFault<void> Shelf::UseFile(std::unique_ptr<Database> database, GapReason reason,
                             std::int64_t now_ns) {
  Cursor last = 0;
  {
    const std::lock_guard lock(mutex_);
    const bool has_earlier = reason == GapReason::kRestart && !database->is_new();
    if (has_earlier && recent_.empty()) {
      newest_ = written_ = std::max(newest_, database->newest() + 1);
    }
    last = written_;
  }
  const std::int64_t first_ns =
      reason == GapReason::kRestart
          ? std::max(std::min(database->newest_ns(), database->alive_ns()),
                     database->alive_ns() - kOldestOnTheWayNs) -
                kHeldBackNs
          : 0;
  RETURN_IF_FAULT(WriteGap(*database, last, first_ns, reason, now_ns));
  LoadConsumers(*database);
  if (const auto& cut_off = database->cut_off()) {
    const std::lock_guard lock(mutex_);
    cut_off_ = CutOff{cut_off->alive_ns, cut_off->boot != run_.boot};
  }
  database_ = std::move(database);
  return {};
}

// Everything from the file's newest up to `last`, nobody knows how much.
OrFault<void> Shelf::WriteGap(Database& database, Cursor last, std::int64_t first_ns,
                              GapReason reason, std::int64_t now_ns) {
  if (database.newest() >= last) return {};
  const Entry gap = StoredGap{database.newest() + 1, last, 0, first_ns, now_ns, reason};
  return database.Write({.entries = {&gap, 1}, .consumers = {}, .sync = true, .now_ns = now_ns});
}

void Shelf::LoadConsumers(const Database& database) {
  std::vector<Consumer> consumers = database.Consumers();
  std::ranges::sort(consumers, std::ranges::greater(), &Consumer::seen_ns);
  const std::lock_guard lock(mutex_);
  id_ = database.id();
  file_known_ = true;
  deleted_last_ = database.deleted_last();
  for (const Consumer& consumer : consumers) {
    const auto known = consumers_.find(consumer.name);
    if (known == consumers_.end()) {
      if (consumers_.size() < options_.max_consumers) {
        consumers_[consumer.name] = {.consumer = consumer, .is_in_file = true};
      } else {
        forgotten_.insert(consumer.name);
      }
      continue;
    }
    known->second.is_in_file = true;
    if (known->second.is_early && consumer.position < known->second.consumer.position) {
      // It was given a place at the end, as nobody knew this one: what is between waits for it.
      known->second.consumer.position = consumer.position;
      known->second.moved_back = true;
    }  // else what is in memory is newer
  }
  for (auto& [name, place] : consumers_) place.is_early = false;
}

// The cursor behind all that is in the file and whole.
Cursor Shelf::FirstUnwritten() const { return written_ + 1; }

Cursor Shelf::next() const {
  const std::lock_guard lock(mutex_);
  return newest_ + 1;
}

// What the file lacks: what went lost, as a gap, and what is in memory.
std::vector<Entry> Shelf::Unwritten() const {
  const std::lock_guard lock(mutex_);
  if (written_ == newest_) return {};
  std::vector<Entry> entries;
  if (lost_) entries.emplace_back(*lost_);
  const Cursor after = lost_ ? lost_->last : written_;
  for (Entry& entry : recent_.After(after, SIZE_MAX, SIZE_MAX)) entries.push_back(std::move(entry));
  return entries;
}

void Shelf::Add(std::vector<Entry> entries, bool sync, std::int64_t now_ns) {
  if (options_.directory.empty()) return Keep(std::move(entries), false);
  std::vector<Entry> all = Unwritten();
  all.insert(all.end(), entries.begin(), entries.end());
  const bool written = TryWrite(all, sync, now_ns);
  if (written) {
    const std::lock_guard lock(mutex_);
    counters_.written += all.size();
    counters_.syncs += sync ? 1 : 0;
  }
  Keep(std::move(entries), written);
  if (written) ClearFault();
}

bool Shelf::TryWrite(std::vector<Entry>& entries, bool sync, std::int64_t now_ns) {
  if (counters_.failing && std::chrono::steady_clock::now() < retry_due_ && !damaged_) return false;
  const std::string path = options_.directory + kFileName;
  OrFault<void> done;
  if (damaged_) {
    SetFault({Fault::Kind::kDamaged, path + ": " + damage_});
    done = BeginAnew(path, now_ns);
  } else if (database_ == nullptr) {
    done = OpenFile(now_ns);
  }
  // Beginning anew asks for more to be written than before.
  if (done && database_->newest() + 1 < (entries.empty() ? next() : FirstCursor(entries.front()))) {
    std::vector<Entry> more = Unwritten();
    const Cursor known = more.empty() ? 0 : LastCursor(more.back());
    std::erase_if(entries, [&](const Entry& entry) { return LastCursor(entry) <= known; });
    entries.insert(entries.begin(), more.begin(), more.end());
  }
  if (done) done = WriteAll(entries, sync, now_ns);
  if (done) return true;
  SetFault(done.error());
  return false;
}

// The entries, and what changed of the consumers.
OrFault<void> Shelf::WriteAll(const std::vector<Entry>& entries, bool sync, std::int64_t now_ns) {
  std::vector<Consumer> changed;
  std::vector<std::string> forgotten;
  {
    // What changes during the write is written with the next.
    const std::lock_guard lock(mutex_);
    for (const std::string& name : dirty_) changed.push_back(consumers_.at(name).consumer);
    forgotten.assign(forgotten_.begin(), forgotten_.end());
    dirty_.clear();
    forgotten_.clear();
  }
  OrFault<void> done;
  {
    const Gate::Pass pass(gate_, true);
    const std::int64_t alive_ns = std::min<std::int64_t>(now_ns, watching_ns_);
    done = database_->Write({entries, changed, sync, alive_ns, forgotten});
    if (!done && done.error().kind == Fault::Kind::kDamaged) {
      damage_ = done.error().message;
      damaged_ = true;  // begun anew with the next attempt
    }
  }
  const std::lock_guard lock(mutex_);
  for (const Consumer& consumer : changed) {
    const auto known = consumers_.find(consumer.name);
    if (known == consumers_.end()) continue;
    if (done) known->second.is_in_file = true;
    if (!done) dirty_.insert(consumer.name);
  }
  if (!done) forgotten_.insert(forgotten.begin(), forgotten.end());
  return done;
}

// Makes `entries` readable, and lets go of what memory cannot keep.
void Shelf::Keep(std::vector<Entry> entries, bool written) {
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : entries) {
      newest_ = LastCursor(entry);
      recent_.Push(std::move(entry));
    }
    if (written) {
      written_ = newest_;
      lost_.reset();
    }
    const bool memory_only = options_.directory.empty();
    while (auto evicted = recent_.Evict()) {
      if (FirstCursor(*evicted) <= written_) continue;
      const Row row = ToRow(*evicted);
      if (!lost_) {
        lost_ = StoredGap{FirstCursor(*evicted),
                          0,
                          0,
                          row.first_ns,
                          row.last_ns,
                          memory_only ? GapReason::kRetention : GapReason::kStoreFault};
      }
      lost_->last = LastCursor(*evicted);
      lost_->count += static_cast<std::uint64_t>(row.count);
      lost_->last_ns = std::max(lost_->last_ns, row.last_ns);
      const std::uint64_t alerts = row.reason == 0 ? 1 : 0;
      (memory_only ? counters_.deleted : counters_.unwritten) += alerts;
    }
  }
  arrived_.notify_all();
}

bool Shelf::Trim(std::int64_t now_ns) {
  if (database_ == nullptr || counters_.failing) return false;
  Cursor spare = 0;
  {
    const std::lock_guard lock(mutex_);
    spare = SparedUpTo(now_ns);
  }
  const std::int64_t cutoff_ns = now_ns - std::chrono::nanoseconds(options_.max_age).count();
  const Gate::Pass pass(gate_, true);
  const auto trimmed = database_->Trim(options_.max_bytes, cutoff_ns, spare);
  if (!trimmed && trimmed.error().kind == Fault::Kind::kDamaged) {
    damage_ = trimmed.error().message;
    damaged_ = true;
  }
  const auto used = database_->UsedBytes();
  const std::lock_guard lock(mutex_);
  counters_.deleted += trimmed ? trimmed->alerts : 0;
  counters_.bytes = used.value_or(0);
  counters_.alerts = database_->alerts();
  deleted_last_ = database_->deleted_last();
  return trimmed && trimmed->more;
}

bool Shelf::HasWork() const {
  const std::lock_guard lock(mutex_);
  return !dirty_.empty() || !forgotten_.empty() || damaged_;
}

void Shelf::SetFault(const Fault& fault) {
  retry_pause_ = std::clamp(retry_pause_ * 2, kFirstPause, kLongestPause);
  // Not by the wall clock: set back by an hour, it would keep alerts from the disk for an hour.
  retry_due_ = std::chrono::steady_clock::now() + retry_pause_;
  const std::lock_guard lock(mutex_);
  if (!counters_.failing) {
    ++counters_.faults;
    news_ = fault.message;
  }
  counters_.failing = true;
  counters_.fault = fault.message;
}

void Shelf::ClearFault() {
  retry_pause_ = {};
  const std::lock_guard lock(mutex_);
  if (counters_.failing && !news_) news_ = "";
  counters_.failing = false;
}

std::optional<std::string> Shelf::TakeNews() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, std::nullopt);
}

void Shelf::Close() {
  {
    const Gate::Pass pass(gate_, true);
    // A file that cannot be written any more leaves the next run to think that this one was cut
    // off.
    if (database_ != nullptr && !damaged_) static_cast<void>(database_->End());
  }
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
}

}  // namespace nezuban::store
