// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Draft;

struct Case {
  std::string_view field;
  std::string value;
};

Draft<call_record> Call(int event, std::uint8_t variant) {
  return Draft<call_record>(Actor{.tgid = 20, .comm = "tool"}, event, variant);
}

TEST(PrivilegeEvents, Setns) {
  Reader reader;
  auto setns = Call(EVENT_NAMESPACE, 0);
  setns->arg[0] = 9;
  setns->known[0] = CLONE_NEWNS;
  setns->known[1] = 4026531841;
  const Case kCases[] = {
      {"evt.type", "setns"},     {"evt.category", "process"},       {"evt.rawres", "0"},
      {"evt.arg.fd", "9"},       {"evt.arg.nstype", "CLONE_NEWNS"}, {"evt.arg.ns", "4026531841"},
      {"evt.arg.pid", "absent"}, {"evt.arg.flags", "absent"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(setns.Build(), c.field), c.value) << c.field;
  setns->known[0] = setns->known[1] = 0;
  setns->arg[1] = CLONE_NEWPID | CLONE_NEWNET;
  setns->target_tgid = 77;
  EXPECT_EQ(reader.Text(setns.Build(), "evt.arg.nstype"), "CLONE_NEWNET|CLONE_NEWPID");
  EXPECT_EQ(reader.Text(setns.Build(), "evt.arg.ns"), "absent");
  EXPECT_EQ(reader.Text(setns.Build(), "evt.arg.pid"), "77");
}

TEST(PrivilegeEvents, Unshare) {
  Reader reader;
  auto unshare = Call(EVENT_NAMESPACE, 1);
  unshare->arg[0] = CLONE_NEWUSER | CLONE_NEWNS;
  unshare->result = -EPERM;
  const Case kCases[] = {{"evt.type", "unshare"},
                         {"evt.res", "EPERM"},
                         {"evt.arg.flags", "CLONE_NEWNS|CLONE_NEWUSER"},
                         {"evt.arg.nstype", "absent"},
                         {"evt.args", "res=EPERM flags=CLONE_NEWNS|CLONE_NEWUSER"}};
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(unshare.Build(), c.field), c.value) << c.field;
}

TEST(PrivilegeEvents, NamesOfRequestsCommandsAndFlags) {
  struct Row {
    int event;
    std::uint8_t variant;
    std::uint64_t arg[3];
    std::string_view field;
    std::string value;
  };
  const Row kRows[] = {
      {EVENT_PTRACE, 0, {16}, "evt.arg.request", "PTRACE_ATTACH"},
      {EVENT_PTRACE, 0, {999}, "evt.arg.request", "999"},
      {EVENT_PTRACE, 0, {16}, "evt.arg.pid", "unknown"},
      {EVENT_ROOT, 3, {0, 2}, "evt.arg.flags", "MNT_DETACH"},
      {EVENT_ROOT, 2, {0, 2}, "evt.arg.flags", "absent"},
      {EVENT_SIGNAL, 0, {1, 9}, "evt.arg.sig", "SIGKILL"},
      {EVENT_BPF, 0, {5}, "evt.arg.cmd", "BPF_PROG_LOAD"},
      {EVENT_BPF, 2, {1}, "evt.arg.flags", "UFFD_USER_MODE_ONLY"},
      {EVENT_MODULE, 1, {3, 0, 2}, "evt.arg.flags", "MODULE_INIT_IGNORE_VERMAGIC"},
      {EVENT_KEYCTL, 0, {11}, "evt.arg.operation", "KEYCTL_READ"},
      {EVENT_MEMFD, 0, {0, 9}, "evt.arg.flags", "MFD_CLOEXEC|MFD_NOEXEC_SEAL"},
      {EVENT_SETUID, 0, {0}, "evt.arg.uid", "root"},
      {EVENT_SETUID, 4, {0xffffffff, 1000}, "evt.arg.ruid", "<NONE>"},
      {EVENT_SETUID, 4, {0xffffffff, 1000}, "evt.arg.euid", "1000"},
      {EVENT_SETUID, 1, {0}, "evt.arg.uid", "absent"},
      {EVENT_MOUNT_API, 1, {3, 6}, "evt.arg.cmd", "FSCONFIG_CMD_CREATE"},
      {EVENT_MOUNT_API, 3, {0, 0, 1}, "evt.arg.flags", "OPEN_TREE_CLONE"},
  };
  for (const Row& row : kRows) {
    Reader reader;
    auto call = Call(row.event, row.variant);
    for (int i = 0; i < 3; ++i) call->arg[i] = row.arg[i];
    EXPECT_EQ(reader.Text(call.Build(), row.field), row.value) << row.field;
  }
}

TEST(PrivilegeEvents, MemfdIsAFileOfItsName) {
  Reader reader;
  auto memfd = Call(EVENT_MEMFD, 0);
  memfd.Text(memfd->text[0], "kworker");
  memfd->file = {.ino = 77, .dev = 1, .nlink = 0, .mnt_ns = 0, .mode = 0100777};
  memfd->result = 4;
  const Case kMade[] = {{"evt.category", "memory"},   {"evt.arg.fd", "<f>memfd:kworker"},
                        {"evt.arg.name", "kworker"},  {"fd.num", "4"},
                        {"fd.name", "memfd:kworker"}, {"fd.nlink", "0"}};
  for (const Case& c : kMade) EXPECT_EQ(reader.Text(memfd.Build(), c.field), c.value) << c.field;
  memfd->file = {};
  memfd->result = -EINVAL;
  const Case kRefused[] = {{"evt.arg.fd", "EINVAL"},
                           {"evt.arg.name", "kworker"},
                           {"fd.num", "-1"},
                           {"fd.name", "absent"}};
  for (const Case& c : kRefused) EXPECT_EQ(reader.Text(memfd.Build(), c.field), c.value) << c.field;
}

TEST(PrivilegeEvents, CodeOfAFileTellsTheFile) {
  Reader reader;
  auto mmap = Call(EVENT_MMAP, 0);
  mmap.Text(mmap->text[0], "memfd:x");
  mmap->file = {.ino = 77, .dev = 1, .nlink = 0, .mnt_ns = 0, .mode = 0100777};
  const std::uint64_t args[] = {0, 4096, 5, 0x12, 7, 8192};
  std::copy(std::begin(args), std::end(args), mmap->arg);
  const Case kMapped[] = {{"evt.args",
                           "res=SUCCESS addr=0 length=4096 prot=PROT_READ|PROT_EXEC "
                           "flags=MAP_PRIVATE|MAP_FIXED fd=<f>memfd:x offset=8192"},
                          {"fd.num", "7"},
                          {"fd.name", "memfd:x"},
                          {"fd.nlink", "0"},
                          {"evt.is_io_uring", "false"}};
  for (const Case& c : kMapped) EXPECT_EQ(reader.Text(mmap.Build(), c.field), c.value) << c.field;
  auto mprotect = Call(EVENT_MMAP, 2);
  mprotect.Text(mprotect->text[0], "/tmp/x");
  mprotect->file = mmap->file;
  mprotect->arg[2] = 4;
  mprotect->hdr.flags |= RECORD_IO_URING;
  const Case kProtected[] = {{"evt.type", "mprotect"},
                             {"evt.args", "res=SUCCESS addr=0 length=0 prot=PROT_EXEC"},
                             {"fd.num", "absent"},
                             {"fd.name", "/tmp/x"},
                             {"evt.is_io_uring", "true"}};
  for (const Case& c : kProtected)
    EXPECT_EQ(reader.Text(mprotect.Build(), c.field), c.value) << c.field;
}

TEST(PrivilegeEvents, BpfTellsTypesByWhatItMade) {
  Reader reader;
  auto bpf = Call(EVENT_BPF, 0);
  bpf->known[0] = 2;
  bpf->known[2] = 1;
  EXPECT_EQ(reader.Text(bpf.Build(), "evt.arg.type"), "BPF_PROG_TYPE_KPROBE");
  bpf->known[2] = 2;
  EXPECT_EQ(reader.Text(bpf.Build(), "evt.arg.type"), "BPF_MAP_TYPE_ARRAY");
  bpf->known[2] = 0;
  EXPECT_EQ(reader.Text(bpf.Build(), "evt.arg.type"), "absent");
}

Draft<credentials_record> Change(std::uint32_t euid, std::uint8_t by) {
  Draft<credentials_record> change(Actor{.tgid = 20, .comm = "tool", .uid = euid});
  change->after.uid = change->after.euid = euid;
  change->by = by;
  return change;
}

// The kernel's word on what was before, else that of the process's last record.
TEST(Credentials, BecomingRootIsToldFromExecutingASetuidProgram) {
  Reader reader;
  auto change = Change(0, CREDENTIALS_BY_OTHER);
  EXPECT_EQ(reader.Text(change.Build(), "cred.became_root"), "unknown");
  change->before_known = 1;
  change->before.uid = change->before.euid = 1000;
  change->after.cap_effective = 1;
  EXPECT_EQ(reader.Text(change.Build(), "cred.became_root"), "true");
  EXPECT_EQ(reader.Text(change.Build(), "cred.by"), "other");
  EXPECT_EQ(reader.Text(change.Build(), "cred.caps_gained"), "CAP_CHOWN");
  EXPECT_EQ(reader.Text(change.Build(), "evt.arg.oldeuid"), "1000");
  EXPECT_EQ(reader.Text(change.Build(), "thread.cap_effective"), "CAP_CHOWN");
  change->by = CREDENTIALS_BY_EXEC;
  EXPECT_EQ(reader.Text(change.Build(), "cred.became_root"), "false");

  Reader by_table;
  by_table.Text(testlib::Exec(Actor{.tgid = 20, .comm = "tool", .uid = 33}, "/bin/x").Build(),
                "proc.name");
  const auto change_by_call = Change(0, CREDENTIALS_BY_SETUID).Build();
  EXPECT_EQ(by_table.Text(change_by_call, "cred.became_root"), "true");
}

TEST(Credentials, CapabilitiesAreThoseOfTheLastExec) {
  Reader reader;
  auto exec = testlib::Exec(Actor{.tgid = 20, .comm = "tool"}, "/bin/x");
  exec->cap_permitted = 1ull << 21 | 1ull << 39;
  EXPECT_EQ(reader.Text(exec.Build(), "thread.cap_permitted"), "CAP_SYS_ADMIN CAP_BPF");
  EXPECT_EQ(reader.Text(exec.Build(), "thread.cap_effective"), "");
  const auto unshare = Call(EVENT_NAMESPACE, 1).Build();
  EXPECT_EQ(reader.Text(unshare, "thread.cap_permitted"), "CAP_SYS_ADMIN CAP_BPF");
  Reader other;
  EXPECT_EQ(other.Text(unshare, "thread.cap_permitted"), "unknown");
}

}  // namespace
}  // namespace nezuban::fields
