// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "probe/acts.h"
#include "probe/acts_names.h"
#include "probe/sensors.h"

namespace nezuban::probe {

using enum Attachment;

namespace {

// On the requests io_uring takes; the tracepoint has that name from 6.4 on, the other before.
std::vector<ProgramRow> UringRequests(const std::string& event) {
  return {{"on_uring_" + event, kTracepoint, "__bpf_trace_io_uring_submit_req", {}, true},
          {"on_uring_sqe_" + event, kTracepoint, "__bpf_trace_io_uring_submit_sqe", {}, true}};
}

// The opens and the calls on names that a ring may ask for, whichever kind sees the others.
void AddUringRequests(std::vector<SensorRow>& rows) {
  constexpr struct {
    event::EventType event;
    const char* name;
  } kRequests[] = {{EVENT_OPEN, "open"},
                   {EVENT_RENAME, "rename"},
                   {EVENT_UNLINK, "unlink"},
                   {EVENT_MKDIR, "mkdir"},
                   {EVENT_LINK, "link"}};
  for (SensorRow& row : rows) {
    for (const auto& [event, name] : kRequests) {
      if (row.event != event) continue;
      for (ProgramRow& program : UringRequests(name)) row.programs.push_back(std::move(program));
    }
  }
}

// A call on names, with an entry point for each table that it has a number in.
struct NameCall {
  const char* name;  // of the entry points
  SyscallNumbers numbers;
  bool optional = false;  // some kernels don't have it
};

// Calls on names: on the functions that tell what they act on, and at their ends.
struct NameCalls {
  event::EventType event;
  ProofAct act;
  std::vector<NameCall> calls;
  std::vector<std::pair<const char*, const char*>> hooks;  // program, kernel function
  // What tells calls that only i386 has, and a function of their type.
  std::vector<std::pair<const char*, const char*>> i386{};
};

const std::vector<NameCalls>& AllNameCalls() {
  static const std::vector<NameCalls> all = {
      {EVENT_RENAME,
       ActRename,
       {{"rename", {82, 38, -1}}, {"renameat", {264, 302, 38}}, {"renameat2", {316, 353, 276}}},
       {{"on_path_rename", "security_path_rename"}}},
      {EVENT_UNLINK,
       ActUnlink,
       {{"unlink", {87, 10, -1}}, {"unlinkat", {263, 301, 35}}, {"rmdir", {84, 40, -1}}},
       {{"on_path_unlink", "security_path_unlink"}, {"on_path_rmdir", "security_path_rmdir"}}},
      {EVENT_MKDIR,
       ActMkdir,
       {{"mkdir", {83, 39, -1}}, {"mkdirat", {258, 296, 34}}},
       {{"on_path_mkdir", "security_path_mkdir"}}},
      {EVENT_LINK,
       ActLink,
       {{"link", {86, 9, -1}},
        {"linkat", {265, 303, 37}},
        {"symlink", {88, 83, -1}},
        {"symlinkat", {266, 304, 36}}},
       {{"on_path_link", "security_path_link"}, {"on_path_symlink", "security_path_symlink"}}},
      {EVENT_CHMOD,
       ActChmod,
       {{"chmod", {90, 15, -1}},
        {"fchmod", {91, 94, 52}},
        {"fchmodat", {268, 306, 53}},
        {"fchmodat2", {452, 452, 452}, true}},
       {{"on_path_chmod", "security_path_chmod"}}},
      {EVENT_MKNOD,
       ActMknod,
       {{"mknod", {133, 14, -1}}, {"mknodat", {259, 297, 33}}},
       {{"on_path_mknod", "security_path_mknod"}}},
      {EVENT_CHOWN,
       ActChown,
       {{"chown", {92, 212, -1}},
        {"lchown", {94, 198, -1}},
        {"fchown", {93, 207, 55}},
        {"fchownat", {260, 298, 54}},
        {"chown16", {-1, 182, -1}},
        {"lchown16", {-1, 16, -1}},
        {"fchown16", {-1, 95, -1}}},
       {{"on_path_chown", "security_path_chown"}},
       {{"on_noted_chown16", "__ia32_sys_chown16"}}},
      {EVENT_UTIME,
       ActUtime,
       {{"utime", {132, -1, -1}},
        {"utimes", {235, -1, -1}},
        {"utimensat", {280, 412, 88}},
        {"futimesat", {261, -1, -1}},
        {"utime32", {-1, 30, -1}},
        {"utimes_time32", {-1, 271, -1}},
        {"utimensat_time32", {-1, 320, -1}},
        {"futimesat_time32", {-1, 299, -1}}},
       {{"on_vfs_utimes", "vfs_utimes"}},
       {{"on_noted_time32", "__ia32_sys_utime32"}}},
  };
  return all;
}

// "rename, renameat, renameat2"
std::string NamesOf(const std::vector<NameCall>& calls) {
  std::string names;
  for (const NameCall& call : calls)
    if (call.numbers.x86_64 >= 0) names += (names.empty() ? "" : ", ") + std::string(call.name);
  return names;
}

// The program that tells what was noted, those at the ends of the calls, which go on to it, and
// those that note. Attached in this order: a note of which no end comes would be left behind.
SensorRow ObjectSensor(const NameCalls& family) {
  SensorRow row{family.event, SensorKind::kObject, "fentry", {}, family.act};
  row.programs.push_back({"on_noted_name_call", kTailCalled, "__x64_sys_rename"});
  for (const auto& [program, function] : family.i386)
    row.programs.push_back({program, kTailCalled, function, {}, true});
  for (const NameCall& call : family.calls) {
    const std::string name = call.name;
    if (call.numbers.x86_64 >= 0)
      row.programs.push_back(
          {"on_" + name + "_x64", kFexit, "__x64_sys_" + name, {}, call.optional});
    if (call.numbers.i386 >= 0)
      row.programs.push_back({"on_" + name + "_ia32", kFexit, "__ia32_sys_" + name, {}, true});
  }
  for (const auto& [program, function] : family.hooks) {
    row.hook += std::string(family.hooks.front().second == function ? "/" : ", ") + function;
    row.programs.push_back({program, kFentry, function});
  }
  row.hook += ", fexit " + NamesOf(family.calls);
  return row;
}

SensorRow TracepointSensor(const NameCalls& family) {
  ProgramRow program{"on_name_call", kSyscallExit};
  for (const NameCall& call : family.calls) program.syscalls.push_back(call.numbers);
  return {family.event,
          SensorKind::kTracepoint,
          "tp_btf/sys_exit (" + NamesOf(family.calls) + ")",
          {std::move(program)},
          family.act};
}

std::vector<SensorRow> NameCallSensors() {
  std::vector<SensorRow> rows;
  for (const NameCalls& family : AllNameCalls()) {
    rows.push_back(ObjectSensor(family));
    rows.push_back(TracepointSensor(family));
  }
  return rows;
}

std::vector<SensorRow> MmapSensors() {
  std::vector<SensorRow> rows = SyscallSensors(
      EVENT_MMAP, {{"mprotect", {10, 125, 226}}, {"pkey_mprotect", {329, 380, 288}, true}},
      ActMmap);
  const ProgramRow object[] = {
      {"on_mmap_x64", kFexit, "__x64_sys_mmap"},
      {"on_mmap_pgoff_ia32", kFexit, "__ia32_sys_mmap_pgoff", {}, true},
      {"on_ia32_mmap_ia32", kFexit, "__ia32_compat_sys_ia32_mmap", {}, true}};
  const ProgramRow tracepoint[] = {{"on_mmap", kSyscallExit, "", {{9, -1, 222}}},
                                   {"on_mmap_pgoff", kSyscallExit, "", {{-1, 192, -1}}},
                                   {"on_ia32_mmap", kSyscallExit, "", {{-1, 90, -1}}}};
  rows[0].hook += ", mmap";
  rows[0].programs.insert(rows[0].programs.end(), std::begin(object), std::end(object));
  rows[1].hook = "tp_btf/sys_exit (mmap, mprotect, pkey_mprotect)";
  rows[1].programs.insert(rows[1].programs.end(), std::begin(tracepoint), std::end(tracepoint));
  return rows;
}

}  // namespace

std::vector<SensorRow> FileSensors() {
  std::vector<SensorRow> rows = {
      {EVENT_OPEN,
       SensorKind::kObject,
       "fentry/security_file_open, fexit do_sys_openat2, do_handle_open",
       {{"on_openat2_begin", kFentry, "do_sys_openat2"},
        {"on_handle_open_begin", kFentry, "do_handle_open"},
        {"on_file_open", kFentry, "security_file_open"},
        {"on_openat2_end", kFexit, "do_sys_openat2"},
        {"on_handle_open_end", kFexit, "do_handle_open"}},
       ActOpen},
      {EVENT_OPEN,
       SensorKind::kTracepoint,
       "tp_btf/sys_exit (open, openat, openat2, creat, open_by_handle_at)",
       {{"on_open",
         kSyscallExit,
         "",
         {{2, 5, -1}, {257, 295, 56}, {437, 437, 437}, {85, 8, -1}, {304, 342, 265}}}},
       ActOpen},
  };
  rows = Join<SensorRow>({std::move(rows), NameCallSensors()});
  AddUringRequests(rows);
  return Join<SensorRow>(
      {std::move(rows), MmapSensors(),
       SyscallSensors(EVENT_MEMFD, {{"memfd_create", {319, 356, 279}}}, ActMemfd)});
}

}  // namespace nezuban::probe
