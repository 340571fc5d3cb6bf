// SPDX-License-Identifier: Apache-2.0
#include "recording/codec.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "event/decode.h"
#include "recording/container_codec.h"
#include "recording/names_codec.h"

namespace nezuban::recording {
namespace {

using state::ProcfsProcess;

std::string Masked(const std::string& text, const Redactor* redactor) {
  if (redactor == nullptr) return text;
  return redactor->Redact(text).value_or(text);
}

std::string Bytes(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void ToMessage(const ProcfsProcess& p, const Redactor* redactor, v1::RecordedProcess& out) {
  out.set_tgid(p.tgid);
  out.set_ppid(p.ppid);
  out.set_start_ticks(p.start_ticks);
  out.set_sid(p.sid);
  out.set_pgid(p.pgid);
  out.set_tty(p.tty);
  out.set_vpid(p.vpid);
  out.set_uid(p.uid);
  out.set_euid(p.euid);
  out.set_gid(p.gid);
  out.set_egid(p.egid);
  out.set_loginuid(p.loginuid);
  out.set_pid_ns(p.pid_ns);
  out.set_mnt_ns(p.mnt_ns);
  out.set_comm(p.comm);
  out.set_exe_path(p.exe_path);
  out.set_args(Masked(p.args, redactor));
  out.set_args_truncated(p.args_truncated);
  out.set_env(redactor != nullptr ? redactor->RedactVariables(p.env).value_or(p.env) : p.env);
  out.set_env_truncated(p.env_truncated);
  out.set_cwd(p.cwd);
  out.set_cgroup_path(p.cgroup_path);
  out.set_cgroup_id(p.cgroup_id);
}

ProcfsProcess FromMessage(const v1::RecordedProcess& in) {
  ProcfsProcess p;
  p.tgid = in.tgid();
  p.ppid = in.ppid();
  p.start_ticks = in.start_ticks();
  p.sid = in.sid();
  p.pgid = in.pgid();
  p.tty = in.tty();
  p.vpid = in.vpid();
  p.uid = in.uid();
  p.euid = in.euid();
  p.gid = in.gid();
  p.egid = in.egid();
  p.loginuid = in.loginuid();
  p.pid_ns = in.pid_ns();
  p.mnt_ns = in.mnt_ns();
  p.comm = in.comm();
  p.exe_path = in.exe_path();
  p.args = in.args();
  p.args_truncated = in.args_truncated();
  p.env = in.env();
  p.env_truncated = in.env_truncated();
  p.cwd = in.cwd();
  p.cgroup_path = in.cgroup_path();
  p.cgroup_id = in.cgroup_id();
  return p;
}

// Puts one item into the message; one overload each.
struct Encoder {
  const Redactor* redactor;
  v1::RecordingItem& out;

  std::string Record(std::span<const std::byte> bytes) const {
    return redactor != nullptr ? RedactRecord(bytes, *redactor) : Bytes(bytes);
  }
  void operator()(const state::RecordItem& item) const { out.set_record(Record(item.bytes)); }
  void operator()(const state::SnapshotItem& item) const { out.set_snapshot(Record(item.bytes)); }
  void operator()(const state::CgroupItem& item) const {
    v1::RecordedCgroup& cgroup = *out.mutable_cgroup();
    cgroup.set_id(item.cgroup.id);
    cgroup.set_parent_id(item.cgroup.parent_id);
    cgroup.set_path(item.cgroup.path);
  }
  void operator()(const state::ProcessItem& item) const {
    ToMessage(item.process, redactor, *out.mutable_process());
  }
  void operator()(const state::LivingItem& item) const {
    v1::RecordedLiving& living = *out.mutable_living();
    living.mutable_tgids()->Assign(item.tgids.begin(), item.tgids.end());
    living.set_as_of_ns(item.as_of_ns);
  }
  void operator()(const state::ContainerItem& item) const {
    ContainerToMessage(item.container, *out.mutable_container());
  }
  void operator()(const state::ClusterItem& item) const {
    ClusterToMessage(item, *out.mutable_cluster());
  }
  void operator()(const state::NamesItem& item) const {
    NamesToMessage(item, *out.mutable_names());
  }
  void operator()(const state::AnchorItem& item) const {
    out.set_wall_offset_ns(item.wall_offset_ns);
  }
  void operator()(const state::TickItem& item) const { out.set_tick_ns(item.time_ns); }
  void operator()(const state::LossItem& item) const {
    for (const state::LossItem::Count& count : item.counts) {
      v1::RecordedLoss& loss = *out.mutable_losses()->add_losses();
      loss.set_kind(count.type);
      loss.set_reason(count.reason);
      loss.set_count(count.count);
    }
    for (const state::LossItem::Flood& flood : item.floods) {
      v1::RecordedFlood& one = *out.mutable_losses()->add_floods();
      one.set_cgroup_id(flood.cgroup_id);
      one.set_dropped(flood.dropped);
    }
  }
};

// Puts `masked`, if there is one, where the string is whose reference lies at `at` in the record.
void Replace(std::string& record, std::size_t at, const std::optional<std::string>& masked) {
  if (!masked) return;
  str_ref ref;
  std::memcpy(&ref, record.data() + at, sizeof(ref));
  const auto shorter = static_cast<std::uint32_t>(ref.len - masked->size());
  if (ref.total != STR_TOTAL_UNKNOWN) ref.total -= shorter;
  std::fill_n(record.begin() + ref.off, ref.len, '\0');
  std::ranges::copy(*masked, record.begin() + ref.off);
  ref.len = static_cast<__u16>(masked->size());
  std::memcpy(record.data() + at, &ref, sizeof(ref));
}

// "dup dup2 dup3" is also a kind whose names are only "dup dup2": names are added at the end.
bool SameNames(std::string_view written, std::string_view known) {
  return known.starts_with(written) &&
         (known.size() == written.size() || known[written.size()] == ' ');
}

}  // namespace

v1::RecordingHeader ToProto(const Identity& identity) {
  v1::RecordingHeader header;
  header.set_version(identity.version);
  header.set_hostname(identity.hostname);
  header.set_run_id(identity.run_id);
  header.set_kernel_release(identity.kernel_release);
  header.set_clock_tick_ns(identity.clock_tick_ns);
  header.set_record_header_size(sizeof(record_header));
  header.set_node(identity.node);
  header.set_cluster(identity.cluster);
  for (const event::EventInfo& info : event::EventTable()) {
    v1::RecordKind& kind = *header.add_kinds();
    kind.set_names(std::string(info.names));
    kind.set_fixed_size(static_cast<std::uint32_t>(info.fixed_size));
    kind.set_strings(static_cast<std::uint32_t>(info.strings));
  }
  return header;
}

void ToProto(const state::Item& item, const Redactor* redactor, v1::RecordingItem& out) {
  std::visit(Encoder{redactor, out}, item);
}

std::string RedactRecord(std::span<const std::byte> record, const Redactor& redactor) {
  std::string out = Bytes(record);
  const auto event = event::Decode(record);
  const auto* exec = event ? event->As<exec_record>() : nullptr;
  if (exec == nullptr) return out;
  Replace(out, offsetof(exec_record, args), redactor.Redact(event->String(exec->args).bytes));
  Replace(out, offsetof(exec_record, env),
          redactor.RedactVariables(event->String(exec->env).bytes));
  return out;
}

Result<Decoder> Decoder::Make(const v1::RecordingHeader& header) {
  if (header.record_header_size() != sizeof(record_header)) {
    return Fail("its records are laid out in another way: it is of nezuban " + header.version(), 1);
  }
  Decoder decoder;
  decoder.identity_ = {header.version(),        header.hostname(),      header.run_id(),
                       header.kernel_release(), header.clock_tick_ns(), header.node(),
                       header.cluster()};
  if (decoder.identity_.clock_tick_ns == 0) return Fail("its header tells no clock tick", 1);
  for (const v1::RecordKind& kind : header.kinds()) {
    std::optional<event::EventType> type;
    for (event::EventType i = 0; i < NR_EVENTS; ++i) {
      const event::EventInfo& info = event::EventTable()[i];
      if (SameNames(kind.names(), info.names) && kind.fixed_size() == info.fixed_size &&
          kind.strings() == static_cast<std::uint32_t>(info.strings)) {
        type = i;
      }
    }
    if (!type) decoder.unreadable_.push_back(kind.names());
    decoder.types_.push_back(type);
  }
  return decoder;
}

std::optional<std::span<const std::byte>> Decoder::Renumber(const std::string& record) {
  record_.Assign(std::as_bytes(std::span(record)));
  record_header* header = record_.header();
  if (header == nullptr) return record_.bytes();  // the detector counts it as malformed
  if (header->type >= types_.size() || !types_[header->type]) return std::nullopt;
  header->type = *types_[header->type];
  return record_.bytes();
}

std::optional<state::Item> Decoder::Decode(const v1::RecordingItem& item) {
  using Kind = v1::RecordingItem::ItemCase;
  switch (item.item_case()) {
    case Kind::kRecord:
      if (const auto bytes = Renumber(item.record())) return state::RecordItem{*bytes};
      return std::nullopt;
    case Kind::kSnapshot:
      if (const auto bytes = Renumber(item.snapshot())) return state::SnapshotItem{*bytes};
      return std::nullopt;
    case Kind::kCgroup:
      return state::CgroupItem{
          {item.cgroup().id(), item.cgroup().parent_id(), item.cgroup().path()}};
    case Kind::kProcess:
      return state::ProcessItem{FromMessage(item.process())};
    case Kind::kLiving: {
      state::LivingItem living{{item.living().tgids().begin(), item.living().tgids().end()},
                               item.living().as_of_ns()};
      std::ranges::sort(living.tgids);
      return living;
    }
    case Kind::kContainer:
      return state::ContainerItem{ContainerFromMessage(item.container())};
    case Kind::kCluster:
      return ClusterFromMessage(item.cluster());
    case Kind::kNames:
      return NamesFromMessage(item.names());
    case Kind::kWallOffsetNs:
      return state::AnchorItem{item.wall_offset_ns()};
    case Kind::kTickNs:
      return state::TickItem{item.tick_ns()};
    case Kind::kLosses: {
      state::LossItem losses;
      for (const v1::RecordedLoss& loss : item.losses().losses()) {
        if (loss.kind() >= types_.size() || !types_[loss.kind()]) continue;
        losses.counts.push_back(
            {*types_[loss.kind()], static_cast<std::uint8_t>(loss.reason()), loss.count()});
      }
      for (const v1::RecordedFlood& flood : item.losses().floods()) {
        losses.floods.push_back({flood.cgroup_id(), flood.dropped()});
      }
      return losses;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace nezuban::recording
