/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A message on a socket without a connection: whether its peer is a new one, and its records. For
 * message.bpf.c only.
 */
#ifndef NEZUBAN_MESSAGE_BPF_H
#define NEZUBAN_MESSAGE_BPF_H

#include "record.bpf.h"
#include "sockaddr.bpf.h"
#include "socket_call.bpf.h"

#define MESSAGE_CAPACITY (sizeof(struct message_record) + UNIX_PATH_MAX + 20)

DEFINE_SCRATCH(send, MESSAGE_CAPACITY);
DEFINE_SCRATCH(recv, MESSAGE_CAPACITY);
DEFINE_SCRATCH(send_connect, sizeof(struct connect_record) + UNIX_PATH_MAX + 20);

enum { VARIANT_TO, VARIANT_MSG, VARIANT_MMSG };

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
	__u8 from_io_uring; /* result unknown */
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

/* One message and its address: too large for the stack. Guarded as a record's scratch is. */
struct message_work {
	struct scratch_head head;
	struct message message;
	__u64 sk;
	struct address_copy address;
	struct peer peer;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct message_work);
} message_works SEC(".maps");

static __always_inline struct message_work *message_work(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&message_works, &zero);
}

enum { PEER_SAME, PEER_AGAIN, PEER_NEW };

/* Notes the peer. PEER_AGAIN: the same, but its last record is a while ago. */
static __always_inline int peer_noted(struct sock *sk, struct message_work *work)
{
	const __u64 *words = (const __u64 *)work->address.bytes;
	struct peer_key key = {
		.sk = (__u64)sk,
		.ino = sk ? socket_ino(BPF_CORE_READ(sk, sk_socket)) : 0,
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

static __always_inline __u32 flags_of(const struct message *message,
				      const struct address_copy *address)
{
	return (address->from_user ? RECORD_FROM_USER_MEMORY : 0) |
	       (message->from_io_uring ? RECORD_RESULT_UNKNOWN | RECORD_IO_URING : 0);
}

static __always_inline void report_connect(struct sock *sk, const struct message *message,
					   const struct address_copy *address)
{
	struct connect_record *record = record_begin(&send_connect_scratch, EVENT_CONNECT, 0,
						     message->sensor, sizeof(*record));

	if (!record)
		return;
	record->hdr.flags |= flags_of(message, address);
	record->fd = message->fd;
	record_append_nothing(record, &record->path);
	if (sk) /* else one of a ring's own table */
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
	record->hdr.flags |= flags_of(message, address);
	record->fd = message->fd;
	record->result = syscall_result(message->result);
	record->size = message->size;
	record->name_changed = name_changed;
	record_append_nothing(record, &record->path);
	if (sk) /* else one of a ring's own table */
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

/* What message_begin has begun. Global, so that it is verified once. */
int message_report(void)
{
	struct message_work *work = message_work();
	struct sock *sk;
	int peer = PEER_AGAIN;
	bool is_send, wanted;

	if (!work)
		return 0;
	is_send = work->message.event == EVENT_SEND;
	wanted = is_send ? record_wanted(EVENT_SEND) : record_wanted(EVENT_RECV);
	sk = (struct sock *)work->sk;
	if (work->message.result >= 0)
		peer = peer_noted(sk, work);
	if (is_send && peer == PEER_NEW)
		report_connect(sk, &work->message, &work->address);
	if (wanted && is_send && peer != PEER_SAME)
		report(&send_scratch, sk, &work->message, &work->address, peer == PEER_NEW);
	else if (wanted && peer != PEER_SAME)
		report(&recv_scratch, sk, &work->message, &work->address, peer == PEER_NEW);
	return 0;
}

/* The work of one message, its address still empty; NULL if it is none of ours. Must be ended by
 * message_end. */
static __always_inline struct message_work *message_begin(struct sock *sk,
							  const struct message *message)
{
	struct message_work *work = message_work();

	if (!work || (sk ? has_connections(sk) : !message->from_io_uring))
		return NULL;
	if (!scratch_take(&work->head)) {
		count_drop(message->event, DROP_SCRATCH_BUSY);
		return NULL;
	}
	work->message = *message;
	work->sk = (__u64)sk;
	__builtin_memset(&work->address, 0, sizeof(work->address));
	return work;
}

static __always_inline void message_end(struct message_work *work)
{
	message_report();
	scratch_release(&work->head);
}

#endif
