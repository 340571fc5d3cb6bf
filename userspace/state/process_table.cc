// SPDX-License-Identifier: Apache-2.0
#include "state/process_table.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "state/procfs.h"

namespace nezuban::state {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

StoredText Store(const event::Text& text) { return {text.bytes, text.total}; }

StoredText Store(std::string_view text, bool whole) {
  return {text, whole ? static_cast<std::uint32_t>(text.size()) : STR_TOTAL_UNKNOWN};
}

// What every record says of the process that caused it.
void UpdateFromHeader(Process& process, const event::Event& event, std::uint64_t origin) {
  const record_header& header = event.header();
  process.uid = header.uid;
  process.euid = header.euid;
  process.gid = header.gid;
  process.egid = header.egid;
  process.loginuid = header.loginuid;
  process.pid_ns = header.pid_ns;
  process.mnt_ns = header.mnt_ns;
  process.cgroup_id = header.cgroup_id;
  if (process.origin_cgroup_id == 0) process.origin_cgroup_id = origin;
  // Other threads may have names of their own; the process is called what its leader is called.
  // An execve gives it another with its image.
  const bool renames = header.tid == header.tgid && event.As<exec_record>() == nullptr;
  if (renames || process.comm.empty()) process.comm = event.comm();
}

void UpdateImage(Process& process, const event::Event& event, const exec_record& record) {
  process.comm = event.comm();
  process.exe_path = Store(event.String(record.exe));
  process.cwd = Store(event.String(record.cwd));
  process.exe_file = record.exe_file;
  process.exe_ctime_ns = record.exe_ctime_ns;
  process.exe_mtime_ns = record.exe_mtime_ns;
  for (std::size_t i = 0; i < process.stdio.size(); ++i) {
    process.stdio[i] = {record.stdio[i].kind, record.stdio[i].file, record.stdio[i].ends,
                        Store(event.String(record.stdio_names[i]))};
  }
  process.caps = {record.cap_inheritable, record.cap_permitted, record.cap_effective, true};
  process.vpid = record.vpid;
  process.sid = record.sid;
  process.pgid = record.pgid;
  process.tty = record.tty;
}

// Whether a process is not what it was last known to be, by what the kernel has it execute now.
bool IsOtherImage(const Process& process, const exec_record& record) {
  const file_ref& known = process.exe_file;
  const file_ref& now = record.exe_file;
  return known.ino != 0 && now.ino != 0 && (known.ino != now.ino || known.dev != now.dev);
}

bool HasOpenStdio(const exec_record& record) {
  return std::any_of(std::begin(record.stdio), std::end(record.stdio),
                     [](const stdio_ref& stream) { return stream.kind != STDIO_CLOSED; });
}

}  // namespace

std::uint64_t ClockTickNs() {
  const long per_second = ::sysconf(_SC_CLK_TCK);
  return kNsPerSecond / static_cast<std::uint64_t>(per_second > 0 ? per_second : 100);
}

ProcessTable::ProcessTable(ProcessTableLimits limits, std::uint64_t tick_ns)
    : limits_(limits), tick_ns_(tick_ns), sweep_at_(limits.recent + limits.recent / 2 + 1) {}

bool ProcessTable::SameTick(const Process& process, std::uint64_t start_ns) const {
  return process.key.start_ns / tick_ns_ == start_ns / tick_ns_;
}

const ProcessTable::Entry* ProcessTable::FindEntry(ProcessKey key) const {
  if (key.tgid == 0) return nullptr;
  if (key.start_ns != 0) {
    const auto exact = entries_.find(key);
    if (exact != entries_.end()) return &exact->second;
  }
  const auto it = newest_.find(key.tgid);
  if (it == newest_.end()) return nullptr;
  const Process& newest = it->second->process;
  if (key.start_ns == 0 || newest.key.start_ns == 0) return it->second;
  // A start without a fraction of a tick may be a rounded one, whichever side it comes from.
  const bool rounded = newest.start_rounded || key.start_ns % tick_ns_ == 0;
  return rounded && SameTick(newest, key.start_ns) ? it->second : nullptr;
}

ProcessTable::Entry* ProcessTable::FindEntry(ProcessKey key) {
  return const_cast<Entry*>(std::as_const(*this).FindEntry(key));
}

const Process* ProcessTable::Find(ProcessKey key) const {
  const Entry* entry = FindEntry(key);
  return entry != nullptr ? &entry->process : nullptr;
}

const ProcessTable::Entry* ProcessTable::FindParent(const Process& process) const {
  const Entry* parent = FindEntry(process.parent);
  if (parent == nullptr || parent->process.key == process.key) return nullptr;
  // /proc does not tell when a parent started: do not take one that has its tgid by now.
  const bool older = parent->process.key.start_ns / tick_ns_ <= process.key.start_ns / tick_ns_;
  return older ? parent : nullptr;
}

const Process* ProcessTable::Parent(const Process& process) const {
  const Entry* parent = FindParent(process);
  return parent != nullptr ? &parent->process : nullptr;
}

const Process* ProcessTable::FindByTgid(std::uint32_t tgid) const {
  return Find({.tgid = tgid, .start_ns = 0});
}

ProcessTable::Entry& ProcessTable::FindOrAdd(ProcessKey key, bool& added) {
  added = false;
  if (Entry* known = FindEntry(key)) {
    const bool exact = key.start_ns % tick_ns_ != 0;
    const bool unknown = known->process.key.start_ns == 0 && key.start_ns != 0;
    if (unknown || (known->process.start_rounded && exact)) Rekey(*known, key.start_ns);
    return *known;
  }
  added = true;
  if (entries_.size() >= limits_.entries) ++counters_.over_limit;
  Entry& entry = entries_[key];
  entry.process.key = key;
  Entry*& newest = newest_[key.tgid];
  if (newest == nullptr) {
    newest = &entry;
  } else if (newest->process.key.start_ns <= key.start_ns) {
    Entry& before = *std::exchange(newest, &entry);
    if (before.process.exit_ns == 0) {  // its tgid is in use again: it is gone
      ++counters_.missed_exits;
      End(before, key.start_ns);
    }
  } else {  // older than one we know: it can only have ended
    End(entry, newest->process.key.start_ns);
  }
  return entry;
}

void ProcessTable::Rekey(Entry& entry, std::uint64_t start_ns) {
  auto node = entries_.extract(entry.process.key);  // keeps the entry where it is
  node.key().start_ns = start_ns;
  entry.process.key.start_ns = start_ns;
  entry.process.start_rounded = false;
  entries_.insert(std::move(node));
}

ProcessTable::Entry& ProcessTable::Touch(const event::Event& event, std::uint64_t origin) {
  const record_header& header = event.header();
  bool added = false;
  Entry& entry = FindOrAdd({header.tgid, header.start_ns}, added);
  // A fork or exec that introduces a process is no surprise; a snapshot neither.
  if (added && event.As<exec_record>() == nullptr) ++counters_.from_header;
  UpdateFromHeader(entry.process, event, origin);
  return entry;
}

const Process& ProcessTable::Apply(const event::Event& event, std::uint64_t origin_cgroup_id) {
  if (ended_.size() >= sweep_at_) Sweep(limits_.recent);
  MakeRoom();
  before_.reset();
  if (const auto* changed = event.As<credentials_record>()) NoteBefore(event, *changed);
  Entry& entry = Touch(event, origin_cgroup_id);
  if (const auto* exec = event.As<exec_record>()) Apply(entry, event, *exec);
  if (const auto* fork = event.As<fork_record>()) Apply(entry, *fork);
  if (const auto* exit = event.As<exit_record>()) Apply(entry, *exit);
  if (const auto* changed = event.As<credentials_record>()) {
    const credentials& now = changed->after;
    entry.process.caps = {now.cap_inheritable, now.cap_permitted, now.cap_effective, true};
  }
  return entry.process;
}

// The kernel's word where it has one; else what the last record of the process said, if any.
void ProcessTable::NoteBefore(const event::Event& event, const credentials_record& record) {
  if (record.before_known != 0) {
    before_ = record.before;
    return;
  }
  const record_header& header = event.header();
  const Process* process = Find({header.tgid, header.start_ns});
  if (process == nullptr) return;
  credentials& before = before_.emplace(record.after);
  before.uid = process->uid;
  before.euid = process->euid;
  before.gid = process->gid;
  before.egid = process->egid;
  if (!process->caps.known) return;
  before.cap_inheritable = process->caps.inheritable;
  before.cap_permitted = process->caps.permitted;
  before.cap_effective = process->caps.effective;
}

void ProcessTable::Apply(Entry& entry, const event::Event& event, const exec_record& record) {
  Process& process = entry.process;
  if (process.parent.tgid == 0) process.parent = {record.ppid, record.parent_start_ns};
  if (record.hdr.sensor == SENSOR_SNAPSHOT) {
    // An exec or fork seen since the sensors were attached knows more than the snapshot.
    const bool other =
        healing_ && IsOtherImage(process, record) && process.exec_ns <= record.hdr.time_ns;
    if (!process.exe_path.bytes.empty() && !other) return;
    if (other) {
      KeepImage(process);
      process.args = process.env = {};  // /proc tells them
      process.exec_ns = 0;
    }
    UpdateImage(process, event, record);
    if (healing_) MarkHealed(process);
    process.stdio_known = HasOpenStdio(record);
    process.from_snapshot = true;
    process.exec_in_container = process.origin_cgroup_id != 0;
    return;
  }
  KeepImage(process);
  process.healed = false;
  UpdateImage(process, event, record);
  process.args = Store(event.String(record.args));
  process.env = Store(event.String(record.env));
  process.stdio_known = true;
  process.exec_ns = record.hdr.time_ns;
  process.exec_in_container = process.origin_cgroup_id != 0;
}

void ProcessTable::MarkHealed(Process& process) {
  if (!process.healed) ++counters_.healed;
  process.healed = true;
  process.past_known = false;
}

// What it executed itself; what it has from its parent is the parent's.
void ProcessTable::KeepImage(Process& process) const {
  if (process.exec_ns == 0 && !process.from_snapshot) return;
  if (process.before.size() >= limits_.images) process.before.resize(limits_.images - 1);
  Image image{process.comm, process.exe_path, process.args, process.exec_ns};
  if (image.args.bytes.view().size() > limits_.image_args) {  // its total says that it was cut
    const std::string head(image.args.bytes.view().substr(0, limits_.image_args));
    image.args = Store({head, std::max<std::uint32_t>(image.args.total, limits_.image_args + 1)});
  }
  process.before.insert(process.before.begin(), std::move(image));
}

void ProcessTable::Apply(Entry& entry, const fork_record& record) {
  const ProcessKey key{record.child_tgid, record.child_start_ns};
  if (key.tgid == 0 || key.tgid == record.hdr.tgid) return;  // a thread
  bool added = false;
  Entry& child_entry = FindOrAdd(key, added);
  Process& child = child_entry.process;
  const ProcessKey parent{record.ppid, record.parent_start_ns};
  if (!added) {  // met already: only its parent is news
    child.parent = parent;
    return;
  }
  const ProcessKey exact = child.key;
  const std::uint64_t exit_ns = child.exit_ns;
  child = entry.process;
  child.key = exact;
  child.exit_ns = exit_ns;
  child.parent = parent;
  child.vpid = record.child_vpid;
  child.pid_ns = record.child_pid_ns;
  child.cgroup_id = record.child_cgroup_id;
  if (child.origin_cgroup_id == 0) child.origin_cgroup_id = record.child_origin_cgroup_id;
  child.exec_ns = 0;
  child.before.clear();
  child.healed = false;
  child.past_known = true;
  child.from_snapshot = false;
  child.start_rounded = false;
}

void ProcessTable::Apply(Entry& entry, const exit_record& record) {
  End(entry, record.hdr.time_ns);
}

const Process& ProcessTable::Merge(const ProcfsProcess& found) {
  MakeRoom();
  bool added = false;
  Process& process = FindOrAdd({found.tgid, found.start_ticks * tick_ns_}, added).process;
  if (added) {
    process.start_rounded = true;
    process.from_snapshot = true;
    process.comm = found.comm;
    process.uid = found.uid;
    process.euid = found.euid;
    process.gid = found.gid;
    process.egid = found.egid;
    process.loginuid = found.loginuid;
    process.pid_ns = found.pid_ns;
    process.mnt_ns = found.mnt_ns;
    process.cgroup_id = found.cgroup_id;
    process.caps = found.caps;
    if (healing_) MarkHealed(process);
  }
  if (process.origin_cgroup_id == 0) process.origin_cgroup_id = found.origin_cgroup_id;
  if (process.parent.tgid == 0) process.parent = {found.ppid, 0};
  if (process.exec_ns == 0 && process.exe_path.bytes.empty()) {
    if (healing_) MarkHealed(process);
    process.exe_path = Store(found.exe_path, !found.exe_path.empty());
    process.cwd = Store(found.cwd, !found.cwd.empty());
    process.vpid = found.vpid;
    process.sid = found.sid;
    process.pgid = found.pgid;
    process.tty = found.tty;
    process.exec_in_container = process.origin_cgroup_id != 0;
  }
  if (process.exec_ns == 0 && process.args.bytes.empty()) {
    // No arguments are believed only of a process that shows itself: zombies show none either.
    const bool shown = !found.args.empty() || !found.exe_path.empty();
    process.args = Store(found.args, shown && !found.args_truncated);
    process.env = Store(found.env, shown && !found.env_truncated);
  }
  return process;
}

void ProcessTable::EndMissing(std::span<const std::uint32_t> tgids, std::uint64_t as_of_ns) {
  for (auto& [key, entry] : entries_) {
    if (entry.process.exit_ns != 0 || key.start_ns >= as_of_ns) continue;
    if (std::binary_search(tgids.begin(), tgids.end(), key.tgid)) continue;
    ++counters_.missed_exits;
    End(entry, as_of_ns);
  }
}

void ProcessTable::End(Entry& entry, std::uint64_t time_ns) {
  if (entry.process.exit_ns != 0) return;
  if (!entry.process.before.empty()) entry.process.past_known = false;
  entry.process.before = {};
  entry.process.env = {};  // large, and the least asked for of what is over
  entry.process.exit_ns = std::max<std::uint64_t>(time_ns, 1);
  ended_.push_back(&entry);
}

void ProcessTable::MakeRoom() {
  constexpr std::size_t kPerEvent = 2;  // a fork by an unknown process
  if (entries_.size() + kPerEvent <= limits_.entries || ended_.empty()) return;
  // A sweep looks at the whole table, so it has to free enough to be worth it.
  const std::size_t worth = limits_.entries / 64;
  std::size_t room = kPerEvent;
  if (ended_.size() > worth) {
    Sweep(0);
    room = std::max(room, worth);
  }
  while (!ended_.empty() && entries_.size() + room > limits_.entries) EvictOldest();
}

}  // namespace nezuban::state
