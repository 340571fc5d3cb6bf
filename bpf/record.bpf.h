/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a record is made: record_begin, the record_append functions, then exactly one of
 * record_submit and record_discard. Only this file writes the header, sequence numbers, ring
 * buffers and counters.
 *
 *	DEFINE_SCRATCH(connect, 1024);
 *	...
 *	struct connect_record *record = record_begin(&connect_scratch, EVENT_CONNECT, 0,
 *						     SENSOR_TRACEPOINT, sizeof(*record));
 *	if (!record)
 *		return 0;
 *	record->fd = fd;
 *	record_append_kernel(record, sizeof_scratch(connect), &record->path, name, len, 108);
 *	record_submit(record, connect, LANE_BULK);
 *	return 0;
 */
#ifndef NEZUBAN_RECORD_BPF_H
#define NEZUBAN_RECORD_BPF_H

#include "filter.bpf.h"
#include "flood.bpf.h"
#include "maps.bpf.h"
#include "task.bpf.h"

/*
 * One slot per CPU and event, filled by one program at a time. Programs share a CPU with those that
 * interrupt them or, from 5.12 on, preempt them. The kernel's own guard against re-entering a
 * program (6.1+) does not cover two programs of one event: `users` does. Whoever adds himself and
 * is alone then, has the slot; where two come at the same time, neither may. (5.10 has no atomic
 * operation that gives the old value.) The value must stay within 32 KiB, the per-CPU allocator's
 * limit. The head also keeps the record off the first byte of the page (5.8 to 6.1 write one byte
 * before the buffer when a user string faults at once).
 */
struct scratch_head {
	__u64 users;
};

static __always_inline bool scratch_take(struct scratch_head *head)
{
	__sync_fetch_and_add(&head->users, 1);
	if (*(volatile __u64 *)&head->users == 1)
		return true;
	__sync_fetch_and_add(&head->users, -1);
	return false;
}

static __always_inline void scratch_release(struct scratch_head *head)
{
	__sync_fetch_and_add(&head->users, -1);
}

#define DEFINE_SCRATCH(name, record_bytes)                 \
	struct name##_scratch_slot {                       \
		struct scratch_head head;                  \
		__u8 record[record_bytes];                 \
	};                                                 \
	struct {                                           \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);   \
		__uint(max_entries, 1);                    \
		__type(key, __u32);                        \
		__type(value, struct name##_scratch_slot); \
	} name##_scratch SEC(".maps")

/* Bytes a record in that scratch can have. */
#define sizeof_scratch(name) (sizeof(struct name##_scratch_slot) - sizeof(struct scratch_head))

static __always_inline struct event_counters *counters_of(__u32 type)
{
	return bpf_map_lookup_elem(&counters, &type);
}

static __always_inline void count_drop(__u32 type, __u32 reason)
{
	struct event_counters *c = counters_of(type);

	if (c && reason < NR_DROP_REASONS)
		__sync_fetch_and_add(&c->dropped[reason], 1);
}

static __always_inline void record_fill_ids(struct record_header *hdr, const struct cred *cred)
{
	hdr->uid = BPF_CORE_READ(cred, uid.val);
	hdr->euid = BPF_CORE_READ(cred, euid.val);
	hdr->gid = BPF_CORE_READ(cred, gid.val);
	hdr->egid = BPF_CORE_READ(cred, egid.val);
}

/*
 * What it is of a task the verifier knows: see KNOWN_READ. Each pointer is loaded once: for each
 * load newer kernels go through all their types by name, several times, as they verify it
 * (btf_nested_type_is_trusted, 6.4 and later).
 */
static __always_inline void record_fill_known_task(struct record_header *hdr,
						   struct task_struct *task)
{
	const struct cred *cred = task->cred;

	hdr->tgid = task->tgid;
	hdr->tid = task->pid;
	hdr->start_ns = KNOWN_LOAD2(task, group_leader, start_boottime);
	if (cred) {
		hdr->uid = cred->uid.val;
		hdr->euid = cred->euid.val;
		hdr->gid = cred->gid.val;
		hdr->egid = cred->egid.val;
	}
	hdr->mnt_ns = KNOWN_LOAD3(task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline void record_fill_any_task(struct record_header *hdr,
						 struct task_struct *task)
{
	hdr->tgid = BPF_CORE_READ(task, tgid);
	hdr->tid = BPF_CORE_READ(task, pid);
	hdr->start_ns = task_start_ns(task);
	record_fill_ids(hdr, BPF_CORE_READ(task, cred));
	hdr->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline void record_fill_header(struct record_header *hdr, __u32 type,
					       struct task_struct *task)
{
	hdr->type = type;
	hdr->time_ns = bpf_ktime_get_boot_ns();
	hdr->cpu = bpf_get_smp_processor_id();
	if (has_task_helpers)
		record_fill_known_task(hdr, task);
	else
		record_fill_any_task(hdr, task);
	hdr->loginuid = known_task_loginuid(task);
	hdr->pid_ns = known_task_pid_ns_inum(task);
	hdr->cgroup_id = known_task_cgroup_id(task);
	hdr->origin_cgroup_id = origin_of(task, hdr->cgroup_id);
	if (!hdr->origin_cgroup_id && origin_may_be_lost(hdr->start_ns))
		hdr->flags |= RECORD_ORIGIN_UNKNOWN;
	BPF_CORE_READ_STR_INTO(&hdr->comm, task, comm);
}

/*
 * A record of `task`, its fixed part zeroed and its header filled, in the slot of `scratch`; NULL
 * (counted) while the slot is in use. Asks no filter. `task`: see origin_load.
 */
static __always_inline void *record_begin_for(void *scratch, struct task_struct *task, __u32 type,
					      __u8 variant, __u8 sensor, __u32 fixed_size)
{
	__u32 zero = 0;
	struct scratch_head *head = bpf_map_lookup_elem(scratch, &zero);

	if (!head)
		return NULL;
	if (!scratch_take(head)) {
		count_drop(type, DROP_SCRATCH_BUSY);
		return NULL;
	}

	struct record_header *hdr = (void *)(head + 1);

	__builtin_memset(hdr, 0, fixed_size);
	hdr->size = fixed_size;
	hdr->variant = variant;
	hdr->sensor = sensor;
	record_fill_header(hdr, type, task);
	return hdr;
}

/* Whether the daemon itself acts. */
static __always_inline bool is_own_act(void)
{
	return self_tgid && bpf_get_current_pid_tgid() >> 32 == self_tgid;
}

/* Like record_wanted, the daemon's own acts included. */
static __always_inline bool record_wanted_of_anyone(__u32 type)
{
	if (!filter_wants(type)) {
		struct event_counters *c = counters_of(type);

		if (c)
			__sync_fetch_and_add(&c->filtered, 1);
		return false;
	}
	if (flood_admits(type))
		return true;
	count_drop(type, DROP_FLOOD);
	return false;
}

/*
 * Whether the current task's act is to be recorded: for sensors that have something costly to do
 * before they begin; ask once per record. False without a count for the daemon's own acts; counted
 * as filtered where no rule wants the event, as dropped where its cgroup floods the bulk lane.
 */
static __always_inline bool record_wanted(__u32 type)
{
	return !is_own_act() && record_wanted_of_anyone(type);
}

/* The same for the current task, if that is wanted: what sensors call. */
static __always_inline void *record_begin(void *scratch, __u32 type, __u8 variant, __u8 sensor,
					  __u32 fixed_size)
{
	if (!record_wanted(type))
		return NULL;
	return record_begin_for(scratch, current_task(), type, variant, sensor, fixed_size);
}

/* Gives the slot back without a record: the act turned out to be none of ours. Not counted. */
static __always_inline void record_discard(void *record)
{
	scratch_release(record - sizeof(struct scratch_head));
}

/*
 * Wakes the reader where it should be: one wake-up costs more than all the rest of a record.
 *
 * The record is in the ring by now, and committing it was a full barrier, as is what the reader
 * does between saying that it sleeps and looking at the rings once more: one of the two sees the
 * other. A record discarded is the only way to wake it without writing one.
 */
#define WAKEUP_BYTES (256 << 10)

static __always_inline void reader_wake(void *ring, __u32 type)
{
	__u32 state = *(volatile __u32 *)&reader_state;

	if (state == READER_AWAKE)
		return;

	struct event_filter_entry *entry = bpf_map_lookup_elem(&event_filter, &type);
	bool ready = state == READER_SLEEPS || (state == READER_DOZES && ring == &ring_vital);
	bool wakes = ready && entry && entry->wakes;

	if (!wakes && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < WAKEUP_BYTES)
		return;
	reader_state = READER_AWAKE;

	void *nudge = bpf_ringbuf_reserve(ring, 8, 0);

	if (nudge)
		bpf_ringbuf_discard(nudge, BPF_RB_FORCE_WAKEUP);
}

/*
 * Hands the record to user space, or counts its loss. The sequence number is taken before the ring
 * is tried, so that a loss shows as a gap. It is not atomic: where programs of one lane nest on a
 * CPU, a number may be given twice, never left out. The slot is free before the reader is woken,
 * who may preempt this program.
 */
static __always_inline void record_submit_sized(void *record, __u32 lane, __u32 capacity)
{
	struct record_header *hdr = record;
	__u64 *next = bpf_map_lookup_elem(&sequences, &lane);
	struct event_counters *c = counters_of(hdr->type);
	void *ring = lane == LANE_VITAL ? (void *)&ring_vital : (void *)&ring_bulk;
	__u64 size = hdr->size;
	__u32 type = hdr->type;
	long error;

	hdr->lane = lane;
	if (next)
		hdr->seq = (*next)++;
	if (size > capacity) /* never; the verifier does not know */
		size = capacity;
	error = bpf_ringbuf_output(ring, hdr, size, BPF_RB_NO_WAKEUP);
	record_discard(record);
	if (!c)
		return;
	if (error) {
		__sync_fetch_and_add(&c->dropped[DROP_RING_FULL], 1);
		return;
	}
	__sync_fetch_and_add(&c->submitted, 1);
	reader_wake(ring, type);
}

/* For a program that makes records of several sizes: the fixed part is only that long. Before
 * anything is appended. */
static __always_inline void record_shorten(void *record, __u32 fixed_size)
{
	((struct record_header *)record)->size = fixed_size;
}

/* For records in a scratch that holds strings: `name` as in DEFINE_SCRATCH. */
#define record_submit(record, name, lane) record_submit_sized(record, lane, sizeof_scratch(name))

/*
 * Appending. Each function puts one string at the end of the record and describes it in `ref`.
 * `capacity` is sizeof_scratch and `max` the longest string taken, both constants: an offset tested
 * against their difference leaves room for any length up to max. A string that cannot be read
 * stays empty with its total unknown; there is never a missing record for it. Offsets and lengths
 * are 64 bits wide: -mcpu=v2 widens 32-bit ones by two shifts, behind which the verifier loses what
 * it had learned from a test.
 */
static __always_inline __u64 record_room(struct record_header *hdr, __u32 capacity,
					 struct str_ref *ref, __u32 max)
{
	__u64 off = hdr->size;

	ref->off = off;
	ref->len = 0;
	ref->total = STR_TOTAL_UNKNOWN;
	barrier_var(off);
	if (off > capacity - max)
		return 0; /* byte 0 is the header's: says that there is no room */
	/* Else the compiler folds this test and the caller's for 0 into one of off - 1, from which
	 * verifiers before 6.10 learn nothing about off. */
	barrier_var(off);
	return off;
}

/* `len` bytes of kernel memory at `src`, at most `max` of them. */
static __always_inline void record_append_kernel(void *record, __u32 capacity, struct str_ref *ref,
						 const void *src, __u32 len, __u32 max)
{
	struct record_header *hdr = record;
	__u64 off = record_room(hdr, capacity, ref, max);
	__u64 kept = len;

	if (!off)
		return;
	/* In assembly, as the compiler may test one register and pass on a copy it has spilled, of
	 * which the verifier then knows nothing. */
	asm volatile("if %0 <= %1 goto +1\n\t%0 = %1" : "+r"(kept) : "r"((__u64)max));
	if (bpf_probe_read_kernel(record + off, kept, src) < 0)
		return;
	ref->len = kept;
	ref->total = len;
	hdr->size = off + kept;
}

/* What a helper has copied to `off`, its NUL included, which an empty string of the caller's has
 * none of on kernels up to 6.1; negative: it could not. */
static __always_inline void record_took_str(struct record_header *hdr, struct str_ref *ref,
					    __u64 off, long copied, __u32 max)
{
	if (copied < 0)
		return;
	if (copied > 0)
		copied--;
	ref->len = copied;
	ref->total = copied < max - 1 ? copied : STR_TOTAL_UNKNOWN;
	hdr->size = off + ref->len;
}

/* A NUL-terminated string in kernel memory, shorter than `max` or cut. */
static __always_inline void record_append_kernel_str(void *record, __u32 capacity,
						     struct str_ref *ref, const void *src,
						     __u32 max)
{
	__u64 off = record_room(record, capacity, ref, max);

	if (off)
		record_took_str(record, ref, off, bpf_probe_read_kernel_str(record + off, max, src),
				max);
}

/* The same in the caller's memory; also marks the record. */
static __always_inline void record_append_user_str(void *record, __u32 capacity,
						   struct str_ref *ref, const void *src, __u32 max)
{
	__u64 off = record_room(record, capacity, ref, max);

	((struct record_header *)record)->flags |= RECORD_FROM_USER_MEMORY;
	if (off)
		record_took_str(record, ref, off, bpf_probe_read_user_str(record + off, max, src),
				max);
}

/* The first byte of an appended string; 0 of an empty one. */
static __always_inline char record_first_char(const void *record, __u32 capacity,
					      const struct str_ref *ref)
{
	__u64 off = ref->off;

	barrier_var(off);
	return ref->len && off < capacity ? ((const char *)record)[off] : 0;
}

/* An empty string that is known to be empty. */
static __always_inline void record_append_nothing(void *record, struct str_ref *ref)
{
	ref->off = ((struct record_header *)record)->size;
	ref->len = 0;
	ref->total = 0;
}

#endif
