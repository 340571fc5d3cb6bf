// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The ends of the calls on names, each at its own entry points: calls that nobody watches cost
 * nothing then.
 *
 * There are some sixty of them, and all have the same to do: each goes on to a program of
 * name_call.bpf.c that does it, whose context is the same, {registers, result}, and which user
 * space puts into the array called after it. Caller and callee must be attached to functions of one
 * and the same prototype (28ead3eaabc1 in 6.12, and in later releases of 6.1). Those of calls that
 * only i386 has may have another: where there are stubs of them for kernels without the call, the
 * types may be the stubs', whose parameter has another name. So these have callees of their own.
 */
#include "name_note.bpf.h"
#include "record.bpf.h"

struct name_call_slot {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};
struct name_call_slot on_noted_name_call_slot SEC(".maps");
struct name_call_slot on_noted_chown16_slot SEC(".maps");
struct name_call_slot on_noted_time32_slot SEC(".maps");

/* Behind the call: the kernel has refused what was to be in the slot. */
#define DEFINE_END(function, name, event, slot)   \
	SEC("fexit/" #function)                   \
	int name(void *ctx)                       \
	{                                         \
		if (!filter_wants(event))         \
			return 0;                 \
		bpf_tail_call(ctx, &(slot), 0);   \
		count_drop(event, DROP_MAP_FULL); \
		name_note_forget_own();           \
		return 0;                         \
	}

#define DEFINE_X64_END(call, event) \
	DEFINE_END(__x64_sys_##call, on_##call##_x64, event, on_noted_name_call_slot)
#define DEFINE_IA32_END(call, event, slot) \
	DEFINE_END(__ia32_sys_##call, on_##call##_ia32, event, slot)
#define DEFINE_ENDS(call, event)    \
	DEFINE_X64_END(call, event) \
	DEFINE_IA32_END(call, event, on_noted_name_call_slot)

DEFINE_ENDS(rename, EVENT_RENAME)
DEFINE_ENDS(renameat, EVENT_RENAME)
DEFINE_ENDS(renameat2, EVENT_RENAME)
DEFINE_ENDS(unlink, EVENT_UNLINK)
DEFINE_ENDS(unlinkat, EVENT_UNLINK)
DEFINE_ENDS(rmdir, EVENT_UNLINK)
DEFINE_ENDS(mkdir, EVENT_MKDIR)
DEFINE_ENDS(mkdirat, EVENT_MKDIR)
DEFINE_ENDS(link, EVENT_LINK)
DEFINE_ENDS(linkat, EVENT_LINK)
DEFINE_ENDS(symlink, EVENT_LINK)
DEFINE_ENDS(symlinkat, EVENT_LINK)
DEFINE_ENDS(chmod, EVENT_CHMOD)
DEFINE_ENDS(fchmod, EVENT_CHMOD)
DEFINE_ENDS(fchmodat, EVENT_CHMOD)
DEFINE_ENDS(fchmodat2, EVENT_CHMOD)
DEFINE_ENDS(mknod, EVENT_MKNOD)
DEFINE_ENDS(mknodat, EVENT_MKNOD)
DEFINE_ENDS(chown, EVENT_CHOWN)
DEFINE_ENDS(lchown, EVENT_CHOWN)
DEFINE_ENDS(fchown, EVENT_CHOWN)
DEFINE_ENDS(fchownat, EVENT_CHOWN)
DEFINE_IA32_END(chown16, EVENT_CHOWN, on_noted_chown16_slot)
DEFINE_IA32_END(lchown16, EVENT_CHOWN, on_noted_chown16_slot)
DEFINE_IA32_END(fchown16, EVENT_CHOWN, on_noted_chown16_slot)
DEFINE_ENDS(utimensat, EVENT_UTIME)
DEFINE_X64_END(utime, EVENT_UTIME)
DEFINE_X64_END(utimes, EVENT_UTIME)
DEFINE_X64_END(futimesat, EVENT_UTIME)
DEFINE_IA32_END(utime32, EVENT_UTIME, on_noted_time32_slot)
DEFINE_IA32_END(utimes_time32, EVENT_UTIME, on_noted_time32_slot)
DEFINE_IA32_END(utimensat_time32, EVENT_UTIME, on_noted_time32_slot)
DEFINE_IA32_END(futimesat_time32, EVENT_UTIME, on_noted_time32_slot)
