// SPDX-License-Identifier: Apache-2.0
// What a decision that waits takes along of the process table.
#include <string_view>
#include <unordered_set>

#include "state/process_table.h"

namespace nezuban::state {

std::unique_ptr<ProcessTable> ProcessTable::CopyLineage(const Process& process) const {
  auto copy = std::make_unique<ProcessTable>(limits_, tick_ns_);
  const auto add = [&copy](const Process& one) {
    Entry& entry = copy->entries_[one.key];
    entry.process = one;
    // By tgid the newest is found, as in this table.
    Entry*& newest = copy->newest_[one.key.tgid];
    if (newest == nullptr || newest->process.key.start_ns < one.key.start_ns) newest = &entry;
  };
  const Process* at = &process;
  for (int generation = 0; at != nullptr && generation <= limits_.ancestors; ++generation) {
    add(*at);
    at = Parent(*at);
  }
  for (const std::uint32_t leader : {process.sid, process.pgid}) {
    if (const Process* found = FindByTgid(leader)) add(*found);
  }
  copy->before_ = before_;
  return copy;
}

std::size_t ProcessTable::TextBytes() const {
  std::size_t bytes = 0;
  std::unordered_set<const char*> seen;
  for (const auto& [key, entry] : entries_) {
    const Process& p = entry.process;
    const std::string_view env = p.env.bytes;
    if (!env.empty() && seen.insert(env.data()).second) bytes += env.size();
    bytes += p.comm.size() + p.exe_path.bytes.size() + p.args.bytes.size() + p.cwd.bytes.size();
    for (const Stdio& stream : p.stdio) bytes += stream.name.bytes.size();
    for (const Image& image : p.before) {
      bytes += sizeof(image) + image.comm.size() + image.exe_path.bytes.size();
      bytes += image.args.bytes.size();
    }
  }
  return bytes;
}

}  // namespace nezuban::state
