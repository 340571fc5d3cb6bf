/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One cgroup's flood of opens must not cost the others theirs: a token bucket per cgroup before the
 * bulk lane. The vital lane has none.
 */
#ifndef NEZUBAN_FLOOD_BPF_H
#define NEZUBAN_FLOOD_BPF_H

#include "compat.bpf.h"
#include "maps.bpf.h"

#define FLOOD_REFILL_NS 1000000ll

/* Constant at each call, so that nothing is left of it. */
static __always_inline __u32 lane_of(__u32 type)
{
#define EVENT_LANE(id, record, names, strings, lane) \
	if (type == id)                              \
		return lane;
	EVENT_LIST(EVENT_LANE)
#undef EVENT_LANE
	return LANE_VITAL;
}

/*
 * Refills the empty bucket by what has accrued. CPUs that do so at the same moment both refill: a
 * few records more. False: nothing has accrued yet.
 */
static __always_inline bool flood_refill(struct flood_bucket *bucket)
{
	__s64 now = bpf_ktime_get_boot_ns();
	/* Below 0 where another CPU has refilled since this one looked at the clock. */
	__s64 passed = now - (__s64)bucket->refilled_ns;

	if (passed < FLOOD_REFILL_NS)
		return false;
	if (passed > (__s64)NS_PER_S)
		passed = NS_PER_S;

	__u64 accrued = (__u64)passed * flood_rate / NS_PER_S;

	if (!accrued) /* it adds up */
		return false;
	bucket->refilled_ns = now;
	bucket->tokens = accrued > flood_burst ? flood_burst : accrued;
	return true;
}

/*
 * Whether the current task's cgroup may put one more record into the bulk lane; counted there if
 * not. The clock is only looked at once the bucket is empty.
 */
static __always_inline bool flood_admits(__u32 type)
{
	if (!flood_rate || lane_of(type) != LANE_BULK)
		return true;

	__u64 cgroup = bpf_get_current_cgroup_id();
	struct flood_bucket *bucket = bpf_map_lookup_elem(&flood_buckets, &cgroup);

	if (!bucket) {
		struct flood_bucket full = {
			.tokens = flood_burst,
			.refilled_ns = bpf_ktime_get_boot_ns(),
		};

		map_update(&flood_buckets, &cgroup, &full, BPF_NOEXIST);
		return true;
	}
	if (bucket->tokens <= 0 && !flood_refill(bucket)) {
		__sync_fetch_and_add(&bucket->nr_dropped, 1);
		return false;
	}
	__sync_fetch_and_add(&bucket->tokens, -1);
	return true;
}

#endif
