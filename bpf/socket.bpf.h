/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct sock → struct endpoints, and the name of a unix socket.
 */
#ifndef NEZUBAN_SOCKET_BPF_H
#define NEZUBAN_SOCKET_BPF_H

#include "path.bpf.h"
#include "record.bpf.h"

#define UNIX_PATH_MAX 108

#define SOCK_RAW 3

/* The socket behind an open file; NULL if it is something else. */
static __always_inline struct socket *file_socket(struct file *file)
{
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return BPF_CORE_READ(file, private_data);
}

static __always_inline __u64 socket_ino(struct socket *sock)
{
	struct socket_alloc *alloc = (void *)sock;

	return BPF_CORE_READ(alloc, vfs_inode.i_ino);
}

static __always_inline bool is_mapped(const __u8 *addr)
{
	const __u32 *words = (const void *)addr;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

/*
 * An IPv6 socket whose remote end is an IPv4 address (::ffff:1.2.3.4) speaks IPv4: shown so, that
 * a rule on an address need not know which kind of socket was used.
 */
static __always_inline void endpoints_unmap(struct endpoints *ends)
{
	__u32 *local = (void *)ends->local_addr;
	__u32 *remote = (void *)ends->remote_addr;

	if (ends->family != AF_INET6 || !is_mapped(ends->remote_addr))
		return;
	ends->family = AF_INET;
	local[0] = is_mapped(ends->local_addr) ? local[3] : 0;
	remote[0] = remote[3];
	local[1] = local[2] = local[3] = 0;
	remote[1] = remote[2] = remote[3] = 0;
}

/* Both ends as they are now. The socket's inode only while it has a struct socket. */
static __always_inline void endpoints_fill(struct endpoints *ends, struct sock *sk)
{
	struct socket *sock = BPF_CORE_READ(sk, sk_socket);

	ends->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	ends->type = BPF_CORE_READ(sk, sk_type);
	ends->protocol = BPF_CORE_READ(sk, sk_protocol);
	ends->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (sock)
		ends->ino = socket_ino(sock);
	if (ends->family == AF_INET) {
		BPF_CORE_READ_INTO((__u32 *)ends->local_addr, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)ends->remote_addr, sk, __sk_common.skc_daddr);
	} else if (ends->family == AF_INET6) {
		BPF_CORE_READ_INTO((struct in6_addr *)ends->local_addr, sk,
				   __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)ends->remote_addr, sk,
				   __sk_common.skc_v6_daddr);
	} else {
		return;
	}
	if (ends->type != SOCK_RAW) { /* whose number is the protocol */
		ends->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
		ends->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	}
	endpoints_unmap(ends);
}

/* The first `len` bytes of sun_path: an abstract name's leading NUL becomes '@', a path name ends
 * at its NUL. A name of full length has none: it is read on to the one behind it. */
static __always_inline void record_append_sun_path(void *record, __u32 capacity,
						   struct str_ref *ref, const char *path, __u32 len)
{
	char first = 0;

	if (len > UNIX_PATH_MAX)
		len = UNIX_PATH_MAX;
	if (!len || bpf_probe_read_kernel(&first, 1, path) < 0) {
		record_append_nothing(record, ref);
		return;
	}
	if (first) {
		record_append_kernel_str(record, capacity, ref, path, UNIX_PATH_MAX + 2);
		return;
	}
	record_append_kernel(record, capacity, ref, path, len, UNIX_PATH_MAX);

	__u64 off = ref->off;

	barrier_var(off);
	if (ref->len && off < capacity)
		((char *)record)[off] = '@';
}

/* The name a unix socket is bound to; an empty string if it has none. False then. */
static __always_inline bool record_append_unix_name(void *record, __u32 capacity,
						    struct str_ref *ref, struct sock *sk)
{
	struct unix_sock *unix_sk = (void *)sk;
	struct unix_address *address = BPF_CORE_READ(unix_sk, addr);

	record_append_nothing(record, ref);
	if (!address)
		return false;

	int len = BPF_CORE_READ(address, len);
	int family_len = bpf_core_field_offset(struct sockaddr_un, sun_path);
	const char *path =
		(void *)address + bpf_core_field_offset(struct unix_address, name) + family_len;

	if (len <= family_len)
		return false;
	record_append_sun_path(record, capacity, ref, path, len - family_len);
	return true;
}

/*
 * The same, as a full path: the name a socket is bound to is the one that its file had, and no
 * symbolic link or bind mount can disguise it; of one bound to a relative name the path is
 * resolved. Nothing else may have been appended to the record yet.
 */
static __always_inline void record_append_unix_path(void *record, __u32 capacity,
						    struct str_ref *ref, struct sock *sk,
						    __u32 event)
{
	struct unix_sock *unix_sk = (void *)sk;
	struct record_header *hdr = record;
	struct dentry *dentry;
	char first;

	record_append_unix_name(record, capacity, ref, sk);
	first = record_first_char(record, capacity, ref);
	if (!first || first == '/' || first == '@')
		return;
	dentry = BPF_CORE_READ(unix_sk, path.dentry);
	if (!dentry)
		return;
	hdr->size = ref->off; /* written again in place */
	record_append_path(record, capacity, ref, current_task(), dentry,
			   BPF_CORE_READ(unix_sk, path.mnt), event);
}

/* Both ends of `sk`, of a unix socket with the path. NULL: nothing. As to what was appended before,
 * see record_append_unix_path. */
static __always_inline void record_append_ends(void *record, __u32 capacity, struct endpoints *ends,
					       struct str_ref *path, struct sock *sk, __u32 event)
{
	if (!sk)
		return;
	endpoints_fill(ends, sk);
	if (ends->family == AF_UNIX)
		record_append_unix_path(record, capacity, path, sk, event);
}

#endif
