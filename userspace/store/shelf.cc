// SPDX-License-Identifier: Apache-2.0
// What readers and consumers ask of the shelf; shelf_file.cc has what the writer does.
#include "store/shelf.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/read_file.h"

namespace nezuban::store {
namespace {

constexpr int kBadInput = 1;

// Another for each start of the node; empty: nobody can say.
std::string BootId() {
  return ReadFile("/proc/sys/kernel/random/boot_id", 64).value_or(std::string());
}

// A consumer that has not been seen for that long is spared nothing any more.
constexpr std::int64_t kConsumerIdleNs = std::int64_t{30} * 24 * 3600 * 1'000'000'000;

}  // namespace

Gate::Pass::Pass(Gate& gate, bool writer) : gate_(gate) {
  std::unique_lock lock(gate_.mutex_);
  if (writer) gate_.writer_waits_ = true;
  gate_.free_.wait(lock, [&] { return !gate_.busy_ && (writer || !gate_.writer_waits_); });
  gate_.busy_ = true;
  if (writer) gate_.writer_waits_ = false;
}

Gate::Pass::~Pass() {
  {
    const std::lock_guard lock(gate_.mutex_);
    gate_.busy_ = false;
  }
  gate_.free_.notify_all();
}

Shelf::Shelf(const StoreOptions& options, std::function<void()> on_work)
    : options_(options),
      on_work_(std::move(on_work)),
      // In memory only, the bound of the store is that of the memory.
      recent_(options.directory.empty() ? options.max_bytes : options.recent_bytes),
      run_{RandomId(), BootId()} {}

std::vector<Entry> Shelf::ReadAfter(Cursor after, std::size_t max_entries, std::size_t max_bytes) {
  while (true) {
    Cursor newest_there = 0;
    {
      const std::lock_guard lock(mutex_);
      if (after >= newest_) return {};
      if (!recent_.empty() && after + 1 >= recent_.first()) {
        return recent_.After(after, max_entries, max_bytes);
      }
    }
    std::uint64_t damaged = 0;
    {
      const Gate::Pass pass(gate_, false);
      if (database_ != nullptr && !damaged_) {
        newest_there = database_->newest();
        if (after < newest_there) {
          auto page = database_->Read(after, max_entries, max_bytes, damaged);
          if (page) {
            const std::lock_guard lock(mutex_);
            counters_.damaged += damaged;
            return *std::move(page);
          }
          if (page.error().kind != Fault::Kind::kDamaged) return {};
          damage_ = page.error().message;
          damaged_ = true;
        }
      }
    }
    if (damaged_) {
      on_work_();
      return {};
    }
    const std::lock_guard lock(mutex_);
    // Written meanwhile. Without a file it would never be there.
    if (file_known_ && written_ > newest_there && written_ > after) continue;
    if (!recent_.empty() && after + 1 >= recent_.first()) continue;
    return {MissingAfter(after)};
  }
}

// What is neither in the file nor in memory. REQUIRES: mutex_.
Entry Shelf::MissingAfter(Cursor after) const {
  const GapReason reason =
      options_.directory.empty() ? GapReason::kRestart : GapReason::kStoreFault;
  Entry missing = lost_.value_or(StoredGap{after + 1, newest_, 0, 0, 0, reason});
  auto& gap = std::get<StoredGap>(missing);
  if (!recent_.empty()) gap.last = recent_.first() - 1;
  if (gap.first > after + 1) {
    gap.first = after + 1;
    gap.count = 0;
  }
  ClipBefore(missing, after);
  return missing;
}

void Shelf::WaitFor(Cursor after, std::chrono::steady_clock::time_point deadline,
                    const std::stop_token& stop, const std::atomic<bool>& wake) {
  std::unique_lock lock(mutex_);
  arrived_.wait_until(lock, stop, deadline, [&] { return newest_ > after || closed_ || wake; });
}

void Shelf::WakeReaders() {
  { const std::lock_guard lock(mutex_); }  // a reader is either before its test or waits
  arrived_.notify_all();
}

bool Shelf::IsAnythingAfter(Cursor after) const {
  const std::lock_guard lock(mutex_);
  return newest_ > after;
}

bool Shelf::AtEnd(Cursor position) const {
  const std::lock_guard lock(mutex_);
  return closed_ && position >= newest_;
}

// REQUIRES: mutex_.
Result<Cursor> Shelf::StartOf(Start start) const {
  if (start.at == Start::At::kNewest) return newest_;
  if (start.at == Start::At::kOldest) {
    if (file_known_) return deleted_last_;
    return recent_.empty() ? newest_ : recent_.first() - 1;
  }
  if (start.cursor <= newest_) return start.cursor;
  return Fail("cursor " + std::to_string(start.cursor) +
                  " is none of this store's: the newest is " + std::to_string(newest_),
              kBadInput);
}

Result<Cursor> Shelf::Register(const std::string& name, Start start, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const Cursor position, StartOf(start));
  if (name.empty()) return position;
  if (!IsConsumerName(name)) {
    return Fail("name: expected 1 to 64 letters, digits, '.', '_' and '-'", kBadInput);
  }
  if (!consumers_.contains(name)) {
    if (consumers_.size() >= options_.max_consumers && !ForgetLongestIdle()) {
      return Fail("name: the store keeps the places of " + std::to_string(consumers_.size()) +
                      " consumers already, and all of them read",
                  kBadInput);
    }
    // It may be one that had a place in the file that was lost: the gap is what it is to begin
    // with.
    const bool is_lost = begun_anew_ && start.at == Start::At::kNewest;
    consumers_[name] = {.consumer = {name, is_lost ? deleted_last_ : position, 0},
                        .is_early = !options_.directory.empty() && !file_known_};
  }
  Place& place = consumers_[name];
  ++place.readers;
  place.moved_back = false;
  place.consumer.seen_ns = now_ns;
  // Of a store that was lost: what it knew of this one is no place here.
  place.consumer.position = std::min(place.consumer.position, newest_);
  dirty_.insert(name);
  on_work_();
  return place.consumer.position;
}

// False: each has a reader. REQUIRES: mutex_.
bool Shelf::ForgetLongestIdle() {
  auto longest = consumers_.end();
  for (auto at = consumers_.begin(); at != consumers_.end(); ++at) {
    if (at->second.readers > 0) continue;
    if (longest == consumers_.end() ||
        at->second.consumer.seen_ns < longest->second.consumer.seen_ns) {
      longest = at;
    }
  }
  if (longest == consumers_.end()) return false;
  dirty_.erase(longest->first);
  if (longest->second.is_in_file) forgotten_.insert(longest->first);
  consumers_.erase(longest);
  return true;
}

void Shelf::Release(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = consumers_.find(name);
  if (known != consumers_.end() && known->second.readers > 0) --known->second.readers;
}

std::optional<Cursor> Shelf::TakeEarlierPlace(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = consumers_.find(name);
  if (known == consumers_.end() || !known->second.moved_back) return std::nullopt;
  known->second.moved_back = false;
  return known->second.consumer.position;
}

Status Shelf::Acknowledge(const std::string& name, Cursor cursor, std::int64_t now_ns) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = consumers_.find(name);
    if (known == consumers_.end()) return Fail("name: no consumer has it", kBadInput);
    ASSIGN_OR_RETURN(cursor, StartOf({Start::At::kAfter, cursor}));
    Place& place = known->second;
    place.consumer.seen_ns = now_ns;
    if (!place.moved_back) place.consumer.position = std::max(place.consumer.position, cursor);
    dirty_.insert(name);
  }
  on_work_();
  return {};
}

// What consumers still need begins behind it. REQUIRES: mutex_.
Cursor Shelf::SparedUpTo(std::int64_t now_ns) const {
  Cursor spared = newest_;
  for (const auto& [name, place] : consumers_) {
    const Consumer& consumer = place.consumer;
    if (now_ns - consumer.seen_ns < kConsumerIdleNs) spared = std::min(spared, consumer.position);
  }
  return spared;
}

void Shelf::Count(StoreCounters& counters) const {
  const std::lock_guard lock(mutex_);
  counters = counters_;
  counters.newest = newest_;
  if (options_.directory.empty()) {
    counters.alerts = recent_.alerts();
    counters.bytes = recent_.bytes();
  }
  const auto oldest = StartOf({Start::At::kOldest, 0});
  counters.oldest = *oldest < newest_ ? *oldest + 1 : 0;
}

std::string Shelf::id() const {
  const std::lock_guard lock(mutex_);
  return id_;
}

std::optional<CutOff> Shelf::cut_off() const {
  const std::lock_guard lock(mutex_);
  return cut_off_;
}

void Shelf::ForgetCutOff() {
  {
    const std::lock_guard lock(mutex_);
    cut_off_.reset();
  }
  const Gate::Pass pass(gate_, false);
  // Where it fails, a later start tells of it once more.
  if (database_ != nullptr && !damaged_) static_cast<void>(database_->ForgetCutOff());
}

}  // namespace nezuban::store
