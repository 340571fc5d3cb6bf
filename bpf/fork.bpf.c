// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A new process; and, for threads too, the inheritance of the sticky origin.
 *
 * TP_PROTO(struct task_struct *parent, struct task_struct *child), from
 *   kernel_clone → copy_process → trace_sched_process_fork → wake_up_new_task:
 * the child is complete (CLONE_INTO_CGROUP's cgroup included) and has not run, so that its record
 * is in the ring before anything it does.
 */
#include "record.bpf.h"

DEFINE_SCRATCH(fork, sizeof(struct fork_record));

enum { VARIANT_CLONE, VARIANT_FORK, VARIANT_VFORK, VARIANT_CLONE3 };

#define NR_CLONE3 435
#define X86_64_NR_FORK 57
#define X86_64_NR_VFORK 58
#define I386_NR_FORK 2
#define I386_NR_VFORK 190

static __always_inline __u8 fork_variant(void)
{
	struct syscall_id id = current_syscall();

	if (id.nr == NR_CLONE3)
		return VARIANT_CLONE3;
	if (id.is_compat)
		return id.nr == I386_NR_FORK	? VARIANT_FORK
		       : id.nr == I386_NR_VFORK ? VARIANT_VFORK
						: VARIANT_CLONE;
	if (!bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return VARIANT_CLONE; /* arm64 has neither fork nor vfork */
	return id.nr == X86_64_NR_FORK	  ? VARIANT_FORK
	       : id.nr == X86_64_NR_VFORK ? VARIANT_VFORK
					  : VARIANT_CLONE;
}

/* The child's origin: its parent's, else the container it was cloned into. `*lost`: it has one
 * that could not be stored. */
static __always_inline __u64 inherit_origin(struct task_struct *parent, struct task_struct *child,
					    __u64 child_cgroup, bool *lost)
{
	__u64 origin = origin_of(parent, known_task_cgroup_id(parent));

	if (!origin)
		origin = container_of_cgroup(child_cgroup);
	*lost = origin && !origin_store(child, origin);
	return origin;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 child_cgroup = known_task_cgroup_id(child);
	bool lost = false;
	__u64 child_origin = inherit_origin(parent, child, child_cgroup, &lost);

	if (child->pid != child->tgid) /* a thread */
		return 0;

	struct fork_record *record = record_begin(&fork_scratch, EVENT_FORK, fork_variant(),
						  SENSOR_TRACEPOINT, sizeof(*record));

	if (!record)
		return 0;

	if (lost)
		record->hdr.flags |= RECORD_ORIGIN_UNKNOWN;
	record->child_start_ns = KNOWN_READ2(child, group_leader, start_boottime);
	record->child_cgroup_id = child_cgroup;
	record->child_origin_cgroup_id = child_origin;
	record->parent_start_ns = KNOWN_READ3(child, real_parent, group_leader, start_boottime);
	record->ppid = KNOWN_READ2(child, real_parent, tgid);
	record->child_tgid = child->tgid;
	record->child_vpid = task_vpid(child);
	record->child_pid_ns = known_task_pid_ns_inum(child);
	record_submit(record, fork, LANE_VITAL);
	return 0;
}
