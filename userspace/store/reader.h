// SPDX-License-Identifier: Apache-2.0
// Reader: how one consumer (a sink, a stream) gets the alerts of the store.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "store/entry.h"

namespace nezuban::store {

// Of one thread, but for position() and Wake(), which any may call. A slow reader costs nobody
// anything: what it has not seen waits in the store, or becomes a gap if the store's bounds do not
// allow that.
class Reader {
 public:
  // What comes after position(), in the order of cursors: at most `max_alerts` entries and about
  // `max_bytes`, but at least one entry if there is any. Only alerts that may be sent: those of
  // StoreOptions::sync_priority and above are on disk by then. Waits at most `timeout` for the
  // first entry; empty at the timeout, when `stop` is requested, after Wake, or when the store is
  // closed and has no more. Moves position() behind what it gives.
  std::vector<Entry> Next(std::size_t max_alerts, std::size_t max_bytes,
                          std::chrono::milliseconds timeout, const std::stop_token& stop = {});

  // The consumer needs nothing up to `cursor` any more: a reader opened with the same name
  // starts behind it, after a restart too (unless the machine loses power within
  // StoreOptions::sync_delay; then some come again). Never goes back. For a reader without a name,
  // nothing.
  void Acknowledge(Cursor cursor);

  // The cursor of the last entry that Next gave, or where the reader started.
  Cursor position() const;

  // Goes on behind `cursor`, back too: what comes after it is given again.
  void Seek(Cursor cursor);

  // Ends a Next that waits, or the next one, early.
  void Wake();

  // The store is closed, and all was given.
  bool AtEnd() const;

  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  friend class Store;
  struct State;
  explicit Reader(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace nezuban::store
