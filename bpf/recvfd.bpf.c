// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A descriptor is received over a unix socket (SCM_RIGHTS): what it stands for, and its number.
 *
 * object: security_file_receive(file), which the kernel asks for each before it has a number.
 *   pidfd_getfd comes there too, and is an event of its own.
 * tracepoint: the exits of recvmsg and recvmmsg (message.bpf.c), by the control messages in the
 *   caller's memory.
 */
#include "path.bpf.h"
#include "received_fds.bpf.h"
#include "record.bpf.h"
#include "socket.bpf.h"

DEFINE_SCRATCH(recvfd, sizeof(struct recvfd_record) + PATH_LEN_MAX + 64);

#define NR_PIDFD_GETFD 438 /* in every table */
#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define CONTROLS_MAX 4
#define FDS_MAX 253 /* SCM_MAX_FD */

static __always_inline int report_file(struct file *file, __s32 fd, __u8 sensor)
{
	struct recvfd_record *record =
		record_begin(&recvfd_scratch, EVENT_RECVFD, 0, sensor, sizeof(*record));
	struct socket *sock;
	struct sock *sk;

	if (!record)
		return 0;
	record->fd = fd;
	record_append_nothing(record, &record->path);
	if (fd >= 0)
		record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	if (file) {
		file_ref_fill_file(&record->file, file);
		sock = file_socket(file);
		sk = sock ? BPF_CORE_READ(sock, sk) : NULL;
		if (sk)
			record_append_ends(record, sizeof_scratch(recvfd), &record->ends,
					   &record->path, sk, EVENT_RECVFD);
		else
			record_append_file_path(record, sizeof_scratch(recvfd), &record->path,
						current_task(), file, EVENT_RECVFD);
	}
	record_submit(record, recvfd, LANE_VITAL);
	return 0;
}

/* Global, so that it is verified once. */
int received_fd(__u32 fd)
{
	return report_file(task_file((void *)bpf_get_current_task(), fd), fd, SENSOR_TRACEPOINT);
}

static __always_inline void report_control(__u64 at, __u64 bytes)
{
	for (int i = 0; i < FDS_MAX; i++, at += sizeof(__u32)) {
		__u32 fd;

		if (i >= bytes / sizeof(fd) || bpf_probe_read_user(&fd, sizeof(fd), (void *)at) < 0)
			break;
		received_fd(fd);
	}
}

/* struct cmsghdr, whose length is a size_t. */
struct control_header {
	__u64 len;
	__s32 level;
	__s32 type;
};

static __always_inline bool control_read(struct control_header *header, __u64 at, bool compat)
{
	__u32 words[3];

	if (!compat)
		return bpf_probe_read_user(header, sizeof(*header), (void *)at) == 0;
	if (bpf_probe_read_user(words, sizeof(words), (void *)at) < 0)
		return false;
	header->len = words[0];
	header->level = words[1];
	header->type = words[2];
	return true;
}

int received_fds(__u64 control, __u64 control_len, __u32 compat)
{
	__u32 header_len = compat ? 12 : 16;
	__u32 align = compat ? 4 : 8;
	__u64 end = control + control_len;

	for (int i = 0; i < CONTROLS_MAX; i++) {
		struct control_header header = {};

		if (control + header_len > end || !control_read(&header, control, compat) ||
		    header.len < header_len)
			break;
		if (header.level == SOL_SOCKET && header.type == SCM_RIGHTS) {
			report_control(control + header_len, header.len - header_len);
			break; /* the kernel gives all in one */
		}
		control += (header.len + align - 1) & -(__u64)align;
	}
	return 0;
}

/* int security_file_receive(struct file *file) */
SEC("fentry/security_file_receive")
int BPF_PROG(on_file_receive, struct file *file)
{
	if (current_syscall().nr == NR_PIDFD_GETFD)
		return 0;
	return report_file(file, -1, SENSOR_OBJECT);
}
