// SPDX-License-Identifier: Apache-2.0
#include "probe/loaded_probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "base/unique_fd.h"
#include "bpf/bpf_object.h"
#include "event/owned_record.h"
#include "probe/libbpf_log.h"
#include "probes.skel.h"

namespace nezuban::probe {
namespace {

constexpr char kDispatcher[] = "on_sys_exit";
// Goes on to the sensors of calls that i386 has in its socketcall(2).
constexpr char kSocketcall[] = "on_socketcall";
constexpr int kSocketcallNumber = 102;
constexpr char kSnapshot[] = "on_snapshot";

int NativeNumber(const SyscallNumbers& numbers) {
#if defined(__aarch64__)
  return numbers.arm64;
#else
  return numbers.x86_64;
#endif
}

// All zero where there is none: a program that is not loaded, a link that is a perf event
// (before 5.15).
template <typename Info>
Info InfoOf(int fd) {
  Info info{};
  __u32 size = sizeof info;
  if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return {};
  return info;
}

}  // namespace

std::unique_ptr<LoadedProbes> LoadedProbes::Load(std::span<const SensorRow* const> rows,
                                                 const LoadOptions& options, ProgramNames& taken,
                                                 LoadFailure& failure) {
  QuietLog quiet;
  auto loaded = std::unique_ptr<LoadedProbes>(new LoadedProbes);
  loaded->skeleton_ = LoadObject(rows, options, taken, failure);
  if (!loaded->skeleton_) return nullptr;
  std::string refused;
  if (auto status = loaded->Prepare(options); !status) {
    failure = {"", status.error()};
    return nullptr;
  }
  // Containers' cgroups are remembered and tasks counted from the first program on; who reads the
  // rings comes last, so that nothing waits in vain.
  for (const bool first : {true, false}) {
    for (const SensorRow* row : rows) {
      if (auto status = loaded->Attach(*row, first, refused); !status) {
        failure = {refused, status.error()};
        return nullptr;
      }
    }
  }
  if (auto status = loaded->AttachDispatcher(rows); !status) {
    failure = {"", status.error()};
    return nullptr;
  }
  if (auto status = loaded->TellOwnObjects(); !status) {
    failure = {"", status.error()};
    return nullptr;
  }
  for (const SensorRow* row : rows) loaded->rows_.push_back(*row);
  return loaded;
}

LoadedProbes::~LoadedProbes() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
}

Status LoadedProbes::Prepare(const LoadOptions& options) {
  for (int lane = 0; lane < NR_LANES; ++lane) {
    const int fd = ring_fd(lane);
    const bpf_map* map =
        lane == LANE_VITAL ? skeleton_->maps.ring_vital : skeleton_->maps.ring_bulk;
    ASSIGN_OR_RETURN(RingMapping ring, RingMapping::Map(fd, bpf_map__max_entries(map)));
    rings_.push_back(std::move(ring));
  }
  SetEnabled(EventSet().set(), EventSet().set());
  RETURN_IF_ERROR(AttachSnapshot());
  if (!options.leave_out_self) return {};
  // Its first call tells our number in the initial pid namespace.
  ASSIGN_OR_RETURN([[maybe_unused]] std::size_t processes,
                   Snapshot([](std::span<const std::byte>) {}));
  skeleton_->bss->self_tgid = skeleton_->bss->snapshot_reader_tgid;
  return {};
}

int LoadedProbes::ring_fd(int lane) const {
  return bpf_map__fd(lane == LANE_VITAL ? skeleton_->maps.ring_vital : skeleton_->maps.ring_bulk);
}

Result<bpf_program*> LoadedProbes::Find(const std::string& name) const {
  bpf_program* program = bpf_object__find_program_by_name(skeleton_->obj, name.c_str());
  if (program == nullptr) return Fail("no program '" + name + "' in the object");
  return program;
}

Status LoadedProbes::Keep(bpf_link* link, const std::string& what) {
  if (link == nullptr) return Fail("attach " + what + ": " + ErrnoText(errno));
  links_.push_back(link);
  return {};
}

Status LoadedProbes::AttachSnapshot() {
  bpf_link* link = bpf_program__attach_iter(skeleton_->progs.on_snapshot, nullptr);
  RETURN_IF_ERROR(Keep(link, "iter/task"));
  snapshot_ = link;
  return {};
}

Status LoadedProbes::Attach(const SensorRow& row, bool first, std::string& refused) {
  for (const ProgramRow& program : row.programs) {
    if (program.first != first) continue;
    refused = program.name;
    RETURN_IF_ERROR(Attach(program, row.event));
  }
  return {};
}

Status LoadedProbes::Attach(const ProgramRow& row, event::EventType event) {
  ASSIGN_OR_RETURN(bpf_program * program, Find(row.name));
  switch (row.attachment) {
    case Attachment::kSyscallExit:
      return AttachSyscalls(row, event, bpf_program__fd(program));
    case Attachment::kTailCalled:
      return PutIntoSlot(program);
    case Attachment::kKprobe:
    case Attachment::kKretprobe:
      return Keep(bpf_program__attach_kprobe(program, row.attachment == Attachment::kKretprobe,
                                             row.function.c_str()),
                  "kprobe/" + row.function);
    case Attachment::kTracepoint:
    case Attachment::kFentry:
    case Attachment::kFexit:
      break;
  }
  return Keep(bpf_program__attach(program), bpf_program__section_name(program));
}

Status LoadedProbes::PutIntoSlot(const bpf_program* program) {
  const std::string name = bpf_program__name(program);
  const bpf_map* slot = bpf_object__find_map_by_name(skeleton_->obj, (name + "_slot").c_str());
  CHECK(slot != nullptr);
  const std::uint32_t zero = 0;
  const int fd = bpf_program__fd(program);
  if (bpf_map_update_elem(bpf_map__fd(slot), &zero, &fd, BPF_ANY) != 0)
    return Fail("tail call of " + name + ": " + ErrnoText(errno));
  return {};
}

Status LoadedProbes::AttachSyscalls(const ProgramRow& row, event::EventType event, int program_fd) {
  struct Table {
    int map_fd;
    bool compat;
    __u64* watched;  // nullptr: the map alone counts
    std::size_t words;
  };
  auto& bss = *skeleton_->bss;
  const Table native{bpf_map__fd(skeleton_->maps.native_programs), false, bss.native_watched,
                     std::size(bss.native_watched)};
  const Table compat{bpf_map__fd(skeleton_->maps.compat_programs), true, bss.compat_watched,
                     std::size(bss.compat_watched)};
  const Table socketcalls{bpf_map__fd(skeleton_->maps.socketcall_programs), true, nullptr, 1};
  const int socketcall_fd = bpf_program__fd(skeleton_->progs.on_socketcall);
  const auto watch = [&](const Table& table, int number, int program_fd) -> Status {
    if (number < 0) return {};
    const auto key = static_cast<std::uint32_t>(number);
    CHECK(key / 64 < table.words);
    if (bpf_map_update_elem(table.map_fd, &key, &program_fd, BPF_ANY) != 0)
      return Fail("dispatch to " + row.name + ": " + ErrnoText(errno));
    if (table.watched == nullptr) return {};
    table.watched[key / 64] |= std::uint64_t{1} << (key % 64);
    watched_.push_back({event, table.compat, key});
    return {};
  };
  for (const SyscallNumbers& numbers : row.syscalls) {
    RETURN_IF_ERROR(watch(native, NativeNumber(numbers), program_fd));
    RETURN_IF_ERROR(watch(compat, numbers.i386, program_fd));
    if (numbers.socketcall < 0) continue;
    RETURN_IF_ERROR(watch(socketcalls, numbers.socketcall, program_fd));
    RETURN_IF_ERROR(watch(compat, kSocketcallNumber, socketcall_fd));
  }
  return {};
}

Status LoadedProbes::AttachDispatcher(std::span<const SensorRow* const> rows) {
  if (std::none_of(rows.begin(), rows.end(), [](auto* row) { return NeedsDispatcher(*row); }))
    return {};
  return Keep(bpf_program__attach(skeleton_->progs.on_sys_exit), "tp_btf/sys_exit");
}

Status LoadedProbes::TellOwnObjects() {
  const int own = bpf_map__fd(skeleton_->maps.own_objects);
  const auto tell = [own](std::uint32_t kind, std::uint32_t id) -> Status {
    const bpf_object_id object{kind, id};
    const std::uint32_t value = 1;
    if (id == 0 || bpf_map_update_elem(own, &object, &value, BPF_ANY) == 0) return {};
    return Fail("remember what is the monitor's own: " + ErrnoText(errno));
  };
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    RETURN_IF_ERROR(tell(BPF_OBJECT_PROGRAM, InfoOf<bpf_prog_info>(bpf_program__fd(program)).id));
  }
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton_->obj) {
    RETURN_IF_ERROR(tell(BPF_OBJECT_MAP, InfoOf<bpf_map_info>(bpf_map__fd(map)).id));
  }
  for (const bpf_link* link : links_) {
    RETURN_IF_ERROR(tell(BPF_OBJECT_LINK, InfoOf<bpf_link_info>(bpf_link__fd(link)).id));
  }
  return {};
}

std::uint64_t LoadedProbes::RecursionMisses(const std::string& name) const {
  const bpf_program* program = bpf_object__find_program_by_name(skeleton_->obj, name.c_str());
  if (program == nullptr) return 0;
  return InfoOf<bpf_prog_info>(bpf_program__fd(program)).recursion_misses;
}

std::map<std::string, std::uint32_t> LoadedProbes::VerifiedInstructions() const {
  std::map<std::string, std::uint32_t> verified;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    if (bpf_program__fd(program) >= 0)
      verified[bpf_program__name(program)] =
          InfoOf<bpf_prog_info>(bpf_program__fd(program)).verified_insns;
  }
  return verified;
}

SourceCounters LoadedProbes::Counters() const {
  SourceCounters sums{};
  const int cpus = libbpf_num_possible_cpus();
  std::vector<event_counters> values(static_cast<std::size_t>(std::max(cpus, 1)));
  const int fd = bpf_map__fd(skeleton_->maps.counters);
  for (std::uint32_t event = 0; event < NR_EVENTS; ++event) {
    if (bpf_map_lookup_elem(fd, &event, values.data()) != 0) continue;
    for (const event_counters& value : values) {
      sums[event].submitted += value.submitted;
      sums[event].filtered += value.filtered;
      for (int reason = 0; reason < NR_DROP_REASONS; ++reason)
        sums[event].dropped[static_cast<std::size_t>(reason)] += value.dropped[reason];
    }
  }
  // What the dispatcher missed may have been for any of its sensors: an upper bound for each.
  for (const SensorRow& row : rows_) {
    auto& misses = sums[row.event].dropped[DROP_RECURSION];
    if (NeedsDispatcher(row)) misses += RecursionMisses(kDispatcher) + RecursionMisses(kSocketcall);
    for (const ProgramRow& program : row.programs) misses += RecursionMisses(program.name);
  }
  return sums;
}

std::uint64_t LoadedProbes::OriginLosses() const {
  struct {
    std::uint64_t nr_lost;
    std::uint64_t since_ns;
  } losses{};
  const std::uint32_t zero = 0;
  bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.origin_losses), &zero, &losses);
  return losses.nr_lost;
}

Result<std::size_t> LoadedProbes::Snapshot(const RecordHandler& handler) {
  UniqueFd iterator(bpf_iter_create(bpf_link__fd(snapshot_)));
  if (!iterator.valid()) return Fail(std::string("run ") + kSnapshot + ": " + ErrnoText(errno));
  std::vector<std::byte> bytes;
  std::byte piece[16384];
  for (;;) {
    const ssize_t got = ::read(iterator.get(), piece, sizeof piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Fail(std::string("read ") + kSnapshot + ": " + ErrnoText(errno));
    if (got == 0) break;
    bytes.insert(bytes.end(), piece, piece + got);
  }
  std::size_t count = 0;
  event::OwnedRecord record;
  for (std::size_t at = 0; at < bytes.size(); ++count) {
    std::uint32_t size = 0;
    if (bytes.size() - at >= sizeof size) std::memcpy(&size, &bytes[at], sizeof size);
    if (size < sizeof(record_header) || size > bytes.size() - at)
      return Fail("the task iterator gave a record of impossible size");
    record.Assign(std::span(bytes).subspan(at, size));
    handler(record.bytes());
    at += size;
  }
  return count;
}

void LoadedProbes::SetEnabled(const EventSet& wanted, const EventSet& wakes) {
  for (std::uint32_t event = 0; event < NR_EVENTS; ++event) {
    const struct {
      std::uint32_t enabled;
      std::uint32_t wakes;
    } value{wanted.test(event) ? 1u : 0u, wakes.test(event) ? 1u : 0u};
    bpf_map_update_elem(bpf_map__fd(skeleton_->maps.event_filter), &event, &value, BPF_ANY);
  }
  WatchOnly(wanted);
}

void LoadedProbes::WatchOnly(const EventSet& events) {
  probes::probes__bss& bss = *skeleton_->bss;
  using Words =
      std::array<std::uint64_t, std::extent_v<decltype(probes::probes__bss::native_watched)>>;
  const EventSet needed = SensorsNeeded(events);
  Words native{};
  Words compat{};
  for (const Watched& call : watched_) {
    // Credentials are part of who a process is: always wanted.
    if (!needed.test(call.event) && call.event != EVENT_CREDENTIALS) continue;
    (call.compat ? compat : native)[call.number / 64] |= std::uint64_t{1} << (call.number % 64);
  }
  for (std::size_t i = 0; i < native.size(); ++i) {
    std::atomic_ref(bss.native_watched[i]).store(native[i], std::memory_order_relaxed);
    std::atomic_ref(bss.compat_watched[i]).store(compat[i], std::memory_order_relaxed);
  }
}

std::vector<Flood> LoadedProbes::Floods() const {
  struct {
    std::int64_t tokens;
    std::uint64_t refilled_ns;
    std::uint64_t nr_dropped;
  } bucket{};
  const int fd = bpf_map__fd(skeleton_->maps.flood_buckets);
  const std::uint32_t most = bpf_map__max_entries(skeleton_->maps.flood_buckets);
  std::vector<Flood> floods;
  std::uint64_t key = 0;
  const void* previous = nullptr;
  // Bounded: where the key at hand is removed meanwhile, the kernel starts over.
  for (std::uint32_t i = 0; i < most && bpf_map_get_next_key(fd, previous, &key) == 0; ++i) {
    previous = &key;
    if (bpf_map_lookup_elem(fd, &key, &bucket) == 0 && bucket.nr_dropped > 0)
      floods.push_back({key, bucket.nr_dropped});
  }
  return floods;
}

std::atomic_ref<std::uint32_t> LoadedProbes::reader_state() const {
  return std::atomic_ref(skeleton_->bss->reader_state);
}

Status LoadedProbes::MarkContainer(std::uint64_t cgroup_id, std::uint64_t container_cgroup_id) {
  const struct {
    std::uint64_t container_cgroup_id;
    std::uint32_t by;
    std::uint32_t pad;
  } value{container_cgroup_id, CONTAINER_BY_USER, 0};
  const int fd = bpf_map__fd(skeleton_->maps.container_cgroups);
  if (bpf_map_update_elem(fd, &cgroup_id, &value, BPF_NOEXIST) == 0 || errno == EEXIST) return {};
  return Fail("remember a container's cgroup: " + ErrnoText(errno));
}

void LoadedProbes::UnmarkContainer(std::uint64_t cgroup_id) {
  bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.container_cgroups), &cgroup_id);
}

std::size_t LoadedProbes::ContainerCgroups() const {
  const int fd = bpf_map__fd(skeleton_->maps.container_cgroups);
  const std::uint32_t most = bpf_map__max_entries(skeleton_->maps.container_cgroups);
  std::uint64_t key = 0;
  const void* previous = nullptr;
  std::size_t count = 0;
  // Bounded: where the key at hand is removed meanwhile, the kernel starts over.
  while (count < most && bpf_map_get_next_key(fd, previous, &key) == 0) {
    previous = &key;
    ++count;
  }
  return count;
}

}  // namespace nezuban::probe
