// SPDX-License-Identifier: Apache-2.0
// System calls by their numbers, as a 64-bit program makes them and as a 32-bit one does.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
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
  GIVEN,
  FILE_OPEN,
  ZEROES
};  // GIVEN: the path in the arguments of `evade`

struct argument {
  enum kind kind;
  uint32_t number;
  const char* text;
};

struct call {
  const char* name;
  long native;
  int compat;  // i386's number
  struct argument arguments[5];
};

#define OF(value) \
  { .number = (uint32_t)(value) }
#define SAYS(words) \
  { .kind = TEXT, .text = (words) }
#define GIVEN_PATH \
  { .kind = GIVEN }
#define OPENED(path) \
  { .kind = FILE_OPEN, .text = (path) }
#define ZERO_BYTES(size) \
  { .kind = ZEROES, .number = (size) }

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
};

static uint32_t value_of(const struct argument* argument, char** args) {
  static const char zeroes[4096];
  switch (argument->kind) {
    case NUMBER:
      break;
    case TEXT:
      return low_text(argument->text);
    case GIVEN:
      return low_text(args[1]);
    case FILE_OPEN:
      return (uint32_t)open(argument->text, O_RDONLY);
    case ZEROES:
      return low(zeroes, argument->number);
  }
  return argument->number;
}

static void make_call(char** args, bool compat) {
  uint32_t values[5];
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; ++i) {
    const struct call* call = &calls[i];
    if (strcmp(call->name, args[0]) != 0) continue;
    for (unsigned k = 0; k < 5; ++k) values[k] = value_of(&call->arguments[k], args);
    const long result =
        compat ? int80(call->compat, values[0], values[1], values[2], values[3], values[4])
               : syscall(call->native, values[0], values[1], values[2], values[3], values[4]);
    need(result >= 0, call->name);
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
