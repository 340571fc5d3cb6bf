// SPDX-License-Identifier: Apache-2.0
// Programs executed, mounts, and processes that leave their cgroup or namespace.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evade.h"

int mount(const char*, const char*, const char*, unsigned long, const void*);
extern char** environ;

// args of all these: the program, and its argv.
static void exec_plain(char** args) {
  execv(args[0], args + 1);
  need(false, "execve");
}

static void exec_fexecve(char** args) {
  fexecve(open(args[0], O_RDONLY | O_CLOEXEC), args + 1, environ);
  need(false, "fexecve");
}

static void exec_empty_path(char** args) {
  syscall(SYS_execveat, open(args[0], O_PATH), "", args + 1, environ, AT_EMPTY_PATH);
  need(false, "execveat");
}

static void exec_proc_fd(char** args) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", open(args[0], O_RDONLY));
  execv(name, args + 1);
  need(false, "execve");
}

// A copy of the program in a file that has no name.
static int nameless(const char* program, int copy) {
  char piece[65536];
  int from = open(program, O_RDONLY);
  need(from >= 0 && copy >= 0, program);
  for (ssize_t size; (size = read(from, piece, sizeof piece)) > 0;)
    need(write(copy, piece, (size_t)size) == size, "write");
  return copy;
}

static void exec_memfd(char** args) {
  fexecve(nameless(args[0], memfd_create("x", MFD_CLOEXEC)), args + 1, environ);
  need(false, "fexecve");
}

static void exec_unlinked(char** args) {
  const char name[] = "/tmp/soon-gone";
  close(nameless(args[0], open(name, O_CREAT | O_WRONLY, 0700)));
  int program = open(name, O_RDONLY | O_CLOEXEC);
  need(unlink(name) == 0, "unlink");
  fexecve(program, args + 1, environ);
  need(false, "fexecve");
}

static void exec_int80(char** args) {
  const uint32_t argv[2] = {low_text(args[1]), 0}, none[1] = {0};
  int80(11, low_text(args[0]), low(argv, sizeof argv), low(none, sizeof none), 0, 0);
  need(false, "execve");
}

// Another name for itself, before and after.
static void exec_disguised(char** args) {
  char* const argv[] = {"kworker/0:1", NULL};
  prctl(PR_SET_NAME, "kworker/0:0");
  execv(args[0], argv);
  need(false, "execve");
}

static char shared_program[4096];

static void* swap_last_letter(void* letters) {
  volatile char* last = &shared_program[strlen(shared_program) - 1];
  for (;;) {
    *last = ((char*)letters)[0];
    *last = ((char*)letters)[1];
  }
  return NULL;
}

// args: the program, its argv[0], and the decoy's last letter.
// The decoy does not exist, so that exec goes on until it hits the program.
static void exec_rewritten(char** args) {
  snprintf(shared_program, sizeof shared_program, "%s", args[0]);
  char letters[2] = {args[2][0], args[0][strlen(args[0]) - 1]};
  char* argv[] = {args[1], NULL};
  shared_program[strlen(shared_program) - 1] = letters[0];
  disturb_with(swap_last_letter, letters);
  for (int i = 0; i < 1000000; ++i) execv(shared_program, argv);
  need(false, "the program was never hit");
}

// args of both: where to.
static void mount_plain(char** args) {
  need(mount("none", args[0], "cgroup2", 0, NULL) == 0, "mount");
}

static void mount_int80(char** args) {
  uint32_t none = low_text("none");
  need(int80(21, none, low_text(args[0]), low_text("cgroup2"), 0, 0) == 0, "mount");
}

static void mount_new_api(char** args) {
  int fs = (int)syscall(SYS_fsopen, "cgroup2", 0);
  need(fs >= 0 && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0, "fsconfig");
  int detached = (int)syscall(SYS_fsmount, fs, 0, 0);
  need(detached >= 0, "fsmount");
  need(syscall(SYS_move_mount, detached, "", AT_FDCWD, args[0], MOVE_MOUNT_F_EMPTY_PATH) == 0,
       "move_mount");
}

static char shared_type[16];

static void* swap_types(void* nothing) {
  (void)nothing;
  for (;;) {
    memcpy(shared_type, "tmpfs\0\0", 8);
    memcpy(shared_type, "cgroup2", 8);
  }
  return NULL;
}

// Half of the mounts are of another file system, which all the others look like.
static void mount_rewritten(char** args) {
  struct statfs got;
  int hits = 0;
  disturb_with(swap_types, NULL);
  for (int i = 0; i < 5000 && hits < 100; ++i) {
    if (mount("none", args[0], shared_type, 0, NULL) == 0 && statfs(args[0], &got) == 0 &&
        got.f_type == CGROUP2_SUPER_MAGIC)
      ++hits;
    usleep(1000);  // or all are over before the other thread runs
  }
  need(hits > 0, "the file system was never hit");
}

static void finish(pid_t child) {
  int status = 0;
  need(waitpid(child, &status, 0) == child && status == 0, "the child");
}

// The rest are ways to be somewhere else. args: what to open from there, and where that is.
static void open_it(const char* file) { need(open(file, O_RDONLY) >= 0, "open"); }

static void move_cgroup(char** args) {
  int procs = open(args[1], O_WRONLY);
  need(procs >= 0 && write(procs, "0", 1) == 1, "cgroup.procs");
  open_it(args[0]);
}

static void move_clone3(char** args) {
  struct clone_args how = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
  int cgroup = open(args[1], O_RDONLY | O_DIRECTORY);
  need(cgroup >= 0, "the cgroup");
  how.cgroup = (uint64_t)cgroup;
  pid_t child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
  need(child >= 0, "clone3");
  if (child == 0) {
    open_it(args[0]);
    _exit(0);
  }
  finish(child);
}

static void move_unshare(char** args) {
  need(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP) == 0, "unshare");
  pid_t child = fork();
  if (child == 0) {
    open_it(args[0]);
    _exit(0);
  }
  finish(child);
}

static void move_setns(char** args) {
  int ns = open(args[1], O_RDONLY);
  need(ns >= 0 && setns(ns, 0) == 0, "setns");
  open_it(args[0]);
}

// args: what to open. The pid is one that another program had a moment ago.
static void pid_reused(char** args) {
  pid_t before = fork();
  if (before == 0) {
    execl("/bin/evil", "evil", "who-was-before", (char*)NULL);
    _exit(1);
  }
  need(before > 0 && waitpid(before, NULL, 0) == before, "the child before");
  struct clone_args how = {
      .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&before, .set_tid_size = 1};
  pid_t child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
  if (child == 0) {
    open_it(args[0]);
    _exit(0);
  }
  need(child == before, "clone3 with set_tid");
  finish(child);
}

const struct way process_ways[] = {
    {"exec", exec_plain},
    {"exec-fexecve", exec_fexecve},
    {"exec-empty-path", exec_empty_path},
    {"exec-proc-fd", exec_proc_fd},
    {"exec-memfd", exec_memfd},
    {"exec-unlinked", exec_unlinked},
    {"exec-int80", exec_int80},
    {"exec-disguised", exec_disguised},
    {"exec-rewritten", exec_rewritten},
    {"mount", mount_plain},
    {"mount-int80", mount_int80},
    {"mount-new-api", mount_new_api},
    {"mount-rewritten", mount_rewritten},
    {"move-cgroup", move_cgroup},
    {"move-clone3", move_clone3},
    {"move-unshare", move_unshare},
    {"move-setns", move_setns},
    {"pid-reused", pid_reused},
    {NULL, NULL},
};
