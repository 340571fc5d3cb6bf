// SPDX-License-Identifier: Apache-2.0
#include "store/inbox.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"

namespace nezuban::store {
namespace {

// What an alert takes here, near enough to bound it.
std::size_t ApproximateBytes(const alert::Alert& alert) {
  std::size_t bytes = sizeof(alert) + alert.message.size() + alert.rule.size() + alert.id.size() +
                      alert.container_id.size() + alert.origin.size();
  for (const auto& [name, value] : alert.fields) {
    bytes += sizeof(std::string) + sizeof(alert::FieldValue) + name.size();
    if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
      for (const std::string& text : *list) bytes += sizeof(std::string) + text.size();
    }
  }
  for (const alert::Ancestor& ancestor : alert.ancestors) {
    bytes += sizeof(ancestor) + ancestor.name.size() + ancestor.exe_path.size();
  }
  return bytes;
}

}  // namespace

bool Inbox::Push(std::shared_ptr<const alert::Alert> alert) {
  const std::size_t bytes = ApproximateBytes(*alert);
  if (overflowing_) overflowing_ = alerts_ > max_alerts_ / 2 || bytes_ > max_bytes_ / 2;
  if (!overflowing_) overflowing_ = alerts_ >= max_alerts_ || bytes > max_bytes_ - bytes_;
  if (overflowing_) {
    AddLoss(alert->time_ns);
    return false;
  }
  slots_.push_back({std::move(alert), bytes});
  ++alerts_;
  bytes_ += bytes;
  return true;
}

void Inbox::AddLoss(std::int64_t time_ns) {
  auto* last = slots_.empty() ? nullptr : std::get_if<StoredGap>(&slots_.back().item);
  if (last == nullptr || last->reason != GapReason::kNodeBusy) {
    slots_.push_back({StoredGap{0, 0, 1, time_ns, time_ns, GapReason::kNodeBusy}});
    return;
  }
  ++last->count;
  last->first_ns = std::min(last->first_ns, time_ns);
  last->last_ns = std::max(last->last_ns, time_ns);
}

Inbox::Item Inbox::Pop() {
  CHECK(!slots_.empty());
  Slot slot = std::move(slots_.front());
  slots_.pop_front();
  bytes_ -= slot.bytes;
  if (std::holds_alternative<StoredGap>(slot.item)) return std::move(slot.item);
  --alerts_;
  return std::move(slot.item);
}

}  // namespace nezuban::store
