/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls that name files: which event each is, and which of its arguments is what.
 */
#ifndef NEZUBAN_FILE_CALLS_BPF_H
#define NEZUBAN_FILE_CALLS_BPF_H

#include "syscall.bpf.h"

enum {
	FILE_CALL_NONE,
	FILE_CALL_OPEN,
	FILE_CALL_OPENAT,
	FILE_CALL_OPENAT2,
	FILE_CALL_CREAT,
	FILE_CALL_OPEN_BY_HANDLE_AT,
	FILE_CALL_RENAME,
	FILE_CALL_RENAMEAT,
	FILE_CALL_RENAMEAT2,
	FILE_CALL_UNLINK,
	FILE_CALL_UNLINKAT,
	FILE_CALL_RMDIR,
	FILE_CALL_MKDIR,
	FILE_CALL_MKDIRAT,
	FILE_CALL_LINK,
	FILE_CALL_LINKAT,
	FILE_CALL_SYMLINK,
	FILE_CALL_SYMLINKAT,
	FILE_CALL_CHMOD,
	FILE_CALL_FCHMOD,
	FILE_CALL_FCHMODAT,
	FILE_CALL_FCHMODAT2,
	FILE_CALL_MKNOD,
	FILE_CALL_MKNODAT,
	FILE_CALL_CHOWN,
	FILE_CALL_LCHOWN,
	FILE_CALL_FCHOWN,
	FILE_CALL_FCHOWNAT,
	FILE_CALL_CHOWN16,
	FILE_CALL_LCHOWN16,
	FILE_CALL_FCHOWN16,
	FILE_CALL_UTIME,
	FILE_CALL_UTIMES,
	FILE_CALL_UTIMENSAT,
	FILE_CALL_UTIMENSAT_TIME64,
	FILE_CALL_FUTIMESAT,
	NR_FILE_CALLS,
};

/* Names of EVENT_OPEN. */
enum { OPEN_OPEN, OPEN_OPENAT, OPEN_OPENAT2, OPEN_CREAT, OPEN_BY_HANDLE_AT };

/* Those of the events on names. */
enum { RENAME_RENAME, RENAME_RENAMEAT, RENAME_RENAMEAT2 };
enum { UNLINK_UNLINK, UNLINK_UNLINKAT, UNLINK_RMDIR };
enum { MKDIR_MKDIR, MKDIR_MKDIRAT };
enum { LINK_LINK, LINK_LINKAT, LINK_SYMLINK, LINK_SYMLINKAT };
enum { CHMOD_CHMOD, CHMOD_FCHMOD, CHMOD_FCHMODAT, CHMOD_FCHMODAT2 };
enum { MKNOD_MKNOD, MKNOD_MKNODAT };
enum { CHOWN_CHOWN, CHOWN_LCHOWN, CHOWN_FCHOWN, CHOWN_FCHOWNAT };
enum { UTIME_UTIME, UTIME_UTIMES, UTIME_UTIMENSAT, UTIME_FUTIMESAT };

/* What the words of a pair of file times are. */
enum {
	TIMES_SECONDS = 1,
	TIMES_MICROSECONDS,
	TIMES_NANOSECONDS,
	TIMES_NANOSECONDS_64, /* of 64 bits, in the 32-bit table too */
};

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
	__u8 dev;
	__u8 owner; /* the user; the group is the next one */
	__u8 times;
	__u8 form; /* of times TIMES_*; of an owner, 16: ids of 16 bits */
};

static const struct file_call file_calls[NR_FILE_CALLS] = {
	[FILE_CALL_OPEN] = {EVENT_OPEN, OPEN_OPEN, .name = 1, .flags = 2, .mode = 3},
	[FILE_CALL_OPENAT] = {EVENT_OPEN, OPEN_OPENAT, .dirfd = 1, .name = 2, .flags = 3,
			      .mode = 4},
	/* its flags and mode lie behind a pointer */
	[FILE_CALL_OPENAT2] = {EVENT_OPEN, OPEN_OPENAT2, .dirfd = 1, .name = 2},
	[FILE_CALL_CREAT] = {EVENT_OPEN, OPEN_CREAT, .name = 1, .mode = 2},
	[FILE_CALL_OPEN_BY_HANDLE_AT] = {EVENT_OPEN, OPEN_BY_HANDLE_AT, .dirfd = 1, .flags = 3},
	[FILE_CALL_RENAME] = {EVENT_RENAME, RENAME_RENAME, .name = 1, .new_name = 2},
	[FILE_CALL_RENAMEAT] = {EVENT_RENAME, RENAME_RENAMEAT, .dirfd = 1, .name = 2,
				.new_dirfd = 3, .new_name = 4},
	[FILE_CALL_RENAMEAT2] = {EVENT_RENAME, RENAME_RENAMEAT2, .dirfd = 1, .name = 2,
				 .new_dirfd = 3, .new_name = 4, .flags = 5},
	[FILE_CALL_UNLINK] = {EVENT_UNLINK, UNLINK_UNLINK, .name = 1},
	[FILE_CALL_UNLINKAT] = {EVENT_UNLINK, UNLINK_UNLINKAT, .dirfd = 1, .name = 2, .flags = 3},
	[FILE_CALL_RMDIR] = {EVENT_UNLINK, UNLINK_RMDIR, .name = 1},
	[FILE_CALL_MKDIR] = {EVENT_MKDIR, MKDIR_MKDIR, .name = 1, .mode = 2},
	[FILE_CALL_MKDIRAT] = {EVENT_MKDIR, MKDIR_MKDIRAT, .dirfd = 1, .name = 2, .mode = 3},
	[FILE_CALL_LINK] = {EVENT_LINK, LINK_LINK, .name = 1, .new_name = 2},
	[FILE_CALL_LINKAT] = {EVENT_LINK, LINK_LINKAT, .dirfd = 1, .name = 2, .new_dirfd = 3,
			      .new_name = 4, .flags = 5},
	[FILE_CALL_SYMLINK] = {EVENT_LINK, LINK_SYMLINK, .name = 1, .new_name = 2},
	[FILE_CALL_SYMLINKAT] = {EVENT_LINK, LINK_SYMLINKAT, .name = 1, .new_dirfd = 2,
				 .new_name = 3},
	[FILE_CALL_CHMOD] = {EVENT_CHMOD, CHMOD_CHMOD, .name = 1, .mode = 2},
	[FILE_CALL_FCHMOD] = {EVENT_CHMOD, CHMOD_FCHMOD, .dirfd = 1, .mode = 2},
	[FILE_CALL_FCHMODAT] = {EVENT_CHMOD, CHMOD_FCHMODAT, .dirfd = 1, .name = 2, .mode = 3},
	[FILE_CALL_FCHMODAT2] = {EVENT_CHMOD, CHMOD_FCHMODAT2, .dirfd = 1, .name = 2, .mode = 3,
				 .flags = 4},
	[FILE_CALL_MKNOD] = {EVENT_MKNOD, MKNOD_MKNOD, .name = 1, .mode = 2, .dev = 3},
	[FILE_CALL_MKNODAT] = {EVENT_MKNOD, MKNOD_MKNODAT, .dirfd = 1, .name = 2, .mode = 3,
			       .dev = 4},
	[FILE_CALL_CHOWN] = {EVENT_CHOWN, CHOWN_CHOWN, .name = 1, .owner = 2},
	[FILE_CALL_LCHOWN] = {EVENT_CHOWN, CHOWN_LCHOWN, .name = 1, .owner = 2},
	[FILE_CALL_FCHOWN] = {EVENT_CHOWN, CHOWN_FCHOWN, .dirfd = 1, .owner = 2},
	[FILE_CALL_FCHOWNAT] = {EVENT_CHOWN, CHOWN_FCHOWNAT, .dirfd = 1, .name = 2, .owner = 3,
				.flags = 5},
	[FILE_CALL_CHOWN16] = {EVENT_CHOWN, CHOWN_CHOWN, .name = 1, .owner = 2, .form = 16},
	[FILE_CALL_LCHOWN16] = {EVENT_CHOWN, CHOWN_LCHOWN, .name = 1, .owner = 2, .form = 16},
	[FILE_CALL_FCHOWN16] = {EVENT_CHOWN, CHOWN_FCHOWN, .dirfd = 1, .owner = 2, .form = 16},
	[FILE_CALL_UTIME] = {EVENT_UTIME, UTIME_UTIME, .name = 1, .times = 2,
			     .form = TIMES_SECONDS},
	[FILE_CALL_UTIMES] = {EVENT_UTIME, UTIME_UTIMES, .name = 1, .times = 2,
			      .form = TIMES_MICROSECONDS},
	[FILE_CALL_UTIMENSAT] = {EVENT_UTIME, UTIME_UTIMENSAT, .dirfd = 1, .name = 2, .times = 3,
				 .flags = 4, .form = TIMES_NANOSECONDS},
	[FILE_CALL_UTIMENSAT_TIME64] = {EVENT_UTIME, UTIME_UTIMENSAT, .dirfd = 1, .name = 2,
					.times = 3, .flags = 4, .form = TIMES_NANOSECONDS_64},
	[FILE_CALL_FUTIMESAT] = {EVENT_UTIME, UTIME_FUTIMESAT, .dirfd = 1, .name = 2, .times = 3,
				 .form = TIMES_MICROSECONDS},
};

#define NR_FILE_CALL_NUMBERS 512 /* of one table; a power of two */

#if defined(__TARGET_ARCH_arm64)
static const __u8 native_file_calls[NR_FILE_CALL_NUMBERS] = {
	[56] = FILE_CALL_OPENAT,
	[437] = FILE_CALL_OPENAT2,
	[265] = FILE_CALL_OPEN_BY_HANDLE_AT,
	[38] = FILE_CALL_RENAMEAT,
	[276] = FILE_CALL_RENAMEAT2,
	[35] = FILE_CALL_UNLINKAT,
	[34] = FILE_CALL_MKDIRAT,
	[37] = FILE_CALL_LINKAT,
	[36] = FILE_CALL_SYMLINKAT,
	[52] = FILE_CALL_FCHMOD,
	[53] = FILE_CALL_FCHMODAT,
	[452] = FILE_CALL_FCHMODAT2,
	[33] = FILE_CALL_MKNODAT,
	[54] = FILE_CALL_FCHOWNAT,
	[55] = FILE_CALL_FCHOWN,
	[88] = FILE_CALL_UTIMENSAT,
};
#else
static const __u8 native_file_calls[NR_FILE_CALL_NUMBERS] = {
	[2] = FILE_CALL_OPEN,
	[257] = FILE_CALL_OPENAT,
	[437] = FILE_CALL_OPENAT2,
	[85] = FILE_CALL_CREAT,
	[304] = FILE_CALL_OPEN_BY_HANDLE_AT,
	[82] = FILE_CALL_RENAME,
	[264] = FILE_CALL_RENAMEAT,
	[316] = FILE_CALL_RENAMEAT2,
	[87] = FILE_CALL_UNLINK,
	[263] = FILE_CALL_UNLINKAT,
	[84] = FILE_CALL_RMDIR,
	[83] = FILE_CALL_MKDIR,
	[258] = FILE_CALL_MKDIRAT,
	[86] = FILE_CALL_LINK,
	[265] = FILE_CALL_LINKAT,
	[88] = FILE_CALL_SYMLINK,
	[266] = FILE_CALL_SYMLINKAT,
	[90] = FILE_CALL_CHMOD,
	[91] = FILE_CALL_FCHMOD,
	[268] = FILE_CALL_FCHMODAT,
	[452] = FILE_CALL_FCHMODAT2,
	[133] = FILE_CALL_MKNOD,
	[259] = FILE_CALL_MKNODAT,
	[92] = FILE_CALL_CHOWN,
	[94] = FILE_CALL_LCHOWN,
	[93] = FILE_CALL_FCHOWN,
	[260] = FILE_CALL_FCHOWNAT,
	[132] = FILE_CALL_UTIME,
	[235] = FILE_CALL_UTIMES,
	[280] = FILE_CALL_UTIMENSAT,
	[261] = FILE_CALL_FUTIMESAT,
};
#endif

/* i386's; arm's are never dispatched. */
static const __u8 compat_file_calls[NR_FILE_CALL_NUMBERS] = {
	[5] = FILE_CALL_OPEN,
	[295] = FILE_CALL_OPENAT,
	[437] = FILE_CALL_OPENAT2,
	[8] = FILE_CALL_CREAT,
	[342] = FILE_CALL_OPEN_BY_HANDLE_AT,
	[38] = FILE_CALL_RENAME,
	[302] = FILE_CALL_RENAMEAT,
	[353] = FILE_CALL_RENAMEAT2,
	[10] = FILE_CALL_UNLINK,
	[301] = FILE_CALL_UNLINKAT,
	[40] = FILE_CALL_RMDIR,
	[39] = FILE_CALL_MKDIR,
	[296] = FILE_CALL_MKDIRAT,
	[9] = FILE_CALL_LINK,
	[303] = FILE_CALL_LINKAT,
	[83] = FILE_CALL_SYMLINK,
	[304] = FILE_CALL_SYMLINKAT,
	[15] = FILE_CALL_CHMOD,
	[94] = FILE_CALL_FCHMOD,
	[306] = FILE_CALL_FCHMODAT,
	[452] = FILE_CALL_FCHMODAT2,
	[14] = FILE_CALL_MKNOD,
	[297] = FILE_CALL_MKNODAT,
	[212] = FILE_CALL_CHOWN,
	[198] = FILE_CALL_LCHOWN,
	[207] = FILE_CALL_FCHOWN,
	[298] = FILE_CALL_FCHOWNAT,
	[182] = FILE_CALL_CHOWN16,
	[16] = FILE_CALL_LCHOWN16,
	[95] = FILE_CALL_FCHOWN16,
	[30] = FILE_CALL_UTIME,
	[271] = FILE_CALL_UTIMES,
	[320] = FILE_CALL_UTIMENSAT,
	[412] = FILE_CALL_UTIMENSAT_TIME64,
	[299] = FILE_CALL_FUTIMESAT,
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
