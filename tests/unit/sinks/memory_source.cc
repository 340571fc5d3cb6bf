// SPDX-License-Identifier: Apache-2.0
#include "unit/sinks/memory_source.h"

#include <algorithm>
#include <utility>

namespace nezuban::sinks {

void MemoryQueue::Publish(std::shared_ptr<const alert::Alert> alert) noexcept {
  {
    const std::lock_guard lock(mutex_);
    ++cursor_;
    if (items_.size() < capacity_) {
      items_.push_back({cursor_, std::move(alert), {}});
    } else {
      ++dropped_;
      // The gap takes the last place: it has to be at the end, after all that was in time.
      Item& last = items_.back();
      if (last.alert != nullptr) {
        ++dropped_;
        last.gap = {1, last.alert->time_ns, last.alert->time_ns, "the sink was too slow"};
        last.alert = nullptr;
      }
      ++last.gap.count;
      last.gap.first_ns = std::min(last.gap.first_ns, alert->time_ns);
      last.gap.last_ns = std::max(last.gap.last_ns, alert->time_ns);
      last.cursor = cursor_;
    }
  }
  available_.notify_one();
}

std::uint64_t MemoryQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

AlertSource::Batch MemoryQueue::Next(const BatchLimits& limits, std::chrono::milliseconds timeout,
                                     const std::stop_token& stop) {
  AlertSource::Batch batch;
  std::vector<Item> taken;
  {
    std::unique_lock lock(mutex_);
    available_.wait_for(lock, stop, timeout, [this] { return !items_.empty(); });
    while (!items_.empty() && taken.size() < limits.alerts) {
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
  }
  for (Item& item : taken) {
    batch.last = item.cursor;
    if (item.alert != nullptr) {
      batch.items.push_back({item.cursor, *item.alert});
    } else {
      batch.items.push_back({item.cursor, std::move(item.gap)});
    }
  }
  return batch;
}

}  // namespace nezuban::sinks
