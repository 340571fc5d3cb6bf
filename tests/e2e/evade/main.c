// SPDX-License-Identifier: Apache-2.0
// evade WAY [ARGUMENT...]: does one act, plainly or in a way that hides it from who looks at system
// calls and their arguments. Ends with 0 once the act is done.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "evade.h"

void need(bool condition, const char* what) {
  if (condition) return;
  perror(what);
  exit(99);
}

int int80_of(int number, const uint32_t arguments[6]) {
  int result = 0;
  register uint32_t sixth __asm__("r12") = arguments[5];
  __asm__ volatile("mov %%rbp, %%r13\n\tmov %%r12d, %%ebp\n\tint $0x80\n\tmov %%r13, %%rbp"
                   : "=a"(result)
                   : "a"(number), "b"(arguments[0]), "c"(arguments[1]), "d"(arguments[2]),
                     "S"(arguments[3]), "D"(arguments[4]), "r"(sixth)
                   : "memory", "r8", "r9", "r10", "r11", "r13");
  return result;
}

int int80(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e) {
  return int80_of(number, (const uint32_t[6]){a, b, c, d, e, 0});
}

uint32_t low(const void* bytes, unsigned size) {
  void* copy =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  need(copy != MAP_FAILED, "mmap");
  memcpy(copy, bytes, size);
  return (uint32_t)(uintptr_t)copy;
}

uint32_t low_text(const char* text) { return low(text, (unsigned)strlen(text) + 1); }

static char* map_ring(int ring, size_t size, off_t what) {
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);
  need(memory != MAP_FAILED, "mmap of a ring");
  return memory;
}

int by_uring(bool sqpoll, const struct io_uring_sqe* request) {
  struct io_uring_params params = {.flags = sqpoll ? IORING_SETUP_SQPOLL : 0,
                                   .sq_thread_idle = 1000};
  int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
  need(ring >= 0, "io_uring_setup");
  char* sq = map_ring(ring, params.sq_off.array + params.sq_entries * sizeof(uint32_t),
                      IORING_OFF_SQ_RING);
  char* cq = map_ring(ring, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
                      IORING_OFF_CQ_RING);
  struct io_uring_sqe* entries = (void*)map_ring(ring, sizeof *entries, IORING_OFF_SQES);
  entries[0] = *request;
  *(uint32_t*)(sq + params.sq_off.array) = 0;
  atomic_store((_Atomic uint32_t*)(sq + params.sq_off.tail), 1);
  unsigned flags = IORING_ENTER_GETEVENTS | (sqpoll ? IORING_ENTER_SQ_WAKEUP : 0);
  need(syscall(SYS_io_uring_enter, ring, 1, 1, flags, NULL, 0) >= 0, "io_uring_enter");
  while (atomic_load((_Atomic uint32_t*)(cq + params.cq_off.tail)) == 0) usleep(1000);
  return ((struct io_uring_cqe*)(cq + params.cq_off.cqes))->res;
}

void disturb_with(void* (*disturb)(void*), void* what) {
  pthread_t thread;
  need(pthread_create(&thread, NULL, disturb, what) == 0, "pthread_create");
}

int main(int argc, char** argv) {
  const struct way* const tables[] = {call_ways,    fault_ways,   file_ways, name_ways,
                                      network_ways, process_ways, relay_ways};
  for (unsigned i = 0; argc > 1 && i < sizeof tables / sizeof *tables; ++i) {
    for (const struct way* way = tables[i]; way->name != NULL; ++way) {
      if (strcmp(way->name, argv[1]) != 0) continue;
      way->act(argv + 2);
      return 0;
    }
  }
  fprintf(stderr, "usage: evade WAY [ARGUMENT...]\n");
  return 98;
}
