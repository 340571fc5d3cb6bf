// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A socket is given a remote end. One record per attempt, with both ends and the result:
 *
 * object: the exit of __sys_connect_file(file, address, addrlen, flags). Every connect(2) comes
 *   through it (native, 32-bit, socketcall) and so does io_uring's. `address` is the kernel's copy
 *   of the caller's sockaddr; it lies in the stack frame of __sys_connect or in the io_uring
 *   request, so it still holds at the exit, when result and source end exist too.
 *   TCP fast open connects in sendto or sendmsg: on_connect_fast_open, without a result.
 * tracepoint: sys_exit of connect: descriptor → socket → ends. io_uring (TCP only) and fast open:
 *   on_connect_elsewhere, without a result.
 *
 * When a blocking TCP connect fails, tcp_disconnect has cleared the socket's destination port and
 * source address before either hook. on_connect_syn_sent keeps them, for both kinds.
 */
#include "path.bpf.h"
#include "record.bpf.h"
#include "socket.bpf.h"
#include "syscall.bpf.h"

DEFINE_SCRATCH(connect, sizeof(struct connect_record) + PATH_LEN_MAX + 64);

#define TCP_SYN_SENT 2
#define TCP_CLOSE 7
#define SOCK_DGRAM 2
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000

#define EALREADY 114
#define EISCONN 106
#define EINPROGRESS 115

#define X86_64_NR_CONNECT 42
#define ARM64_NR_CONNECT 203
#define ARM_NR_CONNECT 283
#define I386_NR_CONNECT 362
#define I386_NR_SOCKETCALL 102
#define SOCKETCALL_CONNECT 3
#define NR_IO_URING_ENTER 426 /* in every table */

/*
 * Key: pid_tgid. The ends of the thread's TCP connection in the making, as they were when its SYN
 * was about to go out. Written by on_connect_syn_sent, taken by the exit. LRU: entries of threads
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

/* A caller's sockaddr: a copy, `len` bytes of it valid. */
struct address_copy {
	__u32 len;
	__u32 from_user;
	__u8 bytes[128];
};

static __always_inline __u16 address_family(const struct address_copy *address)
{
	return address->len >= 2 ? *(const __u16 *)address->bytes : 0;
}

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
	if (family == AF_INET && address->len >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = (const void *)address->bytes;

		ends->remote_port = bpf_ntohs(in->sin_port);
		__builtin_memcpy(ends->remote_addr, &in->sin_addr, 4);
	} else if (family == AF_INET6 && address->len >= 24) {
		const struct sockaddr_in6 *in6 = (const void *)address->bytes;

		ends->remote_port = bpf_ntohs(in6->sin6_port);
		__builtin_memcpy(ends->remote_addr, &in6->sin6_addr, 16);
		endpoints_unmap(ends);
	} else if (family == AF_UNIX) {
		record_append_sun_path(record, sizeof_scratch(connect), &record->path,
				       (const char *)address->bytes + 2, address->len - 2);
	}
}

/* The thread's connection in the making, if it is this socket's: what the socket has forgotten. */
static __always_inline bool take_pending(struct endpoints *ends, struct sock *sk)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct pending_connect *pending = bpf_map_lookup_elem(&pending_connects, &key);
	bool found = pending && pending->sk == (__u64)sk;

	if (found && !ends->remote_port) {
		__u16 local_port = ends->local_port;
		__u8 state = ends->state;

		*ends = pending->ends;
		ends->local_port = local_port;
		ends->state = state;
	}
	if (pending)
		bpf_map_delete_elem(&pending_connects, &key);
	return found;
}

/* Whether the socket is where the caller wanted it, or on the way, so that its ends are the truth
 * rather than what was asked for. */
static __always_inline bool has_remote_end(__s32 result)
{
	return result == 0 || result == -EINPROGRESS || result == -EALREADY || result == -EISCONN ||
	       result == -EINTR;
}

static __always_inline void fill_inet(struct connect_record *record, struct sock *sk,
				      const struct address_copy *address)
{
	struct endpoints *ends = &record->ends;

	/* inet_put_port clears the bound port; the one that was in use stays here. */
	if (!ends->local_port) {
		struct inet_sock *inet = (void *)sk;

		ends->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	}
	if (take_pending(ends, sk))
		return;
	if (record->result == 0 && ends->state == TCP_CLOSE && !ends->remote_port)
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
	record_append_unix_name(record, sizeof_scratch(connect), &record->path, (void *)peer);

	__u64 off = record->path.off;
	char first = '/';

	barrier_var(off);
	if (record->path.len && off < sizeof_scratch(connect))
		first = ((char *)record)[off];
	if (first == '/' || first == '@')
		return;

	struct dentry *dentry = BPF_CORE_READ(peer, path.dentry);

	if (!dentry)
		return;
	record->hdr.size = record->path.off; /* written again in place */
	record_append_path(record, sizeof_scratch(connect), &record->path, current_task(), dentry,
			   BPF_CORE_READ(peer, path.mnt), EVENT_CONNECT);
}

static __always_inline int report(struct sock *sk, const struct address_copy *address, __s32 fd,
				  long ret, __u8 sensor)
{
	struct connect_record *record =
		record_begin(&connect_scratch, EVENT_CONNECT, 0, sensor, sizeof(*record));

	if (!record)
		return 0;
	record->fd = fd;
	record->result = syscall_result(ret);
	record_append_nothing(record, &record->path);
	endpoints_fill(&record->ends, sk);
	if (record->ends.family == AF_UNIX)
		fill_unix(record, sk, address);
	else if (record->ends.family == AF_INET || record->ends.family == AF_INET6)
		fill_inet(record, sk, address);
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

/* fd, address and length of the connect these registers belong to; false: another socketcall, or
 * arguments that cannot be read. */
static __always_inline bool connect_args(const struct pt_regs *regs, struct syscall_args *args)
{
	__u32 is_compat = task_in_compat_syscall((void *)bpf_get_current_task());
	__u32 words[3];

	*args = syscall_args_of(regs, is_compat);
	if (!is_compat || regs_syscall_nr(regs) != I386_NR_SOCKETCALL)
		return true;
	if (args->arg[0] != SOCKETCALL_CONNECT ||
	    bpf_probe_read_user(words, sizeof(words), (void *)args->arg[1]) < 0)
		return false;
	args->arg[0] = words[0];
	args->arg[1] = words[1];
	args->arg[2] = words[2];
	return true;
}

static __always_inline __u32 address_len(__u64 len)
{
	barrier_var(len);
	return len > 128 ? 128 : len;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_connect, struct pt_regs *regs, long ret)
{
	struct address_copy address = {.from_user = 1};
	struct syscall_args args;

	if (!connect_args(regs, &args))
		return 0;

	struct file *file = task_file((void *)bpf_get_current_task(), args.arg[0]);
	struct socket *sock = file ? file_socket(file) : NULL;

	if (!sock)
		return 0;

	__u64 len = address_len((__u32)args.arg[2]);

	if (bpf_probe_read_user(address.bytes, len, (void *)args.arg[1]) == 0)
		address.len = len;
	return report(BPF_CORE_READ(sock, sk), &address, args.arg[0], ret, SENSOR_TRACEPOINT);
}

/*
 * int __sys_connect_file(struct file *file, struct sockaddr_storage *address, int addrlen,
 *			  int file_flags)
 */
SEC("fexit/__sys_connect_file")
int BPF_PROG(on_connect_file, struct file *file, void *from, int addrlen, int file_flags, long ret)
{
	struct address_copy address = {};
	struct socket *sock = file_socket(file);
	struct syscall_args args;
	__s32 fd = -1;

	if (!sock)
		return 0;
	if (in_connect(current_syscall()) && connect_args(current_regs(), &args))
		fd = args.arg[0];

	__u64 len = address_len((__u32)addrlen);

	if (bpf_probe_read_kernel(address.bytes, len, from) == 0)
		address.len = len;
	return report(BPF_CORE_READ(sock, sk), &address, fd, (__s32)ret, SENSOR_OBJECT);
}

/*
 * TP_PROTO(const struct sock *sk, const int oldstate, const int newstate), here from
 *   tcp_v4_connect / tcp_v6_connect, in the thread that connects:
 * destination and source address are set; the source port, if not bound before, comes later.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_connect_syn_sent, struct sock *sk, int oldstate, int newstate)
{
	struct pending_connect pending = {};
	__u64 key = bpf_get_current_pid_tgid();

	if (newstate != TCP_SYN_SENT || !filter_wants(EVENT_CONNECT))
		return 0;
	pending.sk = (__u64)sk;
	endpoints_fill(&pending.ends, sk);
	bpf_map_update_elem(&pending_connects, &key, &pending, BPF_ANY);
	return 0;
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

/* For the tracepoint kind: io_uring, and sendto or sendmsg with fast open. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_connect_elsewhere, struct sock *sk, int oldstate, int newstate)
{
	__s32 nr;

	if (newstate != TCP_SYN_SENT || !begun_elsewhere(&nr))
		return 0;
	return report_begun(sk, SENSOR_TRACEPOINT);
}

/* For the object kind: fast open only, as io_uring's requests come through __sys_connect_file. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_connect_fast_open, struct sock *sk, int oldstate, int newstate)
{
	__s32 nr;

	if (newstate != TCP_SYN_SENT || !begun_elsewhere(&nr) || nr == NR_IO_URING_ENTER)
		return 0;
	return report_begun(sk, SENSOR_OBJECT);
}
