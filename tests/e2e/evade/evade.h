// SPDX-License-Identifier: Apache-2.0
// What the ways of `evade` share; see main.c.
#pragma once

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>

struct way {
  const char* name;
  void (*act)(char** args);  // ends the process where the act fails
};

extern const struct way call_ways[];  // the last has no name
extern const struct way fault_ways[];
extern const struct way file_ways[];
extern const struct way name_ways[];
extern const struct way network_ways[];
extern const struct way process_ways[];
extern const struct way relay_ways[];

// Ends the process with a message where `condition` is false.
void need(bool condition, const char* what);

// int $0x80; pointers must lie below 4 GiB. Gives the kernel's result.
int int80(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e);
int int80_of(int number, const uint32_t arguments[6]);

// A TCP socket that is connected to that port of 127.0.0.1.
int connected_to(const char* port);

// A copy of `size` bytes below 4 GiB, as 32-bit calls want it.
uint32_t low(const void* bytes, unsigned size);
uint32_t low_text(const char* text);

// One request of a new ring, done: its result. `sqpoll`: a thread of the kernel's takes it.
int by_uring(bool sqpoll, const struct io_uring_sqe* request);

// To where no path can be said any more: DIRECTORY/nnn…/nnn…/…, made where it is not there yet.
void go_deep(const char* directory);

// Runs `disturb(what)` again and again in a thread until the process ends.
void disturb_with(void* (*disturb)(void* what), void* what);
