// SPDX-License-Identifier: Apache-2.0
// Arguments that are rewritten while the kernel reads them: it waits for a page that userfaultfd
// keeps from it, and what it has already taken is changed meanwhile. Unlike a thread that spins,
// this hits each time.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "evade.h"

int mount(const char*, const char*, const char*, unsigned long, const void*);

enum {
  PAGE = 4096,
  WORD =
      8  // the kernel takes text and addresses in words: one it is in the middle of, it takes anew
};

struct fault {
  int uffd;
  char* page;           // which is not there
  char content[PAGE];   // what it will hold
  char* taken;          // what the kernel has read when it comes to the page,
  const char* instead;  // and what is there from then on
  size_t size;
};

static void* serve(void* what) {
  struct fault* fault = what;
  struct uffd_msg message;
  need(read(fault->uffd, &message, sizeof message) == sizeof message, "the fault");
  memcpy(fault->taken, fault->instead, fault->size);
  struct uffdio_copy copy = {.dst = (uintptr_t)fault->page,
                             .src = (uintptr_t)fault->content,
                             .len = sizeof fault->content};
  need(ioctl(fault->uffd, UFFDIO_COPY, &copy) == 0, "UFFDIO_COPY");
  return NULL;
}

// Two pages; the second is not there. Who reads it makes `serve` run, once.
static struct fault* make_fault(void) {
  struct fault* fault = calloc(1, sizeof *fault);
  char* pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  need(fault != NULL && pages != MAP_FAILED, "mmap");
  fault->page = pages + PAGE;
  fault->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  need(fault->uffd >= 0 && ioctl(fault->uffd, UFFDIO_API, &api) == 0, "userfaultfd");
  struct uffdio_register range = {.range = {.start = (uintptr_t)fault->page, .len = PAGE},
                                  .mode = UFFDIO_REGISTER_MODE_MISSING};
  need(ioctl(fault->uffd, UFFDIO_REGISTER, &range) == 0, "UFFDIO_REGISTER");
  return fault;
}

// These bytes, of which the first word becomes `instead` as soon as the kernel reads the second.
static char* change_first_word(const void* bytes, size_t size, const char* instead) {
  struct fault* fault = make_fault();
  fault->taken = fault->page - WORD;
  fault->instead = instead;
  fault->size = WORD;
  memcpy(fault->taken, bytes, WORD);
  memcpy(fault->content, (const char*)bytes + WORD, size - WORD);
  disturb_with(serve, fault);
  return fault->taken;
}

// Another path of that length, which leads nowhere.
static char* change_path(const char* path) {
  char* elsewhere = strdup(path);
  need(elsewhere != NULL && strlen(path) >= WORD, "a path of a word or more");
  elsewhere[WORD - 2] = 'X';
  return change_first_word(path, strlen(path) + 1, elsewhere);
}

static void open_faulted(char** args) {
  char* path = change_path(args[0]);
  need(open(path, O_RDONLY) >= 0, "open");
  need(strcmp(path, args[0]) != 0, "a path that was changed");
}

// args: the program, and its argv[0].
static void exec_faulted(char** args) {
  execv(change_path(args[0]), args + 1);
  need(false, "execve");
}

// args: the port, and the decoy's.
static void connect_faulted(char** args) {
  struct sockaddr_in peer = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(args[0])),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in decoy = peer, got;
  decoy.sin_port = htons((uint16_t)atoi(args[1]));
  struct sockaddr* rewritten = (void*)change_first_word(&peer, sizeof peer, (const char*)&decoy);
  socklen_t size = sizeof got;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  need(fd >= 0 && connect(fd, rewritten, sizeof peer) == 0, "connect");
  need(getpeername(fd, (void*)&got, &size) == 0 && got.sin_port == peer.sin_port, "the peer");
  need(memcmp(rewritten, &decoy, sizeof decoy) == 0, "an address that was changed");
}

// args: where to. The options are what the kernel reads last.
static void mount_faulted(char** args) {
  struct statfs got;
  char type[] = "cgroup2";
  struct fault* fault = make_fault();
  fault->taken = type;
  fault->instead = "tmpfs\0\0";
  fault->size = sizeof type;
  disturb_with(serve, fault);
  need(mount("none", args[0], type, 0, fault->page) == 0, "mount");
  need(statfs(args[0], &got) == 0 && got.f_type == CGROUP2_SUPER_MAGIC, "the file system");
  need(strcmp(type, "tmpfs") == 0, "a type that was changed");
}

static void mkdir_faulted(char** args) { need(mkdir(change_path(args[0]), 0700) == 0, "mkdir"); }
static void unlink_faulted(char** args) { need(unlink(change_path(args[0])) == 0, "unlink"); }
static void rename_faulted(char** args) {
  need(rename(change_path(args[0]), args[1]) == 0, "rename");
}
static void link_faulted(char** args) { need(link(change_path(args[0]), args[1]) == 0, "link"); }

const struct way fault_ways[] = {
    {"open-faulted", open_faulted},
    {"exec-faulted", exec_faulted},
    {"connect-faulted", connect_faulted},
    {"mount-faulted", mount_faulted},
    {"mkdir-faulted", mkdir_faulted},
    {"unlink-faulted", unlink_faulted},
    {"rename-faulted", rename_faulted},
    {"link-faulted", link_faulted},
    {NULL, NULL},
};
