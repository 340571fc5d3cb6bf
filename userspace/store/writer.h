// SPDX-License-Identifier: Apache-2.0
// Writer: the thread between the ingest thread and the shelf. Gives alerts their cursors, encodes
// each once, and commits what waits together.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/inbox.h"
#include "store/shelf.h"

namespace nezuban::store {

class Writer {
 public:
  // REQUIRES: both outlive it.
  Writer(Shelf& shelf, const StoreOptions& options);
  ~Writer() { Close(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void Start();

  // ---- Any thread.
  void Publish(std::shared_ptr<const alert::Alert> alert) noexcept;
  // One that nobody knows the size of.
  void AddGap(const StoredGap& gap);
  // There is something to write besides alerts.
  void Poke();
  void Count(StoreCounters& counters) const;
  std::uint64_t dropped() const;

  // Takes no more alerts, writes and syncs those that wait. Again: nothing.
  void Close();

 private:
  using Clock = std::chrono::steady_clock;
  struct Round {
    std::vector<Inbox::Item> items;
    bool closing = false;
  };

  void Run();
  Round NextRound();
  std::vector<Entry> Encode(const std::vector<Inbox::Item>& items, bool& sync);
  Entry EncodeAlert(const alert::Alert& alert, Cursor cursor);
  void Commit(Round round);
  void TellNews(std::vector<Inbox::Item>& items);

  Shelf& shelf_;
  const StoreOptions& options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Inbox inbox_;
  std::uint64_t published_ = 0;
  std::uint64_t dropped_ = 0;
  bool poked_ = false;
  bool closing_ = false;

  // Of the thread.
  Clock::time_point sync_due_ = Clock::time_point::max();
  Clock::time_point trim_due_{};
  Clock::time_point alive_due_{};
  std::uint64_t news_count_ = 0;
  std::thread thread_;
};

}  // namespace nezuban::store
