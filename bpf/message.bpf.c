// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sendto, sendmsg, sendmmsg and recvfrom, recvmsg, recvmmsg, where they say what connect and accept
 * have not said: the other end of a message on a socket without a connection. A record for each
 *
 *	send to an explicit address, on any but stream sockets (TCP fast open is a connect);
 *	receipt whose caller asked for the sender's address, on such sockets;
 *
 * unless the socket's last message went to or came from the same peer, less than PEER_KNOWN_NS ago.
 * What fails is reported each time, but for having nothing to receive, and no room to send
 *(EAGAIN). Other calls end at the test for an address, which costs one read of the message header
 *at most.
 *
 * The first message to a new peer is a connect, too, for those who look for connections only.
 *
 * The address lies in the caller's memory. Of sendmmsg and recvmmsg the first MESSAGES_MAX count.
 */
#include "record.bpf.h"
#include "received_fds.bpf.h"
#include "sockaddr.bpf.h"
#include "socket_call.bpf.h"

#define MESSAGE_CAPACITY (sizeof(struct message_record) + UNIX_PATH_MAX + 20)

DEFINE_SCRATCH(send, MESSAGE_CAPACITY);
DEFINE_SCRATCH(recv, MESSAGE_CAPACITY);
DEFINE_SCRATCH(send_connect, sizeof(struct connect_record) + UNIX_PATH_MAX + 20);

enum { VARIANT_TO, VARIANT_MSG, VARIANT_MMSG };

#define EAGAIN 11
#define SOCK_STREAM 1
#define SOCK_SEQPACKET 5
#define MESSAGES_MAX 64
#define PEER_KNOWN_NS 10000000000ull
#define SIZE_UNKNOWN 0xffffffffu

/* Which message of which call. */
struct message {
	__s32 fd;
	__s32 result;
	__u32 size;
	__u8 event;
	__u8 variant;
	__u8 sensor;
	__u8 pad;
};

/*
 * The last peer of a process's socket. Written and read at each message of an unconnected socket.
 * LRU: one that is forgotten costs a record more.
 */
struct peer_key {
	__u64 sk;
	__u64 ino;
	__u64 tgid;
};
#define PEER_WORDS 14 /* struct sockaddr_un and less */
struct peer {
	__u64 time_ns;
	__u64 words[PEER_WORDS];
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct peer_key);
	__type(value, struct peer);
} last_peers SEC(".maps");

/* One per CPU: too large for the stack. Used between two calls of no other program. */
struct message_work {
	struct address_copy address;
	struct peer peer;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct message_work);
} message_works SEC(".maps");

enum { PEER_SAME, PEER_AGAIN, PEER_NEW };

/* Notes the peer. PEER_AGAIN: the same, but its last record is a while ago. */
static __always_inline int peer_noted(struct sock *sk, struct message_work *work)
{
	const __u64 *words = (const __u64 *)work->address.bytes;
	struct peer_key key = {
		.sk = (__u64)sk,
		.ino = socket_ino(BPF_CORE_READ(sk, sk_socket)),
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};
	struct peer *last = bpf_map_lookup_elem(&last_peers, &key);
	bool same = last != NULL;

	work->peer.time_ns = bpf_ktime_get_boot_ns();
	for (int i = 0; i < PEER_WORDS; i++) {
		work->peer.words[i] = words[i];
		if (last && last->words[i] != words[i])
			same = false;
	}
	if (same && work->peer.time_ns - last->time_ns < PEER_KNOWN_NS)
		return PEER_SAME;
	bpf_map_update_elem(&last_peers, &key, &work->peer, BPF_ANY);
	return same ? PEER_AGAIN : PEER_NEW;
}

/* The address becomes the remote end; the name of a unix socket is for the record. */
static __always_inline void take_remote(struct endpoints *ends, const struct address_copy *address)
{
	if (address_family(address))
		ends->family = address_family(address);
	address_to_end(address, ends->remote_addr, &ends->remote_port);
	endpoints_unmap(ends);
}

static __always_inline void report_connect(struct sock *sk, const struct message *message,
					   const struct address_copy *address)
{
	struct connect_record *record = record_begin(&send_connect_scratch, EVENT_CONNECT, 0,
						     message->sensor, sizeof(*record));

	if (!record)
		return;
	record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	record->fd = message->fd;
	record_append_nothing(record, &record->path);
	endpoints_fill(&record->ends, sk);
	take_remote(&record->ends, address);
	if (record->ends.family == AF_UNIX)
		record_append_sun_path(record, sizeof_scratch(send_connect), &record->path,
				       (const char *)address->bytes + 2, address->len - 2);
	record_submit(record, send_connect, LANE_BULK);
}

static __always_inline void report(void *scratch, struct sock *sk, const struct message *message,
				   const struct address_copy *address, bool name_changed)
{
	struct message_record *record =
		record_begin_for(scratch, current_task(), message->event, message->variant,
				 message->sensor, sizeof(*record));

	if (!record)
		return;
	record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	record->fd = message->fd;
	record->result = syscall_result(message->result);
	record->size = message->size;
	record->name_changed = name_changed;
	record_append_nothing(record, &record->path);
	endpoints_fill(&record->ends, sk);
	take_remote(&record->ends, address);
	if (record->ends.family == AF_UNIX)
		record_append_sun_path(record, MESSAGE_CAPACITY, &record->path,
				       (const char *)address->bytes + 2, address->len - 2);
	record_submit(record, send, LANE_BULK); /* recv's is as large */
}

static __always_inline bool has_connections(struct sock *sk)
{
	__u16 type = BPF_CORE_READ(sk, sk_type);

	return type == SOCK_STREAM || type == SOCK_SEQPACKET;
}

/*
 * One message with an address of `name_len` bytes at `name` in the caller's memory. Global, so that
 * it is verified once, and its arguments therefore numbers: `what` is event | variant << 8 |
 * sensor << 16 | size << 32.
 */
int message_report(__u32 fd, __s32 result, __u64 name, __u32 name_len, __u64 what)
{
	struct message message = {
		.fd = fd,
		.result = result,
		.size = what >> 32,
		.event = what,
		.variant = what >> 8,
		.sensor = what >> 16,
	};
	bool is_send = message.event == EVENT_SEND;
	bool wanted = is_send ? record_wanted(EVENT_SEND) : record_wanted(EVENT_RECV);
	struct message_work *work;
	struct sock *sk;
	int peer = PEER_AGAIN;
	__u32 zero = 0;

	if (!wanted && !(is_send && filter_wants(EVENT_CONNECT)))
		return 0;
	sk = fd_sock(fd);
	work = bpf_map_lookup_elem(&message_works, &zero);
	if (!sk || !work || has_connections(sk))
		return 0;
	__builtin_memset(&work->address, 0, sizeof(work->address));
	address_read_user(&work->address, name, name_len);
	if (result >= 0)
		peer = peer_noted(sk, work);
	if (peer == PEER_SAME)
		return 0;
	if (is_send && peer == PEER_NEW)
		report_connect(sk, &message, &work->address);
	if (wanted && is_send)
		report(&send_scratch, sk, &message, &work->address, peer == PEER_NEW);
	else if (wanted)
		report(&recv_scratch, sk, &message, &work->address, peer == PEER_NEW);
	return 0;
}

#define WHAT(event, variant, sensor, size) \
	((__u64)(size) << 32 | (__u64)(sensor) << 16 | (__u64)(variant) << 8 | (event))

static __always_inline int report_sendto(const struct socket_call *call, long ret, __u8 variant,
					 __u8 sensor)
{
	if (!call->arg[4] || ret == -EAGAIN)
		return 0;
	return message_report(socket_call_fd(call), ret, call->arg[4], call->arg[5],
			      WHAT(EVENT_SEND, variant, sensor, (__u32)call->arg[2]));
}

static __always_inline int report_recvfrom(const struct socket_call *call, long ret, __u8 variant,
					   __u8 sensor)
{
	__u32 name_len = 0;

	if (!call->arg[4] || ret < 0)
		return 0;
	if (bpf_probe_read_user(&name_len, sizeof(name_len), (void *)call->arg[5]) < 0)
		return 0;
	return message_report(socket_call_fd(call), ret, call->arg[4], name_len,
			      WHAT(EVENT_RECV, variant, sensor, (__u32)call->arg[2]));
}

static __always_inline int report_sendmsg(const struct socket_call *call, long ret, __u8 variant,
					  __u8 sensor)
{
	struct message_header header;

	if (ret == -EAGAIN || !message_header_read(&header, call->arg[1], call->compat) ||
	    !header.name)
		return 0;
	return message_report(socket_call_fd(call), ret, header.name, header.name_len,
			      WHAT(EVENT_SEND, variant, sensor, ret < 0 ? SIZE_UNKNOWN : ret));
}

static __always_inline int report_recvmsg(const struct socket_call *call, long ret, __u8 variant,
					  __u8 sensor)
{
	struct message_header header;

	if (ret < 0 || !message_header_read(&header, call->arg[1], call->compat))
		return 0;
	/* The object kind has a sensor of its own for these. */
	if (header.control_len && sensor == SENSOR_TRACEPOINT)
		received_fds(header.control, header.control_len, call->compat);
	if (!header.name || !header.name_len)
		return 0;
	return message_report(socket_call_fd(call), ret, header.name, header.name_len,
			      WHAT(EVENT_RECV, variant, sensor, ret));
}

/* The messages of sendmmsg and recvmmsg: `ret` of them, or the first where it failed. */
static __always_inline int report_several(const struct socket_call *call, long ret, __u8 variant,
					  __u8 sensor, __u32 event)
{
	__u64 at = call->arg[1];
	__u32 step = call->compat ? 32 : 64;
	long count = ret < 0 ? 1 : ret;

	for (int i = 0; i < MESSAGES_MAX; i++, at += step) {
		struct message_header header;

		if (i >= count || !message_header_read(&header, at, call->compat))
			break;
		if (event == EVENT_RECV && header.control_len && sensor == SENSOR_TRACEPOINT)
			received_fds(header.control, header.control_len, call->compat);
		if (header.name && header.name_len)
			message_report(socket_call_fd(call), ret, header.name, header.name_len,
				       WHAT(event, variant, sensor, SIZE_UNKNOWN));
	}
	return 0;
}

static __always_inline int report_sendmmsg(const struct socket_call *call, long ret, __u8 variant,
					   __u8 sensor)
{
	return ret == -EAGAIN ? 0 : report_several(call, ret, variant, sensor, EVENT_SEND);
}

static __always_inline int report_recvmmsg(const struct socket_call *call, long ret, __u8 variant,
					   __u8 sensor)
{
	return ret < 0 ? 0 : report_several(call, ret, variant, sensor, EVENT_RECV);
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
