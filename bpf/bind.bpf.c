// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bind and listen. The local end is what the socket has afterwards; where bind failed it is what
 * was asked for, in the caller's memory.
 */
#include "record.bpf.h"
#include "sockaddr.bpf.h"
#include "socket_call.bpf.h"

DEFINE_SCRATCH(bind, sizeof(struct bind_record) + PATH_LEN_MAX + 64);
DEFINE_SCRATCH(listen, sizeof(struct bind_record) + PATH_LEN_MAX + 64);

static __always_inline void take_asked(struct bind_record *record, const struct socket_call *call)
{
	struct address_copy address = {};

	address_read_user(&address, call->arg[1], call->arg[2]);
	record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	address_to_end(&address, record->ends.local_addr, &record->ends.local_port);
	if (address_family(&address))
		record->ends.family = address_family(&address);
	if (record->ends.family == AF_UNIX)
		record_append_sun_path(record, sizeof_scratch(bind), &record->path,
				       (const char *)address.bytes + 2, address.len - 2);
}

/* What both have. */
static __always_inline void fill(struct bind_record *record, struct sock *sk,
				 const struct socket_call *call, long ret, __u32 event)
{
	record->fd = socket_call_fd(call);
	record->result = syscall_result(ret);
	record_append_nothing(record, &record->path);
	record_append_ends(record, sizeof_scratch(bind), &record->ends, &record->path, sk, event);
}

static __always_inline int report_bind(const struct socket_call *call, long ret, __u8 variant,
				       __u8 sensor)
{
	struct sock *sk;

	if (!record_wanted(EVENT_BIND))
		return 0;
	sk = fd_sock(socket_call_fd(call));
	if (!sk && !call->unreadable) /* no socket */
		return 0;

	struct bind_record *record = record_begin_for(&bind_scratch, current_task(), EVENT_BIND,
						      variant, sensor, sizeof(*record));

	if (!record)
		return 0;
	fill(record, sk, call, ret, EVENT_BIND);
	if (ret < 0 || !sk)
		take_asked(record, call);
	record_submit(record, bind, LANE_BULK);
	return 0;
}

static __always_inline int report_listen(const struct socket_call *call, long ret, __u8 variant,
					 __u8 sensor)
{
	struct sock *sk;

	if (!record_wanted(EVENT_LISTEN))
		return 0;
	sk = fd_sock(socket_call_fd(call));
	if (!sk && !call->unreadable)
		return 0;

	struct bind_record *record = record_begin_for(&listen_scratch, current_task(), EVENT_LISTEN,
						      variant, sensor, sizeof(*record));

	if (!record)
		return 0;
	fill(record, sk, call, ret, EVENT_LISTEN);
	record->backlog = call->arg[1];
	if (call->from_memory)
		record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	record_submit(record, listen, LANE_VITAL);
	return 0;
}

DEFINE_SOCKET_CALL(bind, report_bind, 0, SOCKETCALL_BIND, 3)
DEFINE_SOCKET_CALL_IA32(bind, __ia32_sys_bind, report_bind, 0, 3)
DEFINE_SOCKET_CALL(listen, report_listen, 0, SOCKETCALL_LISTEN, 2)
DEFINE_SOCKET_CALL_IA32(listen, __ia32_sys_listen, report_listen, 0, 2)
