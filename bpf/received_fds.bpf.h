/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct msghdr of the caller, and the descriptors that came with a message.
 */
#ifndef NEZUBAN_RECEIVED_FDS_BPF_H
#define NEZUBAN_RECEIVED_FDS_BPF_H

#include "common.bpf.h"

/* What of struct msghdr counts here. */
struct message_header {
	__u64 name;
	__u64 control;
	__u64 control_len;
	__u32 name_len;
};

/* False if it cannot be read. */
static __always_inline bool message_header_read(struct message_header *header, __u64 from,
						bool compat)
{
	__u64 words[6]; /* name, name_len, iov, iov_len, control, control_len */

	if (compat) {
		__u32 halves[6];

		if (bpf_probe_read_user(halves, sizeof(halves), (void *)from) < 0)
			return false;
		for (int i = 0; i < 6; i++)
			words[i] = halves[i];
	} else if (bpf_probe_read_user(words, sizeof(words), (void *)from) < 0) {
		return false;
	}
	header->name = words[0];
	header->name_len = words[1];
	header->control = words[4];
	header->control_len = words[5];
	return true;
}

/* Whether the programs of that kind at the exits of recvmsg and recvmmsg are to tell of
 * descriptors; the object kind has a sensor of its own for these. */
static __always_inline bool receives_fds(__u8 sensor)
{
	return sensor == SENSOR_TRACEPOINT && sensor_makes(EVENT_RECVFD, sensor);
}

/* Reports the descriptors among the control messages that the caller has received. */
int received_fds(__u64 control, __u64 control_len, __u32 compat);

#endif
