/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a task is: ids, namespaces, cgroup, and its sticky origin. All reads go through CO-RE, so
 * that any task will do, not only the current one.
 */
#ifndef NEZUBAN_TASK_BPF_H
#define NEZUBAN_TASK_BPF_H

#include "common.bpf.h"
#include "compat.bpf.h"
#include "maps.bpf.h"

/*
 * KNOWN_READn(pointer, a, b, c): what BPF_CORE_READ reads, where the verifier knows `pointer` for
 * what it is (a tracepoint's argument, current_task()): by loads instead of calls, which are most
 * of the cost of a header. The tests for NULL are for kernels whose BTF tells pointers under RCU.
 * Before 5.15 current_task() is not known, and both are the same.
 */
#define KNOWN_LOAD1(p, a) ((p)->a)
#define KNOWN_LOAD2(p, a, b)                   \
	({                                     \
		typeof((p)->a) __a = (p)->a;   \
		__a ? KNOWN_LOAD1(__a, b) : 0; \
	})
#define KNOWN_LOAD3(p, a, b, c)                   \
	({                                        \
		typeof((p)->a) __p = (p)->a;      \
		__p ? KNOWN_LOAD2(__p, b, c) : 0; \
	})
#define KNOWN_LOAD4(p, a, b, c, d)                   \
	({                                           \
		typeof((p)->a) __q = (p)->a;         \
		__q ? KNOWN_LOAD3(__q, b, c, d) : 0; \
	})
#define KNOWN_READ1(p, a) (has_task_helpers ? KNOWN_LOAD1(p, a) : BPF_CORE_READ(p, a))
#define KNOWN_READ2(p, a, b) (has_task_helpers ? KNOWN_LOAD2(p, a, b) : BPF_CORE_READ(p, a, b))
#define KNOWN_READ3(p, a, b, c) \
	(has_task_helpers ? KNOWN_LOAD3(p, a, b, c) : BPF_CORE_READ(p, a, b, c))
#define KNOWN_READ4(p, a, b, c, d) \
	(has_task_helpers ? KNOWN_LOAD4(p, a, b, c, d) : BPF_CORE_READ(p, a, b, c, d))

/* Start of the process: of its group leader. */
static __always_inline __u64 task_start_ns(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

static __always_inline struct pid_namespace *task_pid_ns(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid = {};

	if (bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]) < 0)
		return NULL;
	return upid.ns;
}

/* Its number, of a known task: see KNOWN_READ. The array of numbers is beyond the verifier. */
static __always_inline __u32 known_task_pid_ns_inum(struct task_struct *task)
{
	struct pid *pid = KNOWN_READ1(task, thread_pid);
	__u32 level = pid ? KNOWN_READ1(pid, level) : 0;
	struct upid upid = {};

	if (bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]) < 0)
		return 0;
	return BPF_CORE_READ(upid.ns, ns.inum);
}

/* The process's id in its own pid namespace. */
static __always_inline __u32 task_vpid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid = {};

	if (bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]) < 0)
		return 0;
	return upid.nr;
}

/* Session or process group, in the initial pid namespace. */
static __always_inline __u32 task_pid_of_type(struct task_struct *task, enum pid_type type)
{
	struct pid *pid = NULL;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (bpf_core_read(&pid, sizeof(pid), &signal->pids[type]) < 0)
		return 0;
	return BPF_CORE_READ(pid, numbers[0].nr);
}

/* Controlling terminal as major << 8 | minor. */
static __always_inline __u32 task_tty(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

	if (!tty)
		return 0;

	__u32 major = BPF_CORE_READ(tty, driver, major);
	__u32 minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);

	return major << 8 | minor;
}

static __always_inline __u64 cgroup_id(struct cgroup *cgrp)
{
	return BPF_CORE_READ(cgrp, kn, id);
}

/* In the default (v2) hierarchy, whatever v1 hierarchies say. */
static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	struct cgroup *cgrp = BPF_CORE_READ(task, cgroups, dfl_cgrp);

	return cgroup_id(cgrp);
}

/* The same of a known task: see KNOWN_READ. */
static __always_inline __u64 known_task_cgroup_id(struct task_struct *task)
{
	return KNOWN_READ4(task, cgroups, dfl_cgrp, kn, id);
}

/* The container that cgroup belongs to; 0: none. */
static __always_inline __u64 container_of_cgroup(__u64 id)
{
	struct container_cgroup *found = bpf_map_lookup_elem(&container_cgroups, &id);

	return found ? found->container_cgroup_id : 0;
}

static __always_inline struct task_key task_key_of(struct task_struct *task)
{
	struct task_key key = {
		.start_ns = BPF_CORE_READ(task, start_boottime),
		.tid = BPF_CORE_READ(task, pid),
	};

	return key;
}

/* The origin stored with the task; 0: none. `task` must be a pointer the verifier trusts (a
 * tracepoint's argument, bpf_get_current_task_btf). */
static __always_inline __u64 origin_load(struct task_struct *task)
{
	struct task_origin *origin;

	if (has_task_helpers) {
		origin = bpf_task_storage_get(&task_origins, task, NULL, 0);
	} else {
		struct task_key key = task_key_of(task);

		origin = bpf_map_lookup_elem(&task_origins_by_id, &key);
	}
	return origin ? origin->cgroup_id : 0;
}

/* Notes that an origin could not be kept. Two CPUs may both set since_ns: the same moment. */
static __always_inline void origin_lost(void)
{
	__u32 zero = 0;
	struct origin_losses *losses = bpf_map_lookup_elem(&origin_losses, &zero);

	if (!losses)
		return;
	__sync_fetch_and_add(&losses->nr_lost, 1);
	if (!losses->since_ns)
		losses->since_ns = bpf_ktime_get_boot_ns();
}

/* Gives the task its origin. Never called for a task that has one. False, and counted, on
 * failure. */
static __always_inline bool origin_store(struct task_struct *task, __u64 cgroup_id)
{
	struct task_origin origin = {.cgroup_id = cgroup_id};

	if (has_task_helpers) {
		struct task_origin *stored = bpf_task_storage_get(&task_origins, task, &origin,
								  BPF_LOCAL_STORAGE_GET_F_CREATE);

		if (stored)
			return true;
	} else {
		struct task_key key = task_key_of(task);

		if (map_update(&task_origins_by_id, &key, &origin, BPF_ANY) == 0)
			return true;
	}
	origin_lost();
	return false;
}

static __always_inline void origin_forget(struct task_struct *task)
{
	if (has_task_helpers)
		return; /* goes with the task */

	struct task_key key = task_key_of(task);

	bpf_map_delete_elem(&task_origins_by_id, &key);
}

/* Whether an origin of a task that started then may have been lost. */
static __always_inline bool origin_may_be_lost(__u64 start_ns)
{
	__u32 zero = 0;
	struct origin_losses *losses = bpf_map_lookup_elem(&origin_losses, &zero);

	return losses && losses->since_ns && start_ns >= losses->since_ns;
}

/*
 * The task's origin: the one it has, else the container whose cgroup it is found in, from then on
 * stored. 0: none.
 */
static __always_inline __u64 origin_of(struct task_struct *task, __u64 cgroup)
{
	__u64 origin = origin_load(task);

	if (origin)
		return origin;
	origin = container_of_cgroup(cgroup);
	if (origin)
		origin_store(task, origin);
	return origin;
}

/* The current task as a pointer origin_of takes on this kernel. */
static __always_inline struct task_struct *current_task(void)
{
	if (has_task_helpers)
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

#endif
