/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What bpf(2) hands out descriptors of. Compiled by the kernel side and by user space.
 */
#ifndef NEZUBAN_BPF_OBJECT_H
#define NEZUBAN_BPF_OBJECT_H

#include "events.h"

/* call_record.known[2] of bpf. Each kind has ids of its own, which last as long as the object. */
enum { BPF_OBJECT_PROGRAM = 1, BPF_OBJECT_MAP, BPF_OBJECT_LINK };

struct bpf_object_id {
	__u32 kind; /* BPF_OBJECT_* */
	__u32 id;
};

#endif
