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
#include "runtime.bpf.h"
#include "syscall.bpf.h"

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

#define CLONE_VM 0x100
#define CLONE_FS 0x200
#define CLONE_FILES 0x400
#define CLONE_SIGHAND 0x800
#define CLONE_PARENT 0x8000
#define CLONE_NEWTIME 0x80
#define CLONE_NEWNS 0x20000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS 0x04000000
#define CLONE_NEWIPC 0x08000000
#define CLONE_NEWPID 0x20000000
#define CLONE_NEWNET 0x40000000
#define CLONE_INTO_CGROUP 0x200000000ull
#define CLONE_VFORK 0x4000
#define CSIGNAL 0xff
/* What only the caller's arguments tell: CLONE_PTRACE, VFORK, PARENT_SETTID, SETTLS,
 * CHILD_CLEARTID, UNTRACED, CHILD_SETTID, PIDFD. */
#define CLONE_AS_ASKED 0x01b87000ull

#define FLAG_IF(condition, flag) ((condition) ? (flag) : 0)
#define DIFFERS(field) (BPF_CORE_READ(a, field) != BPF_CORE_READ(b, field))

/* The namespaces of which the child has others than its parent. */
static __always_inline __u64 namespace_flags(struct task_struct *parent, struct task_struct *child)
{
	struct nsproxy *a = BPF_CORE_READ(parent, nsproxy);
	struct nsproxy *b = BPF_CORE_READ(child, nsproxy);
	__u64 flags =
		FLAG_IF(BPF_CORE_READ(parent, cred, user_ns) != BPF_CORE_READ(child, cred, user_ns),
			CLONE_NEWUSER);

	if (a == b)
		return flags;
	return flags | FLAG_IF(DIFFERS(uts_ns), CLONE_NEWUTS) |
	       FLAG_IF(DIFFERS(ipc_ns), CLONE_NEWIPC) | FLAG_IF(DIFFERS(mnt_ns), CLONE_NEWNS) |
	       FLAG_IF(DIFFERS(pid_ns_for_children), CLONE_NEWPID) |
	       FLAG_IF(DIFFERS(net_ns), CLONE_NEWNET) |
	       FLAG_IF(DIFFERS(time_ns_for_children), CLONE_NEWTIME) |
	       FLAG_IF(DIFFERS(cgroup_ns), CLONE_NEWCGROUP);
}

/* The flags in the caller's own words. clone3's lie in its memory, where they may change. */
static __always_inline __u64 flags_asked_for(__u8 variant)
{
	struct syscall_args args = {};
	__u64 flags = 0;

	if (variant == VARIANT_VFORK)
		return CLONE_VFORK;
	if (variant == VARIANT_FORK)
		return 0;
	args = first_syscall_args(current_regs(),
				  task_in_compat_syscall((void *)bpf_get_current_task()));
	if (variant == VARIANT_CLONE)
		flags = args.arg[0] & ~(__u64)CSIGNAL;
	else
		bpf_probe_read_user(&flags, sizeof(flags), (void *)args.arg[0]);
	return flags & CLONE_AS_ASKED;
}

/* CLONE_*: what the child shares and what it does not, by what it has. */
static __always_inline __u64 clone_flags(struct task_struct *a, struct task_struct *b, __u8 variant)
{
	return flags_asked_for(variant) | namespace_flags(a, b) | FLAG_IF(!DIFFERS(mm), CLONE_VM) |
	       FLAG_IF(!DIFFERS(fs), CLONE_FS) | FLAG_IF(!DIFFERS(files), CLONE_FILES) |
	       FLAG_IF(!DIFFERS(sighand), CLONE_SIGHAND) |
	       FLAG_IF(!DIFFERS(real_parent), CLONE_PARENT) |
	       FLAG_IF(task_cgroup_id(a) != task_cgroup_id(b), CLONE_INTO_CGROUP);
}

/* A runtime's child that was cloned into a cgroup without a telling name (CLONE_INTO_CGROUP; crun
 * does it): nobody is moved there, and yet it is a container's. The root never is. */
static __always_inline __u64 container_cloned_into(struct task_struct *child, __u64 child_cgroup)
{
	struct container_cgroup container = {child_cgroup, CONTAINER_BY_ATTACH};

	if (!BPF_CORE_READ(child, cgroups, dfl_cgrp, self.parent) || !current_is_runtime())
		return 0;
	remember(child_cgroup, &container);
	return child_cgroup;
}

/* The child's origin: its parent's, else the container it was cloned into. `*lost`: it has one
 * that could not be stored. */
static __always_inline __u64 inherit_origin(struct task_struct *parent, struct task_struct *child,
					    __u64 child_cgroup, bool *lost)
{
	__u64 parent_cgroup = known_task_cgroup_id(parent);
	__u64 origin = origin_of(parent, parent_cgroup);

	if (!origin)
		origin = container_of_cgroup(child_cgroup);
	if (!origin && child_cgroup != parent_cgroup)
		origin = container_cloned_into(child, child_cgroup);
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

	/* The daemon's own, too: they tell which process is its self-test. */
	if (!record_wanted_of_anyone(EVENT_FORK))
		return 0;

	__u8 variant = fork_variant();
	struct fork_record *record = record_begin_for(&fork_scratch, current_task(), EVENT_FORK,
						      variant, SENSOR_TRACEPOINT, sizeof(*record));

	if (!record)
		return 0;

	if (is_own_act())
		record->hdr.flags |= RECORD_OWN;
	if (lost)
		record->hdr.flags |= RECORD_ORIGIN_UNKNOWN;
	record->flags = clone_flags(parent, child, variant);
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
