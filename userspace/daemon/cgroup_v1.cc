// SPDX-License-Identifier: Apache-2.0
#include "daemon/cgroup_v1.h"

#include <fcntl.h>

#include <string_view>
#include <variant>

#include "state/container.h"
#include "state/proc_cgroup.h"

namespace nezuban::daemon {
namespace {

constexpr char kHost[] = "/";

// More than live on a node; exits that were lost would fill it otherwise.
constexpr std::size_t kProcessesMax = 262144;

constexpr std::size_t kEndedMax = 4096;

// The container's own path in the first hierarchy that tells one; the host's if none does.
std::string ContainerPath(std::string_view text) {
  for (const std::string_view path : state::ParseProcCgroupV1(text)) {
    const auto match = state::ParseCgroupPath(path);
    if (match) return state::MakeContainer(1, path, *match).cgroup_path;
  }
  return kHost;
}

}  // namespace

CgroupV1::CgroupV1(const std::string& proc_root)
    : proc_(::open(proc_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

// Empty: it is gone, or another by now.
std::string CgroupV1::PathOf(std::uint32_t tgid, std::uint64_t start_ns) const {
  const std::string text = state::ReadProcCgroup(proc_.get(), tgid, start_ns);
  return text.empty() ? text : ContainerPath(text);
}

void CgroupV1::Leave(const Known& known) {
  const auto path = paths_.find(known.cgroup_id);
  if (path == paths_.end() || path->second == kHost) return;
  const auto cgroup = cgroups_.find(path->second);
  if (--cgroup->second.processes > 0) return;
  gone_.push_back(known.cgroup_id);
  cgroups_.erase(cgroup);
  paths_.erase(path);
}

void CgroupV1::End(std::uint32_t tgid, std::uint64_t start_ns) {
  ended_.emplace_back(tgid, start_ns);
  if (ended_.size() <= kEndedMax) return;
  const auto [oldest, oldest_start_ns] = ended_.front();
  ended_.pop_front();
  const auto known = processes_.find(oldest);
  if (known == processes_.end() || known->second.start_ns != oldest_start_ns) return;
  Leave(known->second);
  processes_.erase(known);
}

void CgroupV1::Move(Known& known, const std::string& path, const state::ItemHandler& handler) {
  Cgroup& cgroup = cgroups_[path];
  if (cgroup.id == 0) {
    cgroup.id = next_++;
    paths_[cgroup.id] = path;
    handler(state::CgroupItem{{.id = cgroup.id, .parent_id = 0, .path = path}});
  }
  if (cgroup.id == known.cgroup_id) return;
  ++cgroup.processes;
  const Known before = std::exchange(known, {known.start_ns, cgroup.id});
  Leave(before);
}

bool CgroupV1::IsHost(std::uint64_t cgroup_id) const {
  const auto path = paths_.find(cgroup_id);
  return path != paths_.end() && path->second == kHost;
}

CgroupV1::Known& CgroupV1::Meet(const record_header& header, const state::ItemHandler& handler) {
  if (processes_.size() >= kProcessesMax) {
    for (const auto& [tgid, known] : std::exchange(processes_, {})) Leave(known);
  }
  Known& known = processes_[header.tgid];
  const bool is_new = known.cgroup_id == 0 || known.start_ns != header.start_ns;
  if (is_new) Leave(std::exchange(known, {header.start_ns, 0}));
  // Once inside, a runtime is at its end there; whoever else takes its name costs no look at /proc.
  const bool may_have_moved =
      header.type == EVENT_EXEC ||
      (!is_new && !state::RuntimeOf(header.comm).empty() && IsHost(known.cgroup_id));
  if (!is_new && !may_have_moved) return known;
  const std::string path = PathOf(header.tgid, header.start_ns);
  if (is_new || !path.empty()) Move(known, path.empty() ? kHost : path, handler);
  return known;
}

void CgroupV1::NameRecord(const state::ItemHandler& handler) {
  record_header* header = record_.header();
  if (header == nullptr) return;
  const Known known = Meet(*header, handler);
  header->cgroup_id = known.cgroup_id;
  if (header->type == EVENT_EXIT) End(header->tgid, header->start_ns);
  if (header->type != EVENT_FORK || record_.bytes().size() < sizeof(fork_record)) return;
  auto* fork = reinterpret_cast<fork_record*>(header);
  fork->child_cgroup_id = known.cgroup_id;
  if (fork->child_tgid == header->tgid) return;  // a thread
  Known& child = processes_[fork->child_tgid];
  Leave(std::exchange(child, {fork->child_start_ns, 0}));
  Move(child, paths_.at(known.cgroup_id), handler);
}

void CgroupV1::Take(const state::Item& item, const state::ItemHandler& handler) {
  if (const auto* record = std::get_if<state::RecordItem>(&item)) {
    record_.Assign(record->bytes);
    NameRecord(handler);
    return handler(state::RecordItem{record_.bytes()});
  }
  if (const auto* found = std::get_if<state::SnapshotItem>(&item)) {
    record_.Assign(found->bytes);
    NameRecord(handler);
    return handler(state::SnapshotItem{record_.bytes()});
  }
  const auto* process = std::get_if<state::ProcessItem>(&item);
  if (process == nullptr) return handler(item);
  state::ProcessItem named = *process;
  const auto known = processes_.find(named.process.tgid);
  if (known != processes_.end()) named.process.cgroup_id = known->second.cgroup_id;
  handler(named);
}

}  // namespace nezuban::daemon
