// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One program on the exit of every system call. It goes on to a sensor where user space has set
 * one for the number: a bit, and the program in the array. 32-bit calls have numbers of their own.
 *
 * TP_PROTO(struct pt_regs *regs, long ret)
 *
 * Why not a tracepoint per system call: calls nobody watches cost the same 16 ns, 32-bit calls are
 * seen, all detach at once. At the exit what a call was about exists in the kernel, and its result
 * is known.
 *
 * Sensors called from here are SEC("tp_btf/sys_exit") programs too (from 6.12 on caller and callee
 * must have the same attach target), which are loaded but not attached.
 */
#include "common.bpf.h"
#include "compat.bpf.h"

#define NR_SYSCALLS 512

struct syscall_programs {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, NR_SYSCALLS);
	__type(key, __u32);
	__type(value, __u32);
};
struct syscall_programs native_programs SEC(".maps");
struct syscall_programs compat_programs SEC(".maps");

/* Bit nr of word nr / 64: whether that array has a program. Set by user space, at any time. */
__u64 native_watched[NR_SYSCALLS / 64];
__u64 compat_watched[NR_SYSCALLS / 64];

/*
 * Calls that have a number of their own in x32, as what lies behind their pointers is laid out in
 * 32 bits there. Those of which a sensor takes no such layout; sendmsg, recvmsg and their siblings
 * (518, 519, 537, 538) are not seen. Exec has a tracepoint.
 */
static __always_inline __u32 native_of_x32(__u32 nr)
{
	switch (nr) {
	case 517:
		return 45; /* recvfrom */
	case 521:
		return 101; /* ptrace */
	case 528:
		return 246; /* kexec_load */
	case 539:
		return 310; /* process_vm_readv */
	case 540:
		return 311; /* process_vm_writev */
	}
	return NR_SYSCALLS;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	__u32 nr = known_regs_syscall_nr(regs);

	if (nr >= NR_SYSCALLS && bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		nr = native_of_x32(nr);

	if (nr >= NR_SYSCALLS)
		return 0;

	__u64 bit = 1ull << (nr & 63);
	__u32 word = nr / 64 & (NR_SYSCALLS / 64 - 1);

	barrier_var(word);
	word &= NR_SYSCALLS / 64 - 1;
	if (!((native_watched[word] | compat_watched[word]) & bit))
		return 0;
	if (task_in_compat_syscall((void *)bpf_get_current_task())) {
		if (compat_watched[word] & bit)
			bpf_tail_call(ctx, &compat_programs, nr);
	} else if (native_watched[word] & bit) {
		bpf_tail_call(ctx, &native_programs, nr);
	}
	return 0;
}
