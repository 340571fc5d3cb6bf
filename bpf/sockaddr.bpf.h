/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct sockaddr → one end of struct endpoints, or the name of a unix socket. For what the socket
 * itself cannot tell: an attempt that failed, or an address that is given with each message.
 */
#ifndef NEZUBAN_SOCKADDR_BPF_H
#define NEZUBAN_SOCKADDR_BPF_H

#include "path.bpf.h"
#include "socket.bpf.h"

#define AF_VSOCK 40

/* struct sockaddr_vm, whose definition lies in a module. */
struct vsock_address {
	__u16 family;
	__u16 reserved;
	__u32 port;
	__u32 cid;
};

/* A copy; `len` bytes of it are valid. */
struct address_copy {
	__u32 len;
	__u32 from_user;
	__u8 bytes[128];
};

static __always_inline __u64 address_len(__u64 len)
{
	barrier_var(len);
	return len > 128 ? 128 : len;
}

/* Of the caller's memory; empty if it cannot be read. */
static __always_inline void address_read_user(struct address_copy *address, __u64 from, __u32 size)
{
	__u64 len = address_len(size);

	address->from_user = 1;
	if (bpf_probe_read_user(address->bytes, len, (void *)from) == 0)
		address->len = len;
}

static __always_inline void address_read_kernel(struct address_copy *address, const void *from,
						__u32 size)
{
	__u64 len = address_len(size);

	if (bpf_probe_read_kernel(address->bytes, len, from) == 0)
		address->len = len;
}

static __always_inline __u16 address_family(const struct address_copy *address)
{
	return address->len >= 2 ? *(const __u16 *)address->bytes : 0;
}

/* The address itself; those of unix sockets, and of families we do not know, stay zero. */
static __always_inline void address_to_end(const struct address_copy *address, __u8 *addr,
					   __u16 *port)
{
	__u16 family = address_family(address);

	__builtin_memset(addr, 0, 16);
	*port = 0;
	if (family == AF_INET && address->len >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = (const void *)address->bytes;

		*port = bpf_ntohs(in->sin_port);
		__builtin_memcpy(addr, &in->sin_addr, 4);
	} else if (family == AF_INET6 && address->len >= 24) {
		const struct sockaddr_in6 *in6 = (const void *)address->bytes;

		*port = bpf_ntohs(in6->sin6_port);
		__builtin_memcpy(addr, &in6->sin6_addr, 16);
	} else if (family == AF_VSOCK && address->len >= sizeof(struct vsock_address)) {
		const struct vsock_address *vsock = (const void *)address->bytes;

		__builtin_memcpy(addr, &vsock->cid, 4);
		__builtin_memcpy(addr + 4, &vsock->port, 4);
	}
}

#endif
