// SPDX-License-Identifier: Apache-2.0
// workload KIND COUNT: does an act COUNT times and prints nanoseconds per act; the kinds are in the
// table below. What the overhead of the monitor is measured on.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char* self;

static void die(const char* what) {
  perror(what);
  exit(1);
}

static long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static pid_t spawn(char* const argv[]) {
  pid_t child = vfork();
  if (child == 0) {
    execv(self, argv);
    _exit(127);
  }
  return child;
}

static void forkexec(long count) {
  char* const argv[] = {self, "nothing", "0", NULL};
  for (long i = 0; i < count; ++i) {
    int status;
    pid_t child = spawn(argv);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) die("child");
  }
}

static void connects(long count) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof(at);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct linger reset = {1, 0};  // no TIME_WAIT: the ports would run out
  if (bind(listener, (struct sockaddr*)&at, length) || listen(listener, 16) ||
      getsockname(listener, (struct sockaddr*)&at, &length))
    die("listen");
  for (long i = 0; i < count; ++i) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr*)&at, sizeof(at))) die("connect");
    int server = accept(listener, NULL, NULL);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(client);
    close(server);
  }
}

static const char file[] = "/etc/passwd";

static void opens(long count) {
  for (long i = 0; i < count; ++i) {
    int fd = open(file, O_RDONLY);
    if (fd < 0) die("open");
    close(fd);
  }
}

static void stats(long count) {
  struct stat info;
  for (long i = 0; i < count; ++i)
    if (stat(file, &info)) die("stat");
}

static void getpids(long count) {
  for (long i = 0; i < count; ++i) syscall(SYS_getpid);
}

static void pipes(long count) {
  int fds[2];
  char byte = 0;
  if (pipe(fds)) die("pipe");
  for (long i = 0; i < count; ++i)
    if (write(fds[1], &byte, 1) != 1 || read(fds[0], &byte, 1) != 1) die("pipe io");
}

static void nothing(long count) { (void)count; }

static const struct {
  const char* name;
  void (*run)(long count);
} kinds[] = {{"forkexec", forkexec}, {"open", opens}, {"stat", stats},     {"connect", connects},
             {"getpid", getpids},    {"pipe", pipes}, {"nothing", nothing}};

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  self = realpath("/proc/self/exe", NULL);
  long count = atol(argv[2]);
  for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
    if (strcmp(kinds[i].name, argv[1]) != 0) continue;
    long start = now_ns();
    kinds[i].run(count);
    if (count > 0) printf("%.2f\n", (double)(now_ns() - start) / (double)count);
    return 0;
  }
  return 1;
}
