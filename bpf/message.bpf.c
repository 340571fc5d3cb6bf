// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sendto, sendmsg, sendmmsg and recvfrom, recvmsg, recvmmsg, where they say what connect and accept
 * have not said: the other end of a message on a socket without a connection. A record for each
 *
 *	send to an explicit address, on any but stream sockets (TCP fast open is a connect);
 *	receipt whose caller asked for the sender's address, on such sockets;
 *
 * unless the socket's last message went to or came from the same peer, less than PEER_KNOWN_NS ago.
 * What fails is reported each time, but for having nothing to receive, or no room to send (EAGAIN).
 * Other calls end at the test for an address, which costs a read of the message's header at most.
 *
 * The first message to a new peer is a connect, too, for those who look for connections only.
 *
 * The address lies in the caller's memory. Of sendmmsg and recvmmsg the first MESSAGES_MAX count.
 */
#include "message.bpf.h"
#include "received_fds.bpf.h"

static __always_inline bool message_wanted(__u8 event)
{
	return event == EVENT_SEND ? filter_wants(EVENT_SEND) || filter_wants(EVENT_CONNECT)
				   : filter_wants(EVENT_RECV);
}

/* A message of a system call, with an address of `name_len` bytes at `name`. */
static __always_inline int report_call(const struct message *message, __u64 name, __u32 name_len)
{
	struct message_work *work;

	if (!message_wanted(message->event)) {
		record_wanted(message->event); /* counts it */
		return 0;
	}
	work = message_begin(fd_sock(message->fd), message);
	if (!work)
		return 0;
	address_read_user(&work->address, name, name_len);
	message_end(work);
	return 0;
}

static __always_inline struct message message_of(const struct socket_call *call, long ret,
						 __u32 event, __u8 variant, __u8 sensor)
{
	struct message message = {
		.fd = socket_call_fd(call),
		.result = ret,
		.size = SIZE_UNKNOWN,
		.event = event,
		.variant = variant,
		.sensor = sensor,
	};

	return message;
}

static __always_inline int report_sendto(const struct socket_call *call, long ret, __u8 variant,
					 __u8 sensor)
{
	struct message message = message_of(call, ret, EVENT_SEND, variant, sensor);

	if (!call->arg[4] || ret == -EAGAIN)
		return 0;
	message.size = call->arg[2];
	return report_call(&message, call->arg[4], call->arg[5]);
}

static __always_inline int report_recvfrom(const struct socket_call *call, long ret, __u8 variant,
					   __u8 sensor)
{
	struct message message = message_of(call, ret, EVENT_RECV, variant, sensor);
	__u32 name_len = 0;

	if (!call->arg[4] || ret < 0)
		return 0;
	if (bpf_probe_read_user(&name_len, sizeof(name_len), (void *)call->arg[5]) < 0)
		return 0;
	message.size = call->arg[2];
	return report_call(&message, call->arg[4], name_len);
}

static __always_inline int report_sendmsg(const struct socket_call *call, long ret, __u8 variant,
					  __u8 sensor)
{
	struct message message = message_of(call, ret, EVENT_SEND, variant, sensor);
	struct message_header header;

	if (ret == -EAGAIN || !message_header_read(&header, call->arg[1], call->compat) ||
	    !header.name)
		return 0;
	if (ret >= 0)
		message.size = ret;
	return report_call(&message, header.name, header.name_len);
}

static __always_inline int report_recvmsg(const struct socket_call *call, long ret, __u8 variant,
					  __u8 sensor)
{
	struct message message = message_of(call, ret, EVENT_RECV, variant, sensor);
	struct message_header header;

	if (ret < 0 || !message_header_read(&header, call->arg[1], call->compat))
		return 0;
	if (header.control_len && receives_fds(sensor))
		received_fds(header.control, header.control_len, call->compat);
	if (!header.name || !header.name_len || !sensor_makes(EVENT_RECV, sensor))
		return 0;
	message.size = ret;
	return report_call(&message, header.name, header.name_len);
}

/* The messages of sendmmsg and recvmmsg: `ret` of them, or the first where it failed. */
static __always_inline int report_several(const struct socket_call *call,
					  const struct message *message)
{
	__u64 at = call->arg[1];
	__u32 step = call->compat ? 32 : 64;
	long count = message->result < 0 ? 1 : message->result;
	bool is_recv = message->event == EVENT_RECV;
	/* The programs of send run for nothing else. */
	bool reports = !is_recv || sensor_makes(EVENT_RECV, message->sensor);

	for (int i = 0; i < MESSAGES_MAX; i++, at += step) {
		struct message_header header;

		if (i >= count || !message_header_read(&header, at, call->compat))
			break;
		if (is_recv && header.control_len && receives_fds(message->sensor))
			received_fds(header.control, header.control_len, call->compat);
		if (reports && header.name && header.name_len)
			report_call(message, header.name, header.name_len);
	}
	return 0;
}

static __always_inline int report_sendmmsg(const struct socket_call *call, long ret, __u8 variant,
					   __u8 sensor)
{
	struct message message = message_of(call, ret, EVENT_SEND, variant, sensor);

	return ret == -EAGAIN ? 0 : report_several(call, &message);
}

static __always_inline int report_recvmmsg(const struct socket_call *call, long ret, __u8 variant,
					   __u8 sensor)
{
	struct message message = message_of(call, ret, EVENT_RECV, variant, sensor);

	return ret < 0 ? 0 : report_several(call, &message);
}

DEFINE_SOCKET_CALL(sendto, report_sendto, VARIANT_TO, SOCKETCALL_SENDTO, 6)
DEFINE_SOCKET_CALL_IA32(sendto, __ia32_sys_sendto, report_sendto, VARIANT_TO, 6)
DEFINE_SOCKET_CALL(sendmsg, report_sendmsg, VARIANT_MSG, SOCKETCALL_SENDMSG, 3)
DEFINE_SOCKET_CALL_IA32(sendmsg, __ia32_compat_sys_sendmsg, report_sendmsg, VARIANT_MSG, 3)
DEFINE_SOCKET_CALL(sendmmsg, report_sendmmsg, VARIANT_MMSG, SOCKETCALL_SENDMMSG, 4)
DEFINE_SOCKET_CALL_IA32(sendmmsg, __ia32_compat_sys_sendmmsg, report_sendmmsg, VARIANT_MMSG, 4)
DEFINE_SOCKET_CALL(recvfrom, report_recvfrom, VARIANT_TO, SOCKETCALL_RECVFROM, 6)
DEFINE_SOCKET_CALL_IA32(recvfrom, __ia32_compat_sys_recvfrom, report_recvfrom, VARIANT_TO, 6)
DEFINE_SOCKET_CALL(recvmsg, report_recvmsg, VARIANT_MSG, SOCKETCALL_RECVMSG, 3)
DEFINE_SOCKET_CALL_IA32(recvmsg, __ia32_compat_sys_recvmsg, report_recvmsg, VARIANT_MSG, 3)
DEFINE_SOCKET_CALL(recvmmsg, report_recvmmsg, VARIANT_MMSG, SOCKETCALL_RECVMMSG, 5)
DEFINE_SOCKET_CALL_IA32(recvmmsg, __ia32_compat_sys_recvmmsg_time32, report_recvmmsg, VARIANT_MMSG,
			5)
DEFINE_SOCKET_CALL_IA32(recvmmsg_time64, __ia32_compat_sys_recvmmsg_time64, report_recvmmsg,
			VARIANT_MMSG, 5)

static __always_inline bool uring_sends(__u8 opcode)
{
	return opcode == 9 || opcode == 26 || opcode == 47 || opcode == 48; /* SENDMSG, SEND, _ZC */
}

/*
 * io_uring's sends, from 6.10 on: by then the request has the kernel's own copy of the address. The
 * request tells what it is for; how it ends is not known.
 *
 * TP_PROTO(struct io_kiocb *req)
 */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_send, struct io_kiocb *req)
{
	struct message message = {
		.size = SIZE_UNKNOWN,
		.event = EVENT_SEND,
		.variant = VARIANT_MSG,
		.sensor = SENSOR_TRACEPOINT,
		.from_io_uring = 1,
	};
	struct message_work *work;
	struct io_async_msghdr *copy;
	void *name;

	if (!uring_sends(req->opcode) || !message_wanted(EVENT_SEND))
		return 0;
	copy = BPF_CORE_READ(req, async_data);
	name = copy ? BPF_CORE_READ(copy, msg.msg_name) : NULL;
	if (!name)
		return 0;
	message.fd = uring_fd(req);
	work = message_begin(fd_sock(message.fd), &message);
	if (!work)
		return 0;
	address_read_kernel(&work->address, name, BPF_CORE_READ(copy, msg.msg_namelen));
	message_end(work);
	return 0;
}
