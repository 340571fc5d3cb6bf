// SPDX-License-Identifier: Apache-2.0
// Calls on names: directories made, names added, changed and removed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evade.h"

static uint64_t address(const void* pointer) { return (uint64_t)(uintptr_t)pointer; }

static void mkdir_plain(char** args) { need(mkdir(args[0], 0700) == 0, "mkdir"); }
static void mkdir_int80(char** args) {
  need(int80(39, low_text(args[0]), 0700, 0, 0, 0) == 0, "mkdir");
}
static void unlink_plain(char** args) { need(unlink(args[0]) == 0, "unlink"); }
static void unlink_int80(char** args) {
  need(int80(10, low_text(args[0]), 0, 0, 0, 0) == 0, "unlink");
}
static void rename_plain(char** args) { need(rename(args[0], args[1]) == 0, "rename"); }
static void rename_int80(char** args) {
  need(int80(38, low_text(args[0]), low_text(args[1]), 0, 0, 0) == 0, "rename");
}
static void link_plain(char** args) { need(link(args[0], args[1]) == 0, "link"); }
static void link_int80(char** args) {
  need(int80(9, low_text(args[0]), low_text(args[1]), 0, 0, 0) == 0, "link");
}
static void symlink_plain(char** args) { need(symlink(args[0], args[1]) == 0, "symlink"); }
static void symlink_int80(char** args) {
  need(int80(83, low_text(args[0]), low_text(args[1]), 0, 0, 0) == 0, "symlink");
}

// The directory that the path lies in, as a descriptor; the path becomes the name in it.
static int directory_of(char** path) {
  static char copies[2][4096];
  static int used;
  char* copy = copies[used++];
  snprintf(copy, sizeof copies[0], "%s", *path);
  *path += strlen(*path) - strlen(strrchr(*path, '/') + 1);
  int directory = open(dirname(copy), O_PATH | O_DIRECTORY);
  need(directory >= 0, "the directory");
  return directory;
}

static void mkdir_dirfd(char** args) {
  int directory = directory_of(&args[0]);
  need(mkdirat(directory, args[0], 0700) == 0, "mkdirat");
}
static void unlink_dirfd(char** args) {
  int directory = directory_of(&args[0]);
  need(unlinkat(directory, args[0], 0) == 0, "unlinkat");
}
static void rename_dirfd(char** args) {
  int from = directory_of(&args[0]), to = directory_of(&args[1]);
  need(renameat(from, args[0], to, args[1]) == 0, "renameat");
}
static void link_dirfd(char** args) {
  int from = directory_of(&args[0]), to = directory_of(&args[1]);
  need(linkat(from, args[0], to, args[1], 0) == 0, "linkat");
}

// args of all these: a directory, in which it is done too deep for the paths to be told.
static void mkdir_long(char** args) {
  go_deep(args[0]);
  need(mkdir("made", 0700) == 0, "mkdir");
}
static void unlink_long(char** args) {
  go_deep(args[0]);
  need(mknod("removed", S_IFREG | 0600, 0) == 0 && unlink("removed") == 0, "unlink");
}
static void rename_long(char** args) {
  go_deep(args[0]);
  need(mknod("from", S_IFREG | 0600, 0) == 0 && rename("from", "to") == 0, "rename");
}
// The second argument: what the new name leads to.
static void link_long(char** args) {
  go_deep(args[0]);
  need(link(args[1], "added") == 0, "link");
}

static void request(bool sqpoll, const char* what, struct io_uring_sqe sqe) {
  need(by_uring(sqpoll, &sqe) == 0, what);
}
static void mkdir_by_uring(char** args, bool sqpoll) {
  request(sqpoll, "io_uring: mkdirat",
          (struct io_uring_sqe){
              .opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = address(args[0]), .len = 0700});
}
static void unlink_by_uring(char** args, bool sqpoll) {
  request(sqpoll, "io_uring: unlinkat",
          (struct io_uring_sqe){
              .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = address(args[0])});
}
// new_directory: what the second name starts from; 0 where fd is that (symlinkat).
static void request_names(bool sqpoll, const char* what, uint8_t opcode, char** args,
                          int new_directory) {
  request(sqpoll, what,
          (struct io_uring_sqe){.opcode = opcode,
                                .fd = AT_FDCWD,
                                .addr = address(args[0]),
                                .addr2 = address(args[1]),
                                .len = (uint32_t)new_directory});
}
static void rename_by_uring(char** args, bool sqpoll) {
  request_names(sqpoll, "io_uring: renameat", IORING_OP_RENAMEAT, args, AT_FDCWD);
}
static void link_by_uring(char** args, bool sqpoll) {
  request_names(sqpoll, "io_uring: linkat", IORING_OP_LINKAT, args, AT_FDCWD);
}
static void symlink_by_uring(char** args, bool sqpoll) {
  request_names(sqpoll, "io_uring: symlinkat", IORING_OP_SYMLINKAT, args, 0);
}

static void mkdir_uring(char** args) { mkdir_by_uring(args, false); }
static void mkdir_sqpoll(char** args) { mkdir_by_uring(args, true); }
static void unlink_uring(char** args) { unlink_by_uring(args, false); }
static void unlink_sqpoll(char** args) { unlink_by_uring(args, true); }
static void rename_uring(char** args) { rename_by_uring(args, false); }
static void rename_sqpoll(char** args) { rename_by_uring(args, true); }
static void link_uring(char** args) { link_by_uring(args, false); }
static void link_sqpoll(char** args) { link_by_uring(args, true); }
static void symlink_uring(char** args) { symlink_by_uring(args, false); }
static void symlink_sqpoll(char** args) { symlink_by_uring(args, true); }

const struct way name_ways[] = {
    {"mkdir", mkdir_plain},
    {"mkdir-int80", mkdir_int80},
    {"mkdir-dirfd", mkdir_dirfd},
    {"mkdir-long", mkdir_long},
    {"mkdir-uring", mkdir_uring},
    {"mkdir-sqpoll", mkdir_sqpoll},
    {"unlink", unlink_plain},
    {"unlink-int80", unlink_int80},
    {"unlink-dirfd", unlink_dirfd},
    {"unlink-long", unlink_long},
    {"unlink-uring", unlink_uring},
    {"unlink-sqpoll", unlink_sqpoll},
    {"rename", rename_plain},
    {"rename-int80", rename_int80},
    {"rename-dirfd", rename_dirfd},
    {"rename-long", rename_long},
    {"rename-uring", rename_uring},
    {"rename-sqpoll", rename_sqpoll},
    {"link", link_plain},
    {"link-int80", link_int80},
    {"link-dirfd", link_dirfd},
    {"link-long", link_long},
    {"link-uring", link_uring},
    {"link-sqpoll", link_sqpoll},
    {"symlink", symlink_plain},
    {"symlink-int80", symlink_int80},
    {"symlink-uring", symlink_uring},
    {"symlink-sqpoll", symlink_sqpoll},
    {NULL, NULL},
};
