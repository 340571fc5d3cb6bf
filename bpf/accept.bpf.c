// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * accept and accept4. The peer is the new socket's; it need not have been asked for. That nobody
 * was there to be accepted (EAGAIN) is no act and gives no record.
 */
#include "record.bpf.h"
#include "socket_call.bpf.h"

DEFINE_SCRATCH(accept, sizeof(struct accept_record) + PATH_LEN_MAX + 64);

enum { VARIANT_ACCEPT, VARIANT_ACCEPT4 };

static __always_inline int report_accept(const struct socket_call *call, long ret, __u8 variant,
					 __u8 sensor)
{
	__s32 listen_fd = socket_call_fd(call);
	struct sock *listening, *sk;

	if (ret == -EAGAIN || !record_wanted(EVENT_ACCEPT))
		return 0;
	listening = fd_sock(listen_fd);
	if (ret < 0 && !listening && !call->unreadable) /* no socket */
		return 0;

	struct accept_record *record = record_begin_for(
		&accept_scratch, current_task(), EVENT_ACCEPT, variant, sensor, sizeof(*record));

	if (!record)
		return 0;
	record->fd = ret >= 0 ? ret : -1;
	record->listen_fd = listen_fd;
	record->result = syscall_result(ret);
	record_append_nothing(record, &record->path);
	if (variant == VARIANT_ACCEPT4)
		record->flags = call->arg[3];
	if (listening) {
		record->queue_len = BPF_CORE_READ(listening, sk_ack_backlog);
		record->queue_max = BPF_CORE_READ(listening, sk_max_ack_backlog);
	}
	sk = fd_sock(record->fd);
	if (!sk) /* it failed, or another thread has been quick to take its number */
		sk = listening;
	record_append_ends(record, sizeof_scratch(accept), &record->ends, &record->path, sk,
			   EVENT_ACCEPT);
	record_submit(record, accept, LANE_BULK);
	return 0;
}

DEFINE_SOCKET_CALL(accept, report_accept, VARIANT_ACCEPT, SOCKETCALL_ACCEPT, 3)
DEFINE_SOCKET_CALL(accept4, report_accept, VARIANT_ACCEPT4, SOCKETCALL_ACCEPT4, 4)
DEFINE_SOCKET_CALL_IA32(accept4, __ia32_sys_accept4, report_accept, VARIANT_ACCEPT4, 4)

#define IORING_ACCEPT 13

/*
 * io_uring's accepts: that the ring's owner waits for connections, and where. Whom it gets is not
 * known, nor when.
 *
 * TP_PROTO(struct io_kiocb *req)
 */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_accept, struct io_kiocb *req)
{
	struct accept_record *record;
	struct sock *sk;

	if (req->opcode != IORING_ACCEPT || !record_wanted(EVENT_ACCEPT))
		return 0;
	record = record_begin_for(&accept_scratch, current_task(), EVENT_ACCEPT, VARIANT_ACCEPT4,
				  SENSOR_TRACEPOINT, sizeof(*record));
	if (!record)
		return 0;
	record->hdr.flags |= RECORD_RESULT_UNKNOWN | RECORD_IO_URING;
	record->fd = -1;
	record->listen_fd = uring_fd(req);
	record_append_nothing(record, &record->path);
	sk = fd_sock(record->listen_fd);
	record_append_ends(record, sizeof_scratch(accept), &record->ends, &record->path, sk,
			   EVENT_ACCEPT);
	record_submit(record, accept, LANE_BULK);
	return 0;
}
