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

// Calls on names: on the functions that tell what they act on, and at their exit.
struct NameCalls {
  event::EventType event;
  ProofAct act;
  const char* names;
  std::vector<SyscallNumbers> numbers;
  std::vector<std::pair<const char*, const char*>> hooks;  // program, kernel function
};

const std::vector<NameCalls>& AllNameCalls() {
  static const std::vector<NameCalls> all = {
      {EVENT_RENAME,
       ActRename,
       "rename, renameat, renameat2",
       {{82, 38, -1}, {264, 302, 38}, {316, 353, 276}},
       {{"on_path_rename", "security_path_rename"}}},
      {EVENT_UNLINK,
       ActUnlink,
       "unlink, unlinkat, rmdir",
       {{87, 10, -1}, {263, 301, 35}, {84, 40, -1}},
       {{"on_path_unlink", "security_path_unlink"}, {"on_path_rmdir", "security_path_rmdir"}}},
      {EVENT_MKDIR,
       ActMkdir,
       "mkdir, mkdirat",
       {{83, 39, -1}, {258, 296, 34}},
       {{"on_path_mkdir", "security_path_mkdir"}}},
      {EVENT_LINK,
       ActLink,
       "link, linkat, symlink, symlinkat",
       {{86, 9, -1}, {265, 303, 37}, {88, 83, -1}, {266, 304, 36}},
       {{"on_path_link", "security_path_link"}, {"on_path_symlink", "security_path_symlink"}}},
      {EVENT_CHMOD,
       ActChmod,
       "chmod, fchmod, fchmodat, fchmodat2",
       {{90, 15, -1}, {91, 94, 52}, {268, 306, 53}, {452, 452, 452}},
       {{"on_path_chmod", "security_path_chmod"}}},
      {EVENT_MKNOD,
       ActMknod,
       "mknod, mknodat",
       {{133, 14, -1}, {259, 297, 33}},
       {{"on_path_mknod", "security_path_mknod"}}},
      {EVENT_CHOWN,
       ActChown,
       "chown, lchown, fchown, fchownat",
       {{92, 212, -1},
        {94, 198, -1},
        {93, 207, 55},
        {260, 298, 54},
        {-1, 182, -1},
        {-1, 16, -1},
        {-1, 95, -1}},
       {{"on_path_chown", "security_path_chown"}}},
      {EVENT_UTIME,
       ActUtime,
       "utime, utimes, utimensat, futimesat",
       {{132, 30, -1}, {235, 271, -1}, {280, 320, 88}, {-1, 412, -1}, {261, 299, -1}},
       {{"on_vfs_utimes", "vfs_utimes"}}},
  };
  return all;
}

std::vector<SensorRow> NameCallSensors() {
  std::vector<SensorRow> rows;
  for (const NameCalls& calls : AllNameCalls()) {
    const std::string at_exit = std::string("tp_btf/sys_exit (") + calls.names + ")";
    SensorRow object{calls.event, SensorKind::kObject, "fentry", {}, calls.act};
    for (const auto& [program, function] : calls.hooks) {
      object.hook += std::string(calls.hooks.front().second == function ? "/" : ", ") + function;
      object.programs.push_back({program, kFentry, function});
    }
    object.hook += ", " + at_exit;
    object.programs.push_back({"on_noted_name_call", kSyscallExit, "", calls.numbers});
    rows.push_back(std::move(object));
    rows.push_back({calls.event,
                    SensorKind::kTracepoint,
                    at_exit,
                    {{"on_name_call", kSyscallExit, "", calls.numbers}},
                    calls.act});
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
