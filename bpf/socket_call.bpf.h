/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls on sockets: their arguments, by whichever door, and the programs at their exits.
 */
#ifndef NEZUBAN_SOCKET_CALL_BPF_H
#define NEZUBAN_SOCKET_CALL_BPF_H

#include "path.bpf.h"
#include "socket.bpf.h"
#include "syscall.bpf.h"

#define I386_NR_SOCKETCALL 102

/* What socketcall(2) of i386 calls the others. */
enum {
	SOCKETCALL_SOCKET = 1,
	SOCKETCALL_BIND = 2,
	SOCKETCALL_CONNECT = 3,
	SOCKETCALL_LISTEN = 4,
	SOCKETCALL_ACCEPT = 5,
	SOCKETCALL_SOCKETPAIR = 8,
	SOCKETCALL_SENDTO = 11,
	SOCKETCALL_RECVFROM = 12,
	SOCKETCALL_SENDMSG = 16,
	SOCKETCALL_RECVMSG = 17,
	SOCKETCALL_ACCEPT4 = 18,
	SOCKETCALL_RECVMMSG = 19,
	SOCKETCALL_SENDMMSG = 20,
};

struct socket_call {
	__u64 arg[NR_CALL_ARGS];
	bool compat;
	bool from_memory; /* socketcall: the arguments lay in the caller's memory */
	bool unreadable;  /* … which is not there: arg is all zero */
};

/* `args` of a call with that many arguments; by socketcall, those are not there yet. */
static __always_inline struct socket_call socket_call_from(const struct syscall_args *args,
							   __u32 is_compat, bool by_socketcall,
							   __u32 nr_args)
{
	struct socket_call call = {.compat = is_compat};

	if (!by_socketcall) {
		for (__u32 i = 0; i < NR_CALL_ARGS; i++)
			call.arg[i] = args->arg[i];
		return call;
	}

	/* No more than it has: what lies behind them need not be there. */
	__u32 words[NR_CALL_ARGS] = {};

	call.from_memory = true;
	if (bpf_probe_read_user(words, nr_args * sizeof(words[0]), (void *)args->arg[1]) < 0) {
		call.unreadable = true;
		return call;
	}
	for (__u32 i = 0; i < NR_CALL_ARGS; i++)
		call.arg[i] = words[i];
	return call;
}

/* `regs`: an argument of a tp_btf or fexit program. */
static __always_inline struct socket_call socket_call_of(const struct pt_regs *regs,
							 __u32 is_compat, __u32 nr_args)
{
	struct syscall_args args = syscall_args_of(regs, is_compat);

	bool by_socketcall = is_compat && known_regs_syscall_nr(regs) == I386_NR_SOCKETCALL;

	return socket_call_from(&args, is_compat, by_socketcall, nr_args);
}

/* The first argument, a descriptor; -1: not known. */
static __always_inline __s32 socket_call_fd(const struct socket_call *call)
{
	return call->unreadable ? -1 : (__s32)call->arg[0];
}

/* The socket behind a descriptor of the current task; NULL if it is none. */
static __always_inline struct sock *fd_sock(__s32 fd)
{
	struct file *file = fd < 0 ? NULL : task_file((void *)bpf_get_current_task(), fd);
	struct socket *sock = file ? file_socket(file) : NULL;

	return sock ? BPF_CORE_READ(sock, sk) : NULL;
}

/* The descriptor that a request of io_uring is about, as it is submitted; -1: one of the ring's own
 * table. The file itself comes later. */
static __always_inline __s32 uring_fd(const struct io_kiocb *req)
{
	return req->flags & 1 /* REQ_F_FIXED_FILE */ ? -1 : req->cqe.fd;
}

/*
 * The programs of one call, which share body(const struct socket_call *, long ret, __u8 variant,
 * __u8 sensor): behind the dispatcher (socketcall.bpf.c included); and at the exits of the entry
 * points. Which of them are used is user space's choice.
 */
#define DEFINE_SOCKET_CALL(name, body, variant, subcall, nr_args)                         \
	SEC("tp_btf/sys_exit")                                                            \
	int BPF_PROG(on_##name, struct pt_regs *regs, long ret)                           \
	{                                                                                 \
		__u32 is_compat = task_in_compat_syscall((void *)bpf_get_current_task()); \
		struct socket_call call = socket_call_of(regs, is_compat, nr_args);       \
                                                                                          \
		return body(&call, ret, variant, SENSOR_TRACEPOINT);                      \
	}                                                                                 \
	SEC("fexit/__x64_sys_" #name)                                                     \
	int BPF_PROG(on_##name##_x64, struct pt_regs *regs, long ret)                     \
	{                                                                                 \
		struct socket_call call = socket_call_of(regs, 0, nr_args);               \
                                                                                          \
		return body(&call, ret, variant, SENSOR_OBJECT);                          \
	}                                                                                 \
	SEC("fexit/__ia32_compat_sys_socketcall")                                         \
	int BPF_PROG(on_##name##_socketcall, struct pt_regs *regs, long ret)              \
	{                                                                                 \
		if ((__u32)syscall_args_of(regs, 1).arg[0] != (subcall))                  \
			return 0;                                                         \
                                                                                          \
		struct socket_call call = socket_call_of(regs, 1, nr_args);               \
                                                                                          \
		return body(&call, ret, variant, SENSOR_OBJECT);                          \
	}

/* And where i386 also has the call itself; `entry` is the function behind it. */
#define DEFINE_SOCKET_CALL_IA32(name, entry, body, variant, nr_args)        \
	SEC("fexit/" #entry)                                                \
	int BPF_PROG(on_##name##_ia32, struct pt_regs *regs, long ret)      \
	{                                                                   \
		struct socket_call call = socket_call_of(regs, 1, nr_args); \
                                                                            \
		return body(&call, ret, variant, SENSOR_OBJECT);            \
	}

#endif
