/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls that name files: which event each is, and which of its arguments is what.
 */
#ifndef NEZUBAN_FILE_CALLS_BPF_H
#define NEZUBAN_FILE_CALLS_BPF_H

#include "syscall.bpf.h"

#define AT_FDCWD (-100)

enum {
	FILE_CALL_NONE,
	FILE_CALL_OPEN,
	FILE_CALL_OPENAT,
	FILE_CALL_OPENAT2,
	FILE_CALL_CREAT,
	FILE_CALL_OPEN_BY_HANDLE_AT,
	NR_FILE_CALLS,
};

/* Names of EVENT_OPEN. */
enum { OPEN_OPEN, OPEN_OPENAT, OPEN_OPENAT2, OPEN_CREAT, OPEN_BY_HANDLE_AT };

/* Arguments by position, from 1; 0: the call has none of that kind. */
struct file_call {
	__u8 event;
	__u8 variant; /* the event's name */
	__u8 dirfd;
	__u8 name;
	__u8 new_dirfd;
	__u8 new_name;
	__u8 flags;
	__u8 mode;
};

static const struct file_call file_calls[NR_FILE_CALLS] = {
	[FILE_CALL_OPEN] = {EVENT_OPEN, OPEN_OPEN, .name = 1, .flags = 2, .mode = 3},
	[FILE_CALL_OPENAT] = {EVENT_OPEN, OPEN_OPENAT, .dirfd = 1, .name = 2, .flags = 3,
			      .mode = 4},
	/* its flags and mode lie behind a pointer */
	[FILE_CALL_OPENAT2] = {EVENT_OPEN, OPEN_OPENAT2, .dirfd = 1, .name = 2},
	[FILE_CALL_CREAT] = {EVENT_OPEN, OPEN_CREAT, .name = 1, .mode = 2},
	[FILE_CALL_OPEN_BY_HANDLE_AT] = {EVENT_OPEN, OPEN_BY_HANDLE_AT, .dirfd = 1, .flags = 3},
};

#define NR_FILE_CALL_NUMBERS 512 /* of one table; a power of two */

#if defined(__TARGET_ARCH_arm64)
static const __u8 native_file_calls[NR_FILE_CALL_NUMBERS] = {
	[56] = FILE_CALL_OPENAT,
	[437] = FILE_CALL_OPENAT2,
	[265] = FILE_CALL_OPEN_BY_HANDLE_AT,
};
#else
static const __u8 native_file_calls[NR_FILE_CALL_NUMBERS] = {
	[2] = FILE_CALL_OPEN,
	[257] = FILE_CALL_OPENAT,
	[437] = FILE_CALL_OPENAT2,
	[85] = FILE_CALL_CREAT,
	[304] = FILE_CALL_OPEN_BY_HANDLE_AT,
};
#endif

/* i386's; arm's are never dispatched. */
static const __u8 compat_file_calls[NR_FILE_CALL_NUMBERS] = {
	[5] = FILE_CALL_OPEN,
	[295] = FILE_CALL_OPENAT,
	[437] = FILE_CALL_OPENAT2,
	[8] = FILE_CALL_CREAT,
	[342] = FILE_CALL_OPEN_BY_HANDLE_AT,
};

/* The call of that number; the empty row of FILE_CALL_NONE for any other. */
static __always_inline const struct file_call *file_call_of(struct syscall_id id)
{
	__u64 nr = (__u32)id.nr;
	__u64 call;

	if (nr >= NR_FILE_CALL_NUMBERS)
		return &file_calls[FILE_CALL_NONE];
	barrier_var(nr);
	nr &= NR_FILE_CALL_NUMBERS - 1;
	call = id.is_compat ? compat_file_calls[nr] : native_file_calls[nr];
	barrier_var(call);
	if (call >= NR_FILE_CALLS)
		call = FILE_CALL_NONE;
	return &file_calls[call];
}

/* The argument at that position; 0 where there is none. */
static __always_inline __u64 file_call_arg(const struct syscall_args *args, __u8 position)
{
	__u64 found = 0;

	for (int i = 0; i < NR_CALL_ARGS; i++) {
		__u64 value = args->arg[i];

		/* Else it is made one load at a variable place of the stack, refused before 5.12.
		 */
		barrier_var(value);
		if (position == i + 1)
			found = value;
	}
	return found;
}

static __always_inline __s32 file_call_dirfd(const struct syscall_args *args, __u8 position)
{
	return position ? (__s32)file_call_arg(args, position) : AT_FDCWD;
}

#endif
