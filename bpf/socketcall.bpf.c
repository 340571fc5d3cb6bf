// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * socketcall(2) of i386 is one system call for all on sockets: the first argument, a register, says
 * which. The dispatcher comes here, and here it goes on to that call's program.
 */
#include "common.bpf.h"
#include "socket_call.bpf.h"

#define NR_SOCKETCALLS 32

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, NR_SOCKETCALLS);
	__type(key, __u32);
	__type(value, __u32);
} socketcall_programs SEC(".maps");

SEC("tp_btf/sys_exit")
int BPF_PROG(on_socketcall, struct pt_regs *regs, long ret)
{
	bpf_tail_call(ctx, &socketcall_programs, (__u32)syscall_args_of(regs, 1).arg[0]);
	return 0;
}
