// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * socket and socketpair. What was asked for comes from registers, which nobody can rewrite, except
 * for socketcall: there the new socket is asked, while it can be found, but for the protocol, which
 * not every family keeps.
 */
#include "record.bpf.h"
#include "socket_call.bpf.h"

DEFINE_SCRATCH(socket, sizeof(struct socket_record));

enum { VARIANT_SOCKET, VARIANT_SOCKETPAIR };

#define SOCK_TYPE_MASK 0xf

static __always_inline void take_arguments(struct socket_record *record,
					   const struct socket_call *call)
{
	record->domain = call->arg[0];
	record->type = call->arg[1];
	record->protocol = call->arg[2];
	record->ends.family = record->domain > 0xffff ? 0xffff : record->domain;
	record->ends.type = record->type & SOCK_TYPE_MASK;
	record->ends.protocol = record->protocol;
	if (call->from_memory)
		record->hdr.flags |= RECORD_FROM_USER_MEMORY;
}

static __always_inline void take_socket(struct socket_record *record, struct sock *sk,
					const struct socket_call *call)
{
	endpoints_fill(&record->ends, sk);
	if (!call->from_memory)
		return;
	record->domain = record->ends.family;
	record->type = (record->type & ~SOCK_TYPE_MASK) | record->ends.type;
}

static __always_inline int report_socket(const struct socket_call *call, long ret, __u8 variant,
					 __u8 sensor)
{
	struct socket_record *record =
		record_begin(&socket_scratch, EVENT_SOCKET, variant, sensor, sizeof(*record));
	__s32 fds[2] = {-1, -1};

	if (!record)
		return 0;
	take_arguments(record, call);
	if (variant == VARIANT_SOCKET && ret >= 0)
		fds[0] = ret;
	if (variant == VARIANT_SOCKETPAIR && ret == 0) {
		record->hdr.flags |= RECORD_FROM_USER_MEMORY;
		if (bpf_probe_read_user(fds, sizeof(fds), (void *)call->arg[3]) < 0)
			fds[0] = fds[1] = -1;
	}

	struct sock *sk = fd_sock(fds[0]);

	if (sk)
		take_socket(record, sk, call);
	record->fd = fds[0];
	record->peer_fd = fds[1];
	record->result = ret;
	record_submit(record, socket, LANE_BULK);
	return 0;
}

DEFINE_SOCKET_CALL(socket, report_socket, VARIANT_SOCKET, SOCKETCALL_SOCKET, 3)
DEFINE_SOCKET_CALL_IA32(socket, __ia32_sys_socket, report_socket, VARIANT_SOCKET, 3)
DEFINE_SOCKET_CALL(socketpair, report_socket, VARIANT_SOCKETPAIR, SOCKETCALL_SOCKETPAIR, 4)
DEFINE_SOCKET_CALL_IA32(socketpair, __ia32_sys_socketpair, report_socket, VARIANT_SOCKETPAIR, 4)
