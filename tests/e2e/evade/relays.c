// SPDX-License-Identifier: Apache-2.0
// Shells whose streams are no network connection: another process has that, and passes on what
// comes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "evade.h"

// What comes from either goes to the other, until one has no more.
static void pass_on(int connection, int to_shell, int from_shell) {
  struct pollfd ends[2] = {{.fd = connection, .events = POLLIN},
                           {.fd = from_shell, .events = POLLIN}};
  char bytes[4096];
  while (poll(ends, 2, -1) > 0) {
    for (int i = 0; i < 2; ++i) {
      if (ends[i].revents == 0) continue;
      ssize_t size = read(ends[i].fd, bytes, sizeof bytes);
      if (size <= 0) return;
      need(write(i == 0 ? to_shell : connection, bytes, (size_t)size) == size, "write");
    }
  }
}

// `in` and `out` are the shell's, `to` and `from` the other ends.
static void relay(const char* port, int in, int out, int to, int from) {
  int connection = connected_to(port);
  if (fork() == 0) {
    close(connection);
    close(to);
    close(from);
    setsid();
    ioctl(in, TIOCSCTTY, 0);  // where it is a terminal
    for (int stream = 0; stream < 3; ++stream)
      need(dup2(stream == 0 ? in : out, stream) >= 0, "dup2");
    execl("/bin/sh", "sh", (char*)NULL);
    need(false, "exec");
  }
  close(in);
  if (out != in) close(out);
  signal(SIGPIPE, SIG_IGN);
  pass_on(connection, to, from);
}

static void relay_pipe(char** args) {
  int down[2], up[2];
  need(pipe(down) == 0 && pipe(up) == 0, "pipe");
  relay(args[0], down[0], up[1], down[1], up[0]);
}

static void relay_socketpair(char** args) {
  int ends[2];
  need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  relay(args[0], ends[0], ends[0], ends[1], ends[1]);
}

static void relay_terminal(char** args) {
  int ours = posix_openpt(O_RDWR | O_NOCTTY);
  need(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0, "posix_openpt");
  int theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
  need(theirs >= 0, "the terminal");
  relay(args[0], theirs, theirs, ours, ours);
}

const struct way relay_ways[] = {
    {"relay-pipe", relay_pipe},
    {"relay-socketpair", relay_socketpair},
    {"relay-terminal", relay_terminal},
    {NULL, NULL},
};
