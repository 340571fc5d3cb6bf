// SPDX-License-Identifier: Apache-2.0
// System calls by their numbers, as a 64-bit program makes them and as a 32-bit one does.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "evade.h"

enum kind {
  NUMBER,
  TEXT,
  BYTES,
  GIVEN,  // the path in the arguments of `evade`
  FILE_OPEN,
  SOCKET,
  FILE_IN_MEMORY,
};

struct argument {
  enum kind kind;
  uint32_t number;   // BYTES: how many
  const void* text;  // or bytes
};

struct call {
  const char* name;
  long native;
  int compat;  // i386's number
  struct argument arguments[6];
  bool fails;  // it may: the attempt counts
};

#define OF(value) \
  { .number = (uint32_t)(value) }
#define SAYS(words) \
  { .kind = TEXT, .text = (words) }
#define GIVEN_PATH \
  { .kind = GIVEN }
#define OPENED(path) \
  { .kind = FILE_OPEN, .text = (path) }
#define WORDS(...)                                                                                 \
  {                                                                                                \
    .kind = BYTES, .number = sizeof(uint32_t[]){__VA_ARGS__}, .text = (uint32_t[]) { __VA_ARGS__ } \
  }
#define ZERO_BYTES(size) \
  { .kind = BYTES, .number = (size), .text = zeroes }
#define TCP_SOCKET \
  { .kind = SOCKET }
#define MEMORY_FILE \
  { .kind = FILE_IN_MEMORY }

static const char zeroes[4096];

static const struct call calls[] = {
    {"unshare", SYS_unshare, 310, {OF(CLONE_NEWUTS)}},
    {"setns", SYS_setns, 346, {OPENED("/proc/self/ns/uts"), OF(0)}},
    {"chroot", SYS_chroot, 61, {SAYS("/tmp")}},
    {"umount2", SYS_umount2, 52, {GIVEN_PATH, OF(MNT_DETACH)}},
    {"chmod", SYS_chmod, 15, {SAYS("/tmp/what"), OF(04755)}},
    {"chown", SYS_chown, 212, {SAYS("/tmp/what"), OF(0), OF(0)}},
    {"mknod", SYS_mknod, 14, {GIVEN_PATH, OF(S_IFIFO | 0600), OF(0)}},
    {"utimensat", SYS_utimensat, 320, {OF(AT_FDCWD), SAYS("/tmp/what"), OF(0), OF(0)}},
    {"ptrace", SYS_ptrace, 26, {OF(PTRACE_TRACEME), OF(0), OF(0), OF(0)}},
    {"pidfd_open", SYS_pidfd_open, 434, {OF(1), OF(0)}},
    {"memfd_create", SYS_memfd_create, 356, {SAYS("payload"), OF(0)}},
    {"keyctl", SYS_keyctl, 288, {OF(KEYCTL_JOIN_SESSION_KEYRING), OF(0)}},
    {"io_uring_setup", SYS_io_uring_setup, 425, {OF(1), ZERO_BYTES(120)}},
    {"userfaultfd", SYS_userfaultfd, 374, {OF(1 /* UFFD_USER_MODE_ONLY */)}},
    {"setuid", SYS_setuid, 213, {OF(0)}},
    {"setresgid", SYS_setresgid, 210, {OF(0), OF(0), OF(0)}},
    {"fsopen", SYS_fsopen, 430, {SAYS("tmpfs"), OF(0)}},
    {"open_tree", SYS_open_tree, 428, {OF(AT_FDCWD), SAYS("/tmp"), OF(OPEN_TREE_CLONE)}},
    {"socket", SYS_socket, 359, {OF(AF_PACKET), OF(SOCK_RAW), OF(0)}},
    {"bind", SYS_bind, 361, {TCP_SOCKET, WORDS(AF_INET, 0, 0, 0), OF(16)}},
    {"listen", SYS_listen, 363, {TCP_SOCKET, OF(1)}},
    {"accept4", SYS_accept4, 364, {TCP_SOCKET, OF(0), OF(0), OF(0)}, .fails = true},
    {"dup3", SYS_dup3, 330, {TCP_SOCKET, OF(0), OF(0)}},
    {"mmap",
     SYS_mmap,
     192,
     {OF(0), OF(4096), OF(PROT_READ | PROT_EXEC), OF(MAP_PRIVATE), MEMORY_FILE, OF(0)}},
    {"bpf", SYS_bpf, 357, {OF(BPF_MAP_CREATE), WORDS(BPF_MAP_TYPE_ARRAY, 4, 4, 1), OF(16)}},
    {"perf_event_open",
     SYS_perf_event_open,
     336,
     {WORDS(PERF_TYPE_SOFTWARE, PERF_ATTR_SIZE_VER0, [PERF_ATTR_SIZE_VER0 / 4 - 1] = 0), OF(0),
      OF(-1), OF(-1), OF(0)}},
    {"seccomp", SYS_seccomp, 354, {OF(SECCOMP_GET_ACTION_AVAIL), OF(0), WORDS(SECCOMP_RET_ALLOW)}},
    {"capset", SYS_capset, 185, {WORDS(_LINUX_CAPABILITY_VERSION_3, 0), ZERO_BYTES(24)}},
    {"pivot_root", SYS_pivot_root, 217, {SAYS("/tmp"), SAYS("/tmp")}, .fails = true},
    {"process_vm_readv",
     SYS_process_vm_readv,
     347,
     {OF(1), ZERO_BYTES(16), OF(1), ZERO_BYTES(16), OF(1), OF(0)}},
    {"process_vm_writev",
     SYS_process_vm_writev,
     348,
     {OF(1), ZERO_BYTES(16), OF(1), ZERO_BYTES(16), OF(1), OF(0)}},
    {"pidfd_getfd", SYS_pidfd_getfd, 438, {OPENED("/"), OF(0), OF(0)}, .fails = true},
    {"mount_setattr",
     SYS_mount_setattr,
     442,
     {OF(AT_FDCWD), SAYS("/proc"), OF(0), ZERO_BYTES(32), OF(32)}},
    {"fspick", SYS_fspick, 433, {OF(AT_FDCWD), SAYS("/proc"), OF(0)}},
    {"add_key",
     SYS_add_key,
     286,
     {SAYS("user"), SAYS("k"), SAYS("v"), OF(1), OF(KEY_SPEC_PROCESS_KEYRING)}},
};

static int memfd_with_a_page(void) {
  int file = memfd_create("x", 0);
  need(file >= 0 && write(file, zeroes, sizeof zeroes) == sizeof zeroes, "a file in memory");
  return file;
}

static uint32_t value_of(const struct argument* argument, char** args) {
  switch (argument->kind) {
    case NUMBER:
      break;
    case TEXT:
      return low_text(argument->text);
    case GIVEN:
      return low_text(args[1]);
    case BYTES:
      return low(argument->text, argument->number);
    case FILE_OPEN:
      return (uint32_t)open(argument->text, O_RDONLY);
    case SOCKET:
      return (uint32_t)socket(AF_INET, SOCK_STREAM, 0);
    case FILE_IN_MEMORY:
      return (uint32_t)memfd_with_a_page();
  }
  return argument->number;
}

static void make_call(char** args, bool compat) {
  uint32_t values[6];
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; ++i) {
    const struct call* call = &calls[i];
    if (strcmp(call->name, args[0]) != 0) continue;
    for (unsigned k = 0; k < 6; ++k) values[k] = value_of(&call->arguments[k], args);
    const long result = compat ? int80_of(call->compat, values)
                               : syscall(call->native, values[0], values[1], values[2], values[3],
                                         values[4], values[5]);
    need(result >= 0 || result < -4095 || call->fails, call->name);  // an address may look negative
    return;
  }
  need(false, "no such call");
}

// args of both: the call, and its path where the table says so.
static void call_plain(char** args) { make_call(args, false); }
static void call_int80(char** args) { make_call(args, true); }

const struct way call_ways[] = {
    {"call", call_plain},
    {"call-int80", call_int80},
    {NULL, NULL},
};
