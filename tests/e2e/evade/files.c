// SPDX-License-Identifier: Apache-2.0
// Opens.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "evade.h"

static void open_plain(char** args) { need(open(args[0], O_RDONLY) >= 0, "open"); }

// By as many processes as can run at once, as fast as they can, for so many seconds: how many there
// were.
static void open_flood(char** args) {
  _Atomic uint64_t* opens =
      mmap(NULL, sizeof *opens, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  need(opens != MAP_FAILED, "mmap");
  time_t end = time(NULL) + atoi(args[1]);
  for (long cpu = sysconf(_SC_NPROCESSORS_ONLN); cpu > 0; --cpu) {
    if (fork() != 0) continue;
    uint64_t count = 0;
    for (; time(NULL) < end; ++count) {
      int fd = open(args[0], O_RDONLY);
      need(fd >= 0, "open");
      close(fd);
    }
    *opens += count;
    exit(0);
  }
  while (wait(NULL) > 0) continue;
  printf("%llu opens\n", (unsigned long long)*opens);
}

static void open_openat2(char** args) {
  const struct open_how how = {.flags = O_RDONLY};
  need(syscall(SYS_openat2, AT_FDCWD, args[0], &how, sizeof how) >= 0, "openat2");
}

static void open_dirfd(char** args) {
  char directory[4096], name[4096];
  snprintf(directory, sizeof directory, "%s", args[0]);
  snprintf(name, sizeof name, "%s", args[0]);
  int fd = open(dirname(directory), O_PATH | O_DIRECTORY);
  need(fd >= 0 && openat(fd, basename(name), O_RDONLY) >= 0, "openat");
}

static void open_cwd(char** args) {
  char directory[4096], name[4096];
  snprintf(directory, sizeof directory, "%s", args[0]);
  snprintf(name, sizeof name, "/proc/self/cwd/%s", strrchr(args[0], '/') + 1);
  need(chdir(dirname(directory)) == 0 && open(name, O_RDONLY) >= 0, "open");
}

static void open_int80(char** args) {
  need(int80(5, low_text(args[0]), O_RDONLY, 0, 0, 0) >= 0, "int 0x80: open");
}

static void open_by_uring(char** args, bool sqpoll) {
  const struct io_uring_sqe request = {.opcode = IORING_OP_OPENAT,
                                       .fd = AT_FDCWD,
                                       .addr = (uintptr_t)args[0],
                                       .open_flags = O_RDONLY};
  need(by_uring(sqpoll, &request) >= 0, "io_uring: openat");
}
static void open_uring(char** args) { open_by_uring(args, false); }
static void open_sqpoll(char** args) { open_by_uring(args, true); }

static char shared_name[4096];

static void* swap_last_letter(void* letters) {
  volatile char* last = &shared_name[strlen(shared_name) - 1];
  for (;;) {
    *last = ((char*)letters)[0];
    *last = ((char*)letters)[1];
  }
  return NULL;
}

// args: the file, and the letter that its name ends with in the decoy's.
static void open_rewritten(char** args) {
  struct stat wanted, got;
  snprintf(shared_name, sizeof shared_name, "%s", args[0]);
  char letters[2] = {args[1][0], args[0][strlen(args[0]) - 1]};
  need(stat(args[0], &wanted) == 0, "stat");
  disturb_with(swap_last_letter, letters);
  for (int i = 0; i < 1000000; ++i) {
    int fd = open(shared_name, O_RDONLY);
    if (fd < 0) continue;
    bool hit = fstat(fd, &got) == 0 && got.st_ino == wanted.st_ino;
    close(fd);
    if (hit) return;
  }
  need(false, "the file was never hit");
}

void go_deep(const char* directory) {
  char name[201];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  need(chdir(directory) == 0, "chdir");
  for (int depth = 0; depth < 30; ++depth)
    need((mkdir(name, 0700) == 0 || errno == EEXIST) && chdir(name) == 0, "mkdir");
}

// By a short path to a link that lies deep.
static void open_deep(char** args) {
  go_deep("/tmp");
  need(symlink(args[0], "way") == 0 && open("way", O_RDONLY) >= 0, "open");
}

// args: the file, and a directory beside it. The file has another name there, too deep for its path
// to be told.
static void open_long(char** args) {
  go_deep(args[1]);
  need(link(args[0], "hard") == 0 || errno == EEXIST, "link");
  need(open("hard", O_RDONLY) >= 0, "open");
}

const struct way file_ways[] = {
    {"open", open_plain},       {"open-flood", open_flood},   {"open-openat2", open_openat2},
    {"open-dirfd", open_dirfd}, {"open-cwd", open_cwd},       {"open-int80", open_int80},
    {"open-uring", open_uring}, {"open-sqpoll", open_sqpoll}, {"open-rewritten", open_rewritten},
    {"open-deep", open_deep},   {"open-long", open_long},     {NULL, NULL},
};
