/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The arguments of a system call, read from the registers it was entered with.
 */
#ifndef NEZUBAN_SYSCALL_BPF_H
#define NEZUBAN_SYSCALL_BPF_H

#include "compat.bpf.h"

struct pt_regs___x86_args {
	unsigned long di, si, dx, r10, r8, r9, bx, cx, bp;
} __attribute__((preserve_access_index));

struct pt_regs___arm64_args {
	__u64 regs[31];
	__u64 orig_x0; /* regs[0] holds the result once the call is over */
} __attribute__((preserve_access_index));

struct syscall_args {
	__u64 arg[NR_CALL_ARGS];
};

/*
 * i386 passes them in ebx, ecx, edx, esi, edi, ebp; x86-64 in rdi, rsi, rdx, r10, r8, r9. `regs`
 * must be a pointer the verifier knows for what it is (an argument of a tp_btf or fexit program):
 * what is not used then is not even loaded.
 */
static __always_inline struct syscall_args syscall_args_of(const struct pt_regs *regs,
							   __u32 is_compat)
{
	const struct pt_regs___x86_args *x86 = (const void *)regs;
	const struct pt_regs___arm64_args *arm64 = (const void *)regs;
	struct syscall_args args;

	if (!bpf_core_field_exists(struct pt_regs___x86, orig_ax)) {
		args.arg[0] = arm64->orig_x0;
		args.arg[1] = arm64->regs[1];
		args.arg[2] = arm64->regs[2];
		args.arg[3] = arm64->regs[3];
		args.arg[4] = arm64->regs[4];
		args.arg[5] = arm64->regs[5];
	} else if (is_compat) {
		args.arg[0] = (__u32)x86->bx;
		args.arg[1] = (__u32)x86->cx;
		args.arg[2] = (__u32)x86->dx;
		args.arg[3] = (__u32)x86->si;
		args.arg[4] = (__u32)x86->di;
		args.arg[5] = (__u32)x86->bp;
	} else {
		args.arg[0] = x86->di;
		args.arg[1] = x86->si;
		args.arg[2] = x86->dx;
		args.arg[3] = x86->r10;
		args.arg[4] = x86->r8;
		args.arg[5] = x86->r9;
	}
	return args;
}

/* The first two of them, of registers that the verifier knows nothing about (current_regs). */
static __always_inline struct syscall_args first_syscall_args(const struct pt_regs *regs,
							      __u32 is_compat)
{
	const struct pt_regs___x86_args *x86 = (const void *)regs;
	const struct pt_regs___arm64_args *arm64 = (const void *)regs;
	struct syscall_args args = {};

	if (!bpf_core_field_exists(struct pt_regs___x86, orig_ax)) {
		args.arg[0] = BPF_CORE_READ(arm64, orig_x0);
		args.arg[1] = BPF_CORE_READ(arm64, regs[1]);
	} else if (is_compat) {
		args.arg[0] = (__u32)BPF_CORE_READ(x86, bx);
		args.arg[1] = (__u32)BPF_CORE_READ(x86, cx);
	} else {
		args.arg[0] = BPF_CORE_READ(x86, di);
		args.arg[1] = BPF_CORE_READ(x86, si);
	}
	return args;
}

/* All of them, of registers that the verifier knows nothing about, in an i386 call. */
static __always_inline struct syscall_args read_i386_args(const struct pt_regs *regs)
{
	const struct pt_regs___x86_args *x86 = (const void *)regs;
	struct syscall_args args = {};

	if (!bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return args;
	args.arg[0] = (__u32)BPF_CORE_READ(x86, bx);
	args.arg[1] = (__u32)BPF_CORE_READ(x86, cx);
	args.arg[2] = (__u32)BPF_CORE_READ(x86, dx);
	args.arg[3] = (__u32)BPF_CORE_READ(x86, si);
	args.arg[4] = (__u32)BPF_CORE_READ(x86, di);
	args.arg[5] = (__u32)BPF_CORE_READ(x86, bp);
	return args;
}

/*
 * What the caller sees: the kernel's own "restart this call" codes (512 to 516) never reach it;
 * if the call is not restarted it gets EINTR. A restarted call ends, and is seen, once more.
 */
#define EINTR 4
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

static __always_inline __s32 syscall_result(long ret)
{
	if (ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK)
		return -EINTR;
	return ret;
}

#endif
