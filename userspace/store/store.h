// SPDX-License-Identifier: Apache-2.0
// Store: alerts on disk before they are sent, for every consumer to read from its own place.
//
//   Publish ─▶ inbox ─▶ writer: cursor, encode, commit ─▶ database │ recent ones in memory ─▶
//   Readers
//
// The inbox is bounded and what does not fit becomes a gap. Alerts that wait together are committed
// together. When the disk fails, alerts go on flowing from memory, and the fault is an alert too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "alert/sink.h"
#include "base/result.h"
#include "store/entry.h"
#include "store/reader.h"

namespace nezuban::store {

struct StoreOptions {
  std::string directory;  // created 0700; empty: memory only, nothing survives a restart
  std::uint64_t max_bytes = std::uint64_t{256} << 20;  // of alerts; then the oldest are deleted
  // Older ones are deleted, unless a named consumer has not acknowledged them.
  std::chrono::seconds max_age = std::chrono::hours(24 * 7);
  // From this priority on an alert is on disk before any reader gets it. The others are handed to
  // the system before, and are on disk within `sync_delay`.
  alert::Priority sync_priority = alert::Priority::kWarning;
  std::chrono::milliseconds sync_delay{100};
  std::size_t inbox_alerts = 10'000;
  std::size_t inbox_bytes = std::size_t{64} << 20;
  std::size_t recent_bytes = std::size_t{16} << 20;    // kept in memory besides
  std::size_t max_alert_bytes = std::size_t{1} << 20;  // gRPC clients refuse messages above 4 MiB
  std::size_t max_consumers = 64;                      // names remembered: those last seen
  std::string hostname;                                // of the alerts about faults; so are these
  std::string node;
  std::string cluster;
  // Told once when the store begins to fail and once when it works again, by any thread, not the
  // one that publishes. For the log.
  std::function<void(std::string_view)> on_fault;
};

// Where a reader starts.
struct Start {
  enum class At : std::uint8_t { kOldest, kNewest, kAfter };
  At at = At::kNewest;
  Cursor cursor = 0;  // with kAfter
};

// The names of the daemon's own consumers, its sinks, begin with it: no client may use them.
inline constexpr std::string_view kSinkPrefix = "sink.";

// 1 to 64 letters, digits, '.', '_' and '-'.
bool IsConsumerName(std::string_view name);

// Since the start, but for those that say otherwise.
struct StoreCounters {
  std::uint64_t published = 0;  // lost ones included
  std::uint64_t dropped = 0;    // lost before they got a place: kNodeBusy, kAlertTooLarge
  std::uint64_t written = 0;    // committed to the database
  std::uint64_t syncs = 0;      // commits that waited for the disk
  std::uint64_t unwritten = 0;  // lost for good because of a fault: kStoreFault
  std::uint64_t faults = 0;     // times the store began to fail
  std::uint64_t damaged = 0;    // rows whose checksum was wrong
  std::uint64_t deleted = 0;    // alerts, by retention
  std::uint64_t alerts = 0;     // held now
  std::uint64_t bytes = 0;      // held now, about
  Cursor oldest = 0;            // now; 0: nothing is held
  Cursor newest = 0;            // now
  bool failing = false;         // now
  std::string fault;            // why, or why it did last
};

// A run that was killed, that crashed, or whose last commit failed.
struct CutOff {
  std::int64_t alive_ns = 0;    // when it was last known to run, since the epoch; to ten seconds
  bool node_went_down = false;  // the node was started anew since
};

// Thread-safe. Publish never waits for the disk.
class Store final : public alert::Sink {
 public:
  // Opens what is there, or begins anew what cannot be read (the old file is kept beside it). A
  // directory that cannot be written is no error: alerts then live in memory. Errors: a store that
  // a later version wrote (exit 1), or one that another process uses (exit 2).
  static Result<std::unique_ptr<Store>> Open(StoreOptions options);
  // REQUIRES: every Reader is gone.
  ~Store() override;

  void Publish(std::shared_ptr<const alert::Alert> alert) noexcept override;
  std::uint64_t dropped() const override;

  // Nobody watched between these times, since the epoch: readers get a gap (kRestart) that says so.
  // For the time that it takes to start; what was before, Open tells itself.
  void PublishBlindTime(std::int64_t first_ns, std::int64_t last_ns);

  // Somebody watches, by that time since the epoch. From the first call on it is their word, no
  // longer the store's own, by which the next run says since when nobody did: a monitor can stand
  // still while its store lives.
  void Watching(std::int64_t now_ns);

  // The run before this one that ended without Close, and that nobody has told of yet. Empty where
  // there is none, and where its file could not be read.
  std::optional<CutOff> cut_off() const;
  // It was told: later runs do not find it any more. Until then they do, also where this one ends
  // before it could tell. Waits for the disk.
  void ForgetCutOff();

  // A reader of its own for each call. With a name (IsConsumerName) its acknowledged
  // position is kept, and `start` only counts the first time. Errors (exit 1): the name is not
  // valid, there are too many that have a reader, or a cursor that this store never gave out.
  Result<std::unique_ptr<Reader>> OpenReader(const std::string& name, Start start);

  // Acknowledges for a consumer that need not be reading now. Errors (exit 1): a name that is not
  // known, a cursor that was never given out.
  Status Acknowledge(const std::string& name, Cursor cursor);

  // Takes no more alerts; commits those that wait, with the disk's word for it.
  void Close();

  StoreCounters counters() const;
  // Tells this store from others: a cursor means nothing elsewhere. Hexadecimal.
  std::string id() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace nezuban::store
