// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "recording/reader.h"
#include "recording/recorder.h"
#include "testlib/record_builder.h"
#include "testlib/temp_dir.h"

namespace nezuban::recording {

inline std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Identity SomeNode() { return {"0.1.0", "node-1", "boot-1", "6.1.0", 10'000'000}; }

// What an item is, as far as the tests compare it.
inline std::string Describe(const state::Item& item) {
  struct Describer {
    std::string operator()(const state::RecordItem& i) const {
      return "record " + std::string(reinterpret_cast<const char*>(i.bytes.data()), i.bytes.size());
    }
    std::string operator()(const state::SnapshotItem& i) const {
      return "snapshot " +
             std::string(reinterpret_cast<const char*>(i.bytes.data()), i.bytes.size());
    }
    std::string operator()(const state::CgroupItem& i) const {
      return "cgroup " + std::to_string(i.cgroup.id) + " " + std::to_string(i.cgroup.parent_id) +
             " " + i.cgroup.path;
    }
    std::string operator()(const state::ProcessItem& i) const {
      const state::ProcfsProcess& p = i.process;
      std::string text = "process " + p.comm + " " + p.exe_path + " " + p.args + " " + p.cwd + " " +
                         p.cgroup_path + (p.args_truncated ? " cut" : "");
      for (const std::uint64_t number :
           {std::uint64_t{p.tgid}, std::uint64_t{p.ppid}, p.start_ticks, std::uint64_t{p.sid},
            std::uint64_t{p.pgid}, std::uint64_t{p.tty}, std::uint64_t{p.vpid},
            std::uint64_t{p.uid}, std::uint64_t{p.euid}, std::uint64_t{p.gid},
            std::uint64_t{p.egid}, std::uint64_t{p.loginuid}, std::uint64_t{p.pid_ns},
            std::uint64_t{p.mnt_ns}, p.cgroup_id}) {
        text += " " + std::to_string(number);
      }
      return text;
    }
    std::string operator()(const state::LivingItem& i) const {
      std::string text = "living " + std::to_string(i.as_of_ns);
      for (const std::uint32_t tgid : i.tgids) text += " " + std::to_string(tgid);
      return text;
    }
    std::string operator()(const state::ContainerItem& i) const {
      return "container " + i.container.full_id + " " + i.container.id + " " + i.container.runtime +
             " " + std::to_string(i.container.cgroup_id) + " " + i.container.cgroup_path;
    }
    std::string operator()(const state::ClusterItem& i) const {
      return "cluster " + i.pod_uid + (i.metadata != nullptr ? " " + i.metadata->name : "");
    }
    std::string operator()(const state::NamesItem& i) const {
      std::string text =
          "names " + std::to_string(i.cgroup_id) + " " + std::to_string(static_cast<int>(i.answer));
      if (i.names == nullptr) return text;
      for (const state::User& user : i.names->users) text += " " + user.name;
      return text;
    }
    std::string operator()(const state::AnchorItem& i) const {
      return "anchor " + std::to_string(i.wall_offset_ns);
    }
    std::string operator()(const state::TickItem& i) const {
      return "tick " + std::to_string(i.time_ns);
    }
    std::string operator()(const state::LossItem& i) const {
      std::string text = "losses";
      for (const auto& c : i.counts) {
        text += " " + std::to_string(c.type) + ":" + std::to_string(c.reason) + ":" +
                std::to_string(c.count);
      }
      return text;
    }
  };
  return std::visit(Describer{}, item);
}

// What a reader gives, and how it ended ("" if well).
struct WasRead {
  std::vector<std::string> items;
  std::string end;
};

inline WasRead ReadAll(Result<Reader> reader) {
  WasRead read;
  if (!reader) {
    read.end = reader.error().message;
    return read;
  }
  while (true) {
    auto item = reader->Next();
    if (!item) {
      read.end = item.error().message;
      return read;
    }
    if (!*item) return read;
    read.items.push_back(Describe(**item));
  }
}

}  // namespace nezuban::recording
