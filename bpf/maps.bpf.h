/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps that several sensors share. Each is __weak: every object defines it, linking keeps one.
 */
#ifndef NEZUBAN_MAPS_BPF_H
#define NEZUBAN_MAPS_BPF_H

#include "common.bpf.h"

/* Records of process life and of the rare dangerous acts. Written by record_submit, read by user
 * space, which also sets the size before load. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring_vital SEC(".maps") __weak;

/* Records of the acts that come in floods. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring_bulk SEC(".maps") __weak;

/* Key: EVENT_*. Written by record.bpf.h only, read by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NR_EVENTS);
	__type(key, __u32);
	__type(value, struct event_counters);
} counters SEC(".maps") __weak;

/* Key: LANE_*. The next sequence number. Written by record_submit only. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NR_LANES);
	__type(key, __u32);
	__type(value, __u64);
} sequences SEC(".maps") __weak;

/* Key: EVENT_*. Which events are wanted; written by user space, read by filter.bpf.h, and which of
 * them wake a sleeping reader; read by record_submit. */
struct event_filter_entry {
	__u32 enabled;
	__u32 wakes;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_EVENTS);
	__type(key, __u32);
	__type(value, struct event_filter_entry);
} event_filter SEC(".maps") __weak;

/*
 * Key: cgroup id. What a cgroup may still put into the bulk lane, and what it could not. Written by
 * flood.bpf.h, read by user space. LRU: a quiet cgroup that is forgotten starts anew with a full
 * bucket, and the sum of what was dropped is in `counters` too.
 */
struct flood_bucket {
	__s64 tokens;
	__u64 refilled_ns; /* boot-time clock */
	__u64 nr_dropped;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct flood_bucket);
} flood_buckets SEC(".maps") __weak;

/*
 * Key: cgroup id. The containers' cgroups and all below them. Written by the cgroup sensor (mkdir,
 * attach; removed at rmdir, when no task is left that could need it) and by user space (those that
 * were there before). Read wherever a task's origin is looked for.
 */
struct container_cgroup {
	__u64 container_cgroup_id; /* the outermost container's */
	__u32 by;		   /* CONTAINER_* */
	__u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, struct container_cgroup);
} container_cgroups SEC(".maps") __weak;

/* A thread's sticky origin, where task storage can be used from tracing programs. */
struct task_origin {
	__u64 cgroup_id;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_origin);
} task_origins SEC(".maps") __weak;

/*
 * The same for older kernels. No LRU: silently losing an origin would let a container's process
 * pass for the host's. on_exit removes entries; overflow is counted by origin_lost.
 */
struct task_key {
	__u64 start_ns;
	__u32 tid;
	__u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct task_key);
	__type(value, struct task_origin);
} task_origins_by_id SEC(".maps") __weak;

/*
 * Origins that could not be stored (out of memory, map full): how many, and since when. Tasks that
 * started since and show no origin get RECORD_ORIGIN_UNKNOWN: they may be children of one whose
 * origin was lost.
 */
struct origin_losses {
	__u64 nr_lost;
	__u64 since_ns; /* boot-time clock; 0: none lost */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct origin_losses);
} origin_losses SEC(".maps") __weak;

#endif
