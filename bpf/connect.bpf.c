// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A socket is given a remote end. One record per attempt, with both ends and the result:
 *
 * object: the exit of __sys_connect_file(file, address, addrlen, flags). Every connect(2) comes
 *   through it (native, 32-bit, socketcall) and so does io_uring's. `address` is the kernel's copy
 *   of the caller's sockaddr; it lies in the stack frame of __sys_connect or in the io_uring
 *   request, so it still holds at the exit, when result and source end exist too.
 *   TCP fast open connects in sendto or sendmsg: on_connect_begun_object, without a result.
 * tracepoint: sys_exit of connect: descriptor → socket → ends. io_uring (TCP only) and fast open:
 *   on_connect_begun, without a result.
 *
 * When a blocking TCP connect fails, tcp_disconnect has cleared the socket's destination port and
 * source address before either hook. on_connect_begun keeps them, for both kinds.
 */
#include "record.bpf.h"
#include "sockaddr.bpf.h"
#include "socket_call.bpf.h"

DEFINE_SCRATCH(connect, sizeof(struct connect_record) + PATH_LEN_MAX + 64);

#define TCP_SYN_SENT 2
#define TCP_CLOSE 7
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000

#define EALREADY 114
#define EISCONN 106
#define EINPROGRESS 115

#define X86_64_NR_CONNECT 42
#define ARM64_NR_CONNECT 203
#define ARM_NR_CONNECT 283
#define I386_NR_CONNECT 362
#define NR_IO_URING_ENTER 426 /* in every table */

/*
 * Key: pid_tgid. The ends of the thread's TCP connection in the making, as they were when its SYN
 * was about to go out. Written by on_connect_begun, taken by the exit. LRU: entries of threads
 * whose exit is not seen go away by themselves; one that is missed only costs what a failed
 * connect has forgotten, and then the caller's address is used.
 */
struct pending_connect {
	__u64 sk;
	struct endpoints ends;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct pending_connect);
} pending_connects SEC(".maps");

/* The address the caller asked for becomes the remote end. */
static __always_inline void take_address(struct connect_record *record,
					 const struct address_copy *address)
{
	struct endpoints *ends = &record->ends;
	__u16 family = address_family(address);

	__builtin_memset(ends->remote_addr, 0, sizeof(ends->remote_addr));
	ends->remote_port = 0;
	if (address->len < 2)
		return;
	if (address->from_user)
		record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	ends->family = family;
	address_to_end(address, ends->remote_addr, &ends->remote_port);
	if (family == AF_INET6)
		endpoints_unmap(ends);
	else if (family == AF_UNIX)
		record_append_sun_path(record, sizeof_scratch(connect), &record->path,
				       (const char *)address->bytes + 2, address->len - 2);
}

/* The thread's connection in the making, if it is this socket's: what the socket has forgotten. */
static __always_inline void recall(struct endpoints *ends, const struct pending_connect *pending)
{
	__u16 local_port = ends->local_port;
	__u8 state = ends->state;

	if (ends->remote_port)
		return;
	*ends = pending->ends;
	ends->local_port = local_port;
	ends->state = state;
}

/* Whether the socket is where the caller wanted it, or on the way, so that its ends are the truth
 * rather than what was asked for. */
static __always_inline bool has_remote_end(__s32 result)
{
	return result == 0 || result == -EINPROGRESS || result == -EALREADY || result == -EISCONN ||
	       result == -EINTR;
}

static __always_inline void fill_inet(struct connect_record *record, struct sock *sk,
				      const struct address_copy *address,
				      const struct pending_connect *pending)
{
	struct endpoints *ends = &record->ends;

	/* inet_put_port clears the bound port; the one that was in use stays here. */
	if (!ends->local_port) {
		struct inet_sock *inet = (void *)sk;

		ends->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	}
	if (pending)
		recall(ends, pending);
	else if (record->result == 0 && ends->state == TCP_CLOSE && !ends->remote_port)
		ends->family = 0; /* connect to AF_UNSPEC: the remote end is taken away */
	else if (!has_remote_end(record->result))
		take_address(record, address);
}

/*
 * A connection's name is the one its peer is bound to: no symbolic link or bind mount can disguise
 * that. Bound to a relative name, the peer's path is resolved instead.
 */
static __always_inline void fill_unix(struct connect_record *record, struct sock *sk,
				      const struct address_copy *address)
{
	struct unix_sock *unix_sk = (void *)sk;
	struct unix_sock *peer = (void *)BPF_CORE_READ(unix_sk, peer);

	if (!has_remote_end(record->result)) {
		take_address(record, address);
		return;
	}
	if (!peer) {
		if (record->result == 0)
			record->ends.family = 0;
		return;
	}
	record_append_unix_path(record, sizeof_scratch(connect), &record->path, (void *)peer,
				EVENT_CONNECT);
}

/* The local port it has got since; that socket may be gone by now, or another. */
static __always_inline __u16 port_since(const struct pending_connect *pending)
{
	struct sock *sk = (struct sock *)pending->sk;

	if (bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)) != pending->ends.remote_port)
		return pending->ends.local_port;
	return BPF_CORE_READ(sk, __sk_common.skc_num);
}

/*
 * `sk` is what the descriptor stands for at the exit, NULL if it is no socket. Where the thread has
 * begun another socket's connection, the descriptor, or the arguments of socketcall, have been
 * changed meanwhile: what was really connected counts.
 */
static __always_inline int report(struct sock *sk, const struct address_copy *address, __s32 fd,
				  long ret, __u8 sensor)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct pending_connect *pending = bpf_map_lookup_elem(&pending_connects, &key);

	if (!sk && !pending)
		return 0;

	struct connect_record *record = record_begin_for(&connect_scratch, current_task(),
							 EVENT_CONNECT, 0, sensor, sizeof(*record));

	if (!record)
		return 0;
	record->fd = fd;
	record->result = syscall_result(ret);
	record_append_nothing(record, &record->path);
	if (pending && pending->sk != (__u64)sk) {
		record->ends = pending->ends;
		record->ends.local_port = port_since(pending);
	} else {
		endpoints_fill(&record->ends, sk);
		if (record->ends.family == AF_UNIX)
			fill_unix(record, sk, address);
		else if (record->ends.family == AF_INET || record->ends.family == AF_INET6)
			fill_inet(record, sk, address, pending);
		else
			take_address(record, address);
	}
	if (pending)
		bpf_map_delete_elem(&pending_connects, &key);
	record_submit(record, connect, LANE_BULK);
	return 0;
}

/* Whether the current system call is connect, by whatever door. */
static __always_inline bool in_connect(struct syscall_id id)
{
	if (id.is_compat)
		return id.nr == I386_NR_CONNECT || id.nr == I386_NR_SOCKETCALL ||
		       id.nr == ARM_NR_CONNECT;
	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return id.nr == X86_64_NR_CONNECT;
	return id.nr == ARM64_NR_CONNECT;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_connect, struct pt_regs *regs, long ret)
{
	__u32 is_compat = task_in_compat_syscall((void *)bpf_get_current_task());
	struct socket_call call = socket_call_of(regs, is_compat, 3);
	struct address_copy address = {};

	if (!record_wanted(EVENT_CONNECT))
		return 0;
	address_read_user(&address, call.arg[1], call.arg[2]);
	return report(fd_sock(socket_call_fd(&call)), &address, socket_call_fd(&call), ret,
		      SENSOR_TRACEPOINT);
}

/* The descriptor a connect was called with; -1 in any other call, or not known. */
static __always_inline __s32 connect_fd(void)
{
	struct syscall_id id = current_syscall();

	if (!in_connect(id))
		return -1;

	struct syscall_args args = first_syscall_args(current_regs(), id.is_compat);
	bool by_socketcall = id.is_compat && id.nr == I386_NR_SOCKETCALL;
	struct socket_call call;

	if (by_socketcall && args.arg[0] != SOCKETCALL_CONNECT)
		return -1;
	call = socket_call_from(&args, id.is_compat, by_socketcall, 3);
	return socket_call_fd(&call);
}

/*
 * int __sys_connect_file(struct file *file, struct sockaddr_storage *address, int addrlen,
 *			  int file_flags)
 */
SEC("fexit/__sys_connect_file")
int BPF_PROG(on_connect_file, struct file *file, void *from, int addrlen, int file_flags, long ret)
{
	struct address_copy address = {};
	struct socket *sock;

	if (!record_wanted(EVENT_CONNECT))
		return 0;
	sock = file_socket(file);
	if (!sock)
		return 0;
	address_read_kernel(&address, from, addrlen);
	return report(BPF_CORE_READ(sock, sk), &address, connect_fd(), (__s32)ret, SENSOR_OBJECT);
}

/* A TCP connection is begun, in a call at whose exit nobody looks: how it ends is not known. */
static __always_inline int report_begun(struct sock *sk, __u8 sensor)
{
	struct connect_record *record =
		record_begin(&connect_scratch, EVENT_CONNECT, 0, sensor, sizeof(*record));

	if (!record)
		return 0;
	record->hdr.flags |= RECORD_RESULT_UNKNOWN;
	record->fd = -1;
	record_append_nothing(record, &record->path);
	endpoints_fill(&record->ends, sk);
	record->ends.state = TCP_SYN_SENT; /* it is about to be */
	record_submit(record, connect, LANE_BULK);
	return 0;
}

/* Whether the current task has begun a connection in another system call than connect, not being a
 * thread of the kernel's own. */
static __always_inline bool begun_elsewhere(__s32 *nr)
{
	struct syscall_id id = current_syscall();
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 flags = BPF_CORE_READ(task, flags);

	*nr = flags & PF_IO_WORKER ? NR_IO_URING_ENTER : id.nr;
	return !(flags & PF_KTHREAD) && (flags & PF_IO_WORKER || !in_connect(id));
}

/* The ends of a connection in the making are kept for the exit of its connect. */
static __always_inline void keep_pending(struct sock *sk)
{
	struct pending_connect pending = {.sk = (__u64)sk};
	__u64 key = bpf_get_current_pid_tgid();

	if (!filter_wants(EVENT_CONNECT))
		return;
	endpoints_fill(&pending.ends, sk);
	bpf_map_update_elem(&pending_connects, &key, &pending, BPF_ANY);
}

/*
 * TP_PROTO(const struct sock *sk, const int oldstate, const int newstate), here from
 *   tcp_v4_connect / tcp_v6_connect, in the thread that connects:
 * destination and source address are set; the source port, if not bound before, comes later.
 *
 * For the tracepoint kind: io_uring, and sendto or sendmsg with fast open, are reported at once.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_connect_begun, struct sock *sk, int oldstate, int newstate)
{
	__s32 nr;

	if (newstate != TCP_SYN_SENT)
		return 0;
	if (begun_elsewhere(&nr))
		return report_begun(sk, SENSOR_TRACEPOINT);
	keep_pending(sk);
	return 0;
}

/* For the object kind: fast open only, as io_uring's requests come through __sys_connect_file. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_connect_begun_object, struct sock *sk, int oldstate, int newstate)
{
	__s32 nr;

	if (newstate != TCP_SYN_SENT)
		return 0;
	if (begun_elsewhere(&nr) && nr != NR_IO_URING_ENTER)
		return report_begun(sk, SENSOR_OBJECT);
	keep_pending(sk);
	return 0;
}
