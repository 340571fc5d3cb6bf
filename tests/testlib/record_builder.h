// SPDX-License-Identifier: Apache-2.0
// Builds valid records from readable C++, as the kernel side would write them:
//
//   Draft<mount_record> mount({.tgid = 7, .start_ns = 70, .comm = "mount"});
//   mount->flags = MS_BIND;
//   mount.Text(mount->target, "/mnt");
//   Record record = mount.Build();
//   enricher.Apply(record.event());
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "event/decode.h"
#include "event/event.h"

namespace nezuban::testlib {

// Who did it: what goes into a record's header.
struct Actor {
  std::uint32_t tgid = 100;
  std::uint64_t start_ns = 1000;
  std::string_view comm = "test";
  std::uint64_t cgroup_id = 1;
  std::uint64_t origin_cgroup_id = 0;
  std::uint32_t tid = 0;  // 0: the leader
  std::uint32_t uid = 0;
  std::uint64_t time_ns = 2000;
  std::uint32_t flags = 0;
};

// Owns a record's bytes, 8-byte aligned and not one more than there are.
class Record {
 public:
  explicit Record(std::span<const std::byte> bytes)
      : bytes_(new (std::align_val_t{8}) std::byte[bytes.size()]), size_(bytes.size()) {
    std::memcpy(bytes_, bytes.data(), size_);
  }
  Record(const Record& other) : Record(other.bytes()) {}
  Record& operator=(const Record&) = delete;
  ~Record() { ::operator delete[](bytes_, std::align_val_t{8}); }

  std::span<const std::byte> bytes() const { return {bytes_, size_}; }
  std::span<std::byte> mutable_bytes() { return {bytes_, size_}; }
  // REQUIRES: Decode accepts it. Valid as long as this is.
  event::Event event() const {
    const auto decoded = event::Decode(bytes());
    CHECK(decoded.has_value());
    return *decoded;
  }

 private:
  std::byte* bytes_;
  std::size_t size_;
};

// A record in the making: set the fixed part through ->, then the strings, then Build.
template <typename R>
class Draft {
 public:
  explicit Draft(const Actor& actor,
                 std::uint8_t variant = 0) requires(std::has_single_bit(event::kTypesOfRecord<R>))
      : Draft(actor, std::countr_zero(event::kTypesOfRecord<R>), variant) {}

  // Where several events share the struct.
  Draft(const Actor& actor, int type, std::uint8_t variant) {
    record_header& header = Header();
    header.type = static_cast<event::EventType>(type);
    header.variant = variant;
    header.lane = event::EventTable()[header.type].lane;
    header.sensor = SENSOR_TRACEPOINT;
    header.time_ns = actor.time_ns;
    header.tgid = actor.tgid;
    header.tid = actor.tid != 0 ? actor.tid : actor.tgid;
    header.start_ns = actor.start_ns;
    header.uid = header.euid = header.gid = header.egid = actor.uid;
    header.loginuid = 0xffffffffu;
    header.flags = actor.flags;
    header.cgroup_id = actor.cgroup_id;
    header.origin_cgroup_id = actor.origin_cgroup_id;
    std::memcpy(header.comm, actor.comm.data(),
                std::min<std::size_t>(actor.comm.size(), COMM_LEN - 1));
  }

  R* operator->() { return &fixed_; }

  // Appends text. `ref` is a member of this draft; `total` is its length at the source if that is
  // not the length of `bytes`.
  Draft& Text(str_ref& ref, std::string_view bytes, std::optional<std::uint32_t> total = {}) {
    ref.off = static_cast<__u16>(sizeof(R) + tail_.size());
    ref.len = static_cast<__u16>(bytes.size());
    ref.total = total.value_or(ref.len);
    tail_ += bytes;
    return *this;
  }

  Record Build() {
    Header().size = static_cast<__u32>(sizeof(R) + tail_.size());
    std::vector<std::byte> bytes(Header().size);
    std::memcpy(bytes.data(), &fixed_, sizeof(R));
    if (!tail_.empty()) std::memcpy(bytes.data() + sizeof(R), tail_.data(), tail_.size());
    return Record(bytes);
  }

 private:
  // Every record starts with one.
  record_header& Header() { return reinterpret_cast<record_header&>(fixed_); }

  R fixed_{};
  std::string tail_;
};

// argv as a record holds it.
inline std::string Argv(std::initializer_list<std::string_view> args) {
  std::string out;
  for (std::string_view arg : args) out.append(arg).push_back('\0');
  return out;
}

// `actor` (as it is after the exec) executed `exe`.
inline Draft<exec_record> Exec(const Actor& actor, std::string_view exe, std::string_view argv = {},
                               std::string_view cwd = "/") {
  Draft<exec_record> exec(actor);
  exec->ppid = 1;
  exec->vpid = actor.tgid;
  exec.Text(exec->exe, exe).Text(exec->args, argv).Text(exec->env, "").Text(exec->cwd, cwd);
  for (str_ref& name : exec->stdio_names) exec.Text(name, "");
  return exec;
}

// `actor` forked a child, which starts in the actor's cgroup and with its origin.
inline Draft<fork_record> Fork(const Actor& actor, std::uint32_t child_tgid,
                               std::uint64_t child_start_ns) {
  Draft<fork_record> fork(actor);
  fork->child_tgid = child_tgid;
  fork->child_vpid = child_tgid;
  fork->child_start_ns = child_start_ns;
  fork->child_cgroup_id = actor.cgroup_id;
  fork->child_origin_cgroup_id = actor.origin_cgroup_id;
  fork->ppid = actor.tgid;
  fork->parent_start_ns = actor.start_ns;
  return fork;
}

inline Draft<exit_record> Exit(const Actor& actor, std::int32_t exit_code = 0) {
  Draft<exit_record> exit(actor);
  exit->exit_code = exit_code;
  return exit;
}

inline constexpr std::uint8_t kCgroupMkdir = 0;
inline constexpr std::uint8_t kCgroupAttach = 1;
inline constexpr std::uint8_t kCgroupRmdir = 2;

inline Draft<cgroup_record> Cgroup(std::uint8_t variant, std::uint64_t id, std::uint64_t parent_id,
                                   std::string_view path, const Actor& actor = {}) {
  Draft<cgroup_record> cgroup(actor, variant);
  cgroup->id = id;
  cgroup->parent_id = parent_id;
  cgroup.Text(cgroup->path, path);
  return cgroup;
}

}  // namespace nezuban::testlib
