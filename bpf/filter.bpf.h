/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one check that drops what no loaded rule can match. The rules live in user space; the kernel
 * knows only what it derived from them.
 */
#ifndef NEZUBAN_FILTER_BPF_H
#define NEZUBAN_FILTER_BPF_H

#include "maps.bpf.h"

/*
 * Process life is always wanted, changes of credentials included: without it user space cannot say
 * who did the other things.
 * `type` is a constant at each call, so the test costs nothing there.
 */
static __always_inline bool filter_wants(__u32 type)
{
	if (type == EVENT_EXEC || type == EVENT_FORK || type == EVENT_EXIT ||
	    type == EVENT_CGROUP || type == EVENT_CREDENTIALS)
		return true;

	struct event_filter_entry *entry = bpf_map_lookup_elem(&event_filter, &type);

	return entry && entry->enabled;
}

#endif
