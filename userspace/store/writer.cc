// SPDX-License-Identifier: Apache-2.0
#include "store/writer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "alert/proto.h"
#include "base/clock.h"
#include "base/text.h"
#include "nezuban/v1/alert.pb.h"

namespace nezuban::store {
namespace {

// A commit is bounded, so that readers see the first alerts of a burst before its end.
constexpr std::size_t kRoundItems = 1024;
constexpr std::chrono::seconds kTrimEvery{1};
// While nothing happens, how far back the gap reaches that a sudden end leaves.
constexpr std::chrono::seconds kAliveEvery{10};

}  // namespace

Writer::Writer(Shelf& shelf, const StoreOptions& options)
    : shelf_(shelf), options_(options), inbox_(options.inbox_alerts, options.inbox_bytes) {}

void Writer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Writer::Publish(std::shared_ptr<const alert::Alert> alert) noexcept {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    ++published_;
    was_empty = inbox_.empty();
    if (closing_ || !inbox_.Push(std::move(alert))) ++dropped_;
  }
  if (was_empty) wake_.notify_one();
}

void Writer::AddGap(const StoredGap& gap) {
  {
    const std::lock_guard lock(mutex_);
    if (!closing_) inbox_.AddGap(gap);
  }
  wake_.notify_one();
}

void Writer::Poke() {
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  wake_.notify_one();
}

void Writer::Count(StoreCounters& counters) const {
  const std::lock_guard lock(mutex_);
  counters.published = published_;
  counters.dropped = dropped_;
}

std::uint64_t Writer::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void Writer::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::Run() {
  while (true) {
    Round round = NextRound();
    const bool last = round.closing && round.items.empty();
    if (last) {
      sync_due_ = Clock::now();
      shelf_.RetryNow();
    }
    Commit(std::move(round));
    if (last) break;
  }
  shelf_.Close();
}

Writer::Round Writer::NextRound() {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, std::min({sync_due_, trim_due_, alive_due_}),
                   [&] { return closing_ || poked_ || !inbox_.empty(); });
  Round round;
  while (!inbox_.empty() && round.items.size() < kRoundItems) round.items.push_back(inbox_.Pop());
  round.closing = closing_;
  poked_ = false;
  return round;
}

void Writer::Commit(Round round) {
  const Clock::time_point now = Clock::now();
  const std::int64_t now_ns = WallClockNs();
  TellNews(round.items);
  bool sync = now >= sync_due_;
  std::vector<Entry> entries = Encode(round.items, sync);
  const bool alive = now >= alive_due_;
  if (!entries.empty() || sync || alive || shelf_.HasWork()) {
    shelf_.Add(std::move(entries), sync, now_ns);
    // What a commit did not sync, the next one that does will. To be alive is worth no sync.
    const bool unsynced = !round.items.empty() || !alive;
    if (sync) {
      sync_due_ = Clock::time_point::max();
    } else if (unsynced) {
      sync_due_ = std::min(sync_due_, now + options_.sync_delay);
    }
    alive_due_ = now + kAliveEvery;
  }
  if (now >= trim_due_) {
    // More is deleted once what came meanwhile is written, and readers had their turn.
    const bool more = shelf_.Trim(now_ns);
    trim_due_ = more ? now : now + kTrimEvery;
  }
}

// That the file fails, or works again, is an alert like any other, and a line in the log.
void Writer::TellNews(std::vector<Inbox::Item>& items) {
  const auto news = shelf_.TakeNews();
  if (!news) return;
  const std::string text =
      news->empty() ? "the alert store works again" : "the alert store fails: " + *news;
  if (options_.on_fault) options_.on_fault(text);
  alert::Alert alert;
  alert.time_ns = WallClockNs();
  alert.id = "store-" + std::to_string(alert.time_ns) + "-" + std::to_string(++news_count_);
  alert.rule = "Nezuban alert store fault";
  alert.priority = news->empty() ? alert::Priority::kNotice : alert::Priority::kCritical;
  alert.source = "nezuban";
  alert.message = text;
  alert.tags = {"nezuban", "store"};
  alert.hostname = options_.hostname;
  alert.node = options_.node;
  alert.cluster = options_.cluster;
  alert.event_type = "store";
  items.emplace_back(std::make_shared<const alert::Alert>(std::move(alert)));
}

std::vector<Entry> Writer::Encode(const std::vector<Inbox::Item>& items, bool& sync) {
  std::vector<Entry> entries;
  Cursor cursor = shelf_.next();
  for (const Inbox::Item& item : items) {
    if (const auto* loss = std::get_if<StoredGap>(&item)) {
      StoredGap gap = *loss;
      gap.first = cursor;
      gap.last = cursor + std::max<std::uint64_t>(gap.count, 1) - 1;
      entries.emplace_back(gap);
    } else {
      entries.push_back(EncodeAlert(*std::get<0>(item), cursor));
      const auto* alert = std::get_if<StoredAlert>(&entries.back());
      // A smaller number is more severe.
      if (alert == nullptr || alert->priority <= options_.sync_priority) sync = true;
    }
    cursor = LastCursor(entries.back()) + 1;
  }
  return entries;
}

Entry Writer::EncodeAlert(const alert::Alert& alert, Cursor cursor) {
  v1::Alert message;
  ToProto(alert, message);
  message.set_cursor(cursor);
  if (message.ByteSizeLong() > options_.max_alert_bytes) {
    const std::lock_guard lock(mutex_);
    ++dropped_;
    return StoredGap{cursor, cursor, 1, alert.time_ns, alert.time_ns, GapReason::kAlertTooLarge};
  }
  return StoredAlert{cursor, alert.time_ns, alert.priority, ValidUtf8(alert.rule),
                     std::make_shared<const std::string>(message.SerializeAsString())};
}

}  // namespace nezuban::store
