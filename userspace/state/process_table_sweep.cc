// SPDX-License-Identifier: Apache-2.0
// Which ended processes the table lets go of, and when.
#include <utility>

#include "state/process_table.h"

namespace nezuban::state {

// Marks every ended process that is among the nearest ancestors of a living one.
void ProcessTable::MarkNeeded() {
  ++sweep_;
  for (auto& [key, entry] : entries_) {
    if (entry.process.exit_ns != 0) continue;
    const Process* process = &entry.process;
    for (int generation = 1; generation <= limits_.ancestors; ++generation) {
      auto* parent = const_cast<Entry*>(FindParent(*process));
      // A living ancestor marks its own; so does a nearer descendant, for the rest of the way.
      if (parent == nullptr) break;
      if (parent->marked == sweep_ && parent->generations <= generation) break;
      parent->marked = sweep_;
      parent->generations = generation;
      process = &parent->process;
    }
  }
}

// Lets go of what no living process needs, but for the last `keep_recent` to end.
void ProcessTable::Sweep(std::size_t keep_recent) {
  MarkNeeded();
  std::deque<Entry*> kept;
  const std::size_t old = ended_.size() > keep_recent ? ended_.size() - keep_recent : 0;
  for (std::size_t i = 0; i < ended_.size(); ++i) {
    Entry* entry = ended_[i];
    if (i >= old || entry->marked == sweep_) {
      kept.push_back(entry);
    } else {
      Remove(entry);
      ++counters_.released;
    }
  }
  ended_ = std::move(kept);
  sweep_at_ = ended_.size() + limits_.recent / 2 + 1;
}

void ProcessTable::EvictOldest() {
  Entry* entry = ended_.front();
  ended_.pop_front();
  Remove(entry);
  ++counters_.evicted;
}

// REQUIRES: not in ended_ any more.
void ProcessTable::Remove(Entry* entry) {
  const auto newest = newest_.find(entry->process.key.tgid);
  if (newest != newest_.end() && newest->second == entry) newest_.erase(newest);
  entries_.erase(ProcessKey(entry->process.key));
}

}  // namespace nezuban::state
