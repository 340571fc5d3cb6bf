/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Container runtimes at work, and the cgroups that are remembered for what they made of them. */
#ifndef NEZUBAN_RUNTIME_BPF_H
#define NEZUBAN_RUNTIME_BPF_H

#include "task.bpf.h"

/* A loop of our own, since clang turns longer __builtin_memcmp into calls that BPF does not have.
 */
static __always_inline bool same(const char *text, const char *want, const __u32 len)
{
	for (__u32 i = 0; i < len; i++) {
		if (text[i] != want[i])
			return false;
	}
	return true;
}

/* A plain runtime by its name: it only decides what a cgroup without a telling name is. */
static __always_inline bool current_is_runtime(void)
{
	char comm[COMM_LEN] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	return same(comm, "runc", 4) || same(comm, "crun", 4) || same(comm, "youki", 5);
}

/*
 * Remembers the cgroup as a container's. Where the map is full the records still say so, but tasks
 * inside may show no origin: unknown from then on.
 */
static __always_inline void remember(__u64 id, struct container_cgroup *container)
{
	if (map_update(&container_cgroups, &id, container, BPF_ANY) < 0)
		origin_lost();
}

#endif
