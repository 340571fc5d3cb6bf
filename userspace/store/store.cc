// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "base/clock.h"
#include "store/shelf.h"
#include "store/writer.h"

namespace nezuban::store {
bool IsConsumerName(std::string_view name) {
  static constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  constexpr std::size_t kMaxBytes = 64;
  return !name.empty() && name.size() <= kMaxBytes &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

struct Reader::State {
  Shelf& shelf;
  const std::string name;
  std::atomic<Cursor> position;
  std::atomic<bool> wake{false};
};

struct Store::Impl {
  explicit Impl(StoreOptions wanted)
      : options(std::move(wanted)),
        shelf(options, [this] { writer.Poke(); }),
        writer(shelf, options) {}

  const StoreOptions options;
  Shelf shelf;
  Writer writer;
};

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}

Reader::~Reader() {
  if (!state_->name.empty()) state_->shelf.Release(state_->name);
}

std::vector<Entry> Reader::Next(std::size_t max_alerts, std::size_t max_bytes,
                                std::chrono::milliseconds timeout, const std::stop_token& stop) {
  // While the file is being begun anew, what is behind the position may not be there yet.
  constexpr std::chrono::milliseconds kAgain{20};
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  State& state = *state_;
  while (true) {
    if (!state.name.empty()) {
      if (const auto place = state.shelf.TakeEarlierPlace(state.name)) state.position = *place;
    }
    std::vector<Entry> entries = state.shelf.ReadAfter(state.position, max_alerts, max_bytes);
    if (!entries.empty()) {
      state.position = LastCursor(entries.back());
      return entries;
    }
    const auto now = std::chrono::steady_clock::now();
    const bool woken = state.wake.exchange(false);
    if (woken || now >= deadline || stop.stop_requested() || AtEnd()) return {};
    if (!state.shelf.IsAnythingAfter(state.position)) {
      state.shelf.WaitFor(state.position, deadline, stop, state.wake);
    } else {
      state.shelf.WaitFor(UINT64_MAX, std::min(deadline, now + kAgain), stop, state.wake);
    }
  }
}

void Reader::Acknowledge(Cursor cursor) {
  // A cursor of the future is the caller's bug, and changes nothing.
  if (!state_->name.empty()) {
    static_cast<void>(state_->shelf.Acknowledge(state_->name, cursor, WallClockNs()));
  }
}

Cursor Reader::position() const { return state_->position; }

void Reader::Seek(Cursor cursor) { state_->position = cursor; }

void Reader::Wake() {
  state_->wake = true;
  state_->shelf.WakeReaders();
}

bool Reader::AtEnd() const { return state_->shelf.AtEnd(state_->position); }

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() { Close(); }

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  RETURN_IF_ERROR(impl->shelf.Open(WallClockNs()));
  impl->writer.Start();
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

void Store::Publish(std::shared_ptr<const alert::Alert> alert) noexcept {
  impl_->writer.Publish(std::move(alert));
}

void Store::PublishBlindTime(std::int64_t first_ns, std::int64_t last_ns) {
  impl_->writer.AddGap({0, 0, 0, first_ns, last_ns, GapReason::kRestart});
}

std::uint64_t Store::dropped() const { return impl_->writer.dropped(); }

Result<std::unique_ptr<Reader>> Store::OpenReader(const std::string& name, Start start) {
  ASSIGN_OR_RETURN(const Cursor position, impl_->shelf.Register(name, start, WallClockNs()));
  return std::unique_ptr<Reader>(
      new Reader(std::unique_ptr<Reader::State>(new Reader::State{impl_->shelf, name, position})));
}

Status Store::Acknowledge(const std::string& name, Cursor cursor) {
  return impl_->shelf.Acknowledge(name, cursor, WallClockNs());
}

void Store::Watching(std::int64_t now_ns) { impl_->shelf.Watching(now_ns); }

std::optional<CutOff> Store::cut_off() const { return impl_->shelf.cut_off(); }

void Store::ForgetCutOff() { impl_->shelf.ForgetCutOff(); }

void Store::Close() { impl_->writer.Close(); }

StoreCounters Store::counters() const {
  StoreCounters counters;
  impl_->shelf.Count(counters);
  impl_->writer.Count(counters);
  return counters;
}

std::string Store::id() const { return impl_->shelf.id(); }

}  // namespace nezuban::store
