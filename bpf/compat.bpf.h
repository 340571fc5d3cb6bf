/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Differences between kernels and architectures, one function each.
 */
#ifndef NEZUBAN_COMPAT_BPF_H
#define NEZUBAN_COMPAT_BPF_H

#include "common.bpf.h"

/* A system call: its number in the table of the architecture, or of its 32-bit sibling. */
struct syscall_id {
	__s32 nr;
	__u32 is_compat; /* 1: the 32-bit table (i386, arm) */
};

struct pt_regs___x86 {
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

struct pt_regs___arm64_nr {
	__s32 syscallno;
} __attribute__((preserve_access_index));

struct thread_info___x86 {
	__u32 status;
} __attribute__((preserve_access_index));

struct thread_info___arm64 {
	unsigned long flags;
} __attribute__((preserve_access_index));

struct task_struct___x86 {
	struct thread_info___x86 thread_info;
} __attribute__((preserve_access_index));

struct task_struct___arm64 {
	struct thread_info___arm64 thread_info;
} __attribute__((preserve_access_index));

#define X86_TS_COMPAT 0x0002
#define ARM64_TIF_32BIT (1ul << 22)

/* Whether the task is in a 32-bit system call. thread_info.status exists on x86 only. */
static __always_inline __u32 task_in_compat_syscall(struct task_struct *task)
{
	struct task_struct___x86 *x86 = (void *)task;

	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return !!(BPF_CORE_READ(x86, thread_info.status) & X86_TS_COMPAT);

	struct task_struct___arm64 *arm64 = (void *)task;

	return !!(BPF_CORE_READ(arm64, thread_info.flags) & ARM64_TIF_32BIT);
}

/*
 * x32 (pointers of 32 bits in 64-bit mode) calls by the numbers of x86-64 with this bit set, and
 * reaches the same functions.
 */
#define X32_SYSCALL_BIT 0x40000000u

static __always_inline __s32 regs_syscall_nr(const struct pt_regs *regs)
{
	const struct pt_regs___x86 *x86 = (const void *)regs;

	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return (__u32)BPF_CORE_READ(x86, orig_ax) & ~X32_SYSCALL_BIT;

	const struct pt_regs___arm64_nr *arm64 = (const void *)regs;

	return BPF_CORE_READ(arm64, syscallno);
}

/*
 * The same where the verifier knows `regs` for what it is (an argument of a tp_btf program): a load
 * instead of a call, which is most of the cost of a system call that nobody watches.
 */
static __always_inline __s32 known_regs_syscall_nr(const struct pt_regs *regs)
{
	const struct pt_regs___x86 *x86 = (const void *)regs;

	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return (__u32)x86->orig_ax & ~X32_SYSCALL_BIT;

	const struct pt_regs___arm64_nr *arm64 = (const void *)regs;

	return arm64->syscallno;
}

/* The system call that is over with these registers; `regs` as for known_regs_syscall_nr. */
static __always_inline struct syscall_id syscall_of(const struct pt_regs *regs)
{
	struct syscall_id id = {
		.nr = known_regs_syscall_nr(regs),
		.is_compat = task_in_compat_syscall((void *)bpf_get_current_task()),
	};

	return id;
}

/* Of the kernel stack: of x86-64, and of arm64 with pages of 4 KiB; a KASAN kernel has more. */
#define KERNEL_STACK_BYTES (16 << 10)

/*
 * The registers the current task entered the kernel with. bpf_task_pt_regs is there from 5.15
 * (dd6e10fbd9fb); before, they lie at the very top of the stack (x86 left room above them only
 * with FRED, in 6.9).
 */
static __always_inline const struct pt_regs *current_regs(void)
{
	if (has_task_helpers)
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, stack) + KERNEL_STACK_BYTES - bpf_core_type_size(struct pt_regs);
}

/*
 * The system call the current task is in. Not after execve: x86 then says execve, whichever it was.
 */
static __always_inline struct syscall_id current_syscall(void)
{
	struct syscall_id id = {
		.nr = regs_syscall_nr(current_regs()),
		.is_compat = task_in_compat_syscall((void *)bpf_get_current_task()),
	};

	return id;
}

/*
 * bpf_map_update_elem with a result that can be tested. Before 6.4 (d7ba4cc900bf) the function
 * behind it returned int, and the call, which the verifier makes direct, leaves the upper half of
 * the register zero: -EEXIST then is neither negative nor -EEXIST.
 */
static __always_inline int map_update(void *map, const void *key, const void *value, __u64 flags)
{
	return (int)bpf_map_update_elem(map, key, value, flags);
}

/*
 * Times of an inode. i_ctime was renamed in 6.6 (13bc24457850), i_mtime in 6.7 (12cd44023651), and
 * each became two numbers in 6.11 (3aa63a569c64).
 */
struct inode___before_6_6 {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

struct inode___before_6_7 {
	struct timespec64 i_mtime;
} __attribute__((preserve_access_index));

struct inode___before_6_11 {
	struct timespec64 __i_ctime;
	struct timespec64 __i_mtime;
} __attribute__((preserve_access_index));

struct inode___6_11 {
	__s64 i_ctime_sec;
	__s64 i_mtime_sec;
	__u32 i_ctime_nsec;
	__u32 i_mtime_nsec;
} __attribute__((preserve_access_index));

#define NS_PER_S 1000000000ull
/* Top bits of i_ctime_nsec, from 6.13 (4e40eff0b573) on, are flags: the rest is the time. */
#define CTIME_NSEC_MASK 0x3fffffffu

static __always_inline __u64 inode_ctime_ns(const struct inode *inode)
{
	const struct inode___6_11 *split = (const void *)inode;
	const struct inode___before_6_11 *private = (const void *)inode;
	const struct inode___before_6_6 *old = (const void *)inode;

	if (bpf_core_field_exists(struct inode___6_11, i_ctime_sec))
		return BPF_CORE_READ(split, i_ctime_sec) * NS_PER_S +
		       (BPF_CORE_READ(split, i_ctime_nsec) & CTIME_NSEC_MASK);
	if (bpf_core_field_exists(struct inode___before_6_11, __i_ctime))
		return BPF_CORE_READ(private, __i_ctime.tv_sec) * NS_PER_S +
		       BPF_CORE_READ(private, __i_ctime.tv_nsec);
	return BPF_CORE_READ(old, i_ctime.tv_sec) * NS_PER_S + BPF_CORE_READ(old, i_ctime.tv_nsec);
}

static __always_inline __u64 inode_mtime_ns(const struct inode *inode)
{
	const struct inode___6_11 *split = (const void *)inode;
	const struct inode___before_6_11 *private = (const void *)inode;
	const struct inode___before_6_7 *old = (const void *)inode;

	if (bpf_core_field_exists(struct inode___6_11, i_mtime_sec))
		return BPF_CORE_READ(split, i_mtime_sec) * NS_PER_S +
		       BPF_CORE_READ(split, i_mtime_nsec);
	if (bpf_core_field_exists(struct inode___before_6_11, __i_mtime))
		return BPF_CORE_READ(private, __i_mtime.tv_sec) * NS_PER_S +
		       BPF_CORE_READ(private, __i_mtime.tv_nsec);
	return BPF_CORE_READ(old, i_mtime.tv_sec) * NS_PER_S + BPF_CORE_READ(old, i_mtime.tv_nsec);
}

/* Of a task the verifier knows (see KNOWN_READ). Absent without CONFIG_AUDIT. */
static __always_inline __u32 known_task_loginuid(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->loginuid))
		return (__u32)-1;
	return has_task_helpers ? task->loginuid.val : BPF_CORE_READ(task, loginuid.val);
}

#endif
