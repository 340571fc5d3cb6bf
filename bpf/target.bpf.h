/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The process a call acts on: from a number in the caller's pid namespace, or from a pidfd.
 */
#ifndef NEZUBAN_TARGET_BPF_H
#define NEZUBAN_TARGET_BPF_H

#include "task.bpf.h"

#define PID_FS_MAGIC 0x50494446 /* pidfds' own file system, since cb12fd8e0dab (6.9) */

/* The thread of that id; NULL: gone. */
static __always_inline struct task_struct *pid_task_of(struct pid *pid)
{
	struct hlist_node *node = NULL;

	bpf_core_read(&node, sizeof(node), &pid->tasks[PIDTYPE_PID].first);
	if (!node)
		return NULL;
	return (void *)node - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_PID]);
}

/*
 * The id by its number in `ns`: the walk of idr_find. An entry whose low bits are 10 is a node of
 * 64 slots; four levels hold the greatest pid there can be (4,194,304).
 */
#define PID_TREE_DEPTH 5
#define PID_TREE_SLOTS 64

static __always_inline struct pid *pid_by_number(struct pid_namespace *ns, __u32 number)
{
	void *entry = BPF_CORE_READ(ns, idr.idr_rt.xa_head);

	for (int i = 0; i < PID_TREE_DEPTH && ((__u64)entry & 3) == 2; i++) {
		struct xa_node *node = entry - 2;
		__u64 shift = BPF_CORE_READ(node, shift);
		__u64 slot = number;

		if (i == 0 && shift < 26 && slot >> (shift + 6))
			return NULL; /* beyond the tree */
		slot = slot >> (shift & 31) & (PID_TREE_SLOTS - 1);
		if (bpf_core_read(&entry, sizeof(entry), &node->slots[slot]) < 0)
			return NULL;
	}
	return (__u64)entry & 3 ? NULL : entry;
}

/* The thread that the current one knows by that number; NULL: none. */
static __always_inline struct task_struct *task_by_vpid(__s32 number)
{
	struct pid *pid;

	if (number <= 0)
		return NULL;
	pid = pid_by_number(task_pid_ns((void *)bpf_get_current_task()), number);
	return pid ? pid_task_of(pid) : NULL;
}

/* What a pidfd stands for; NULL: it is none. Before pidfs they are anonymous inodes of that name.
 */
static __always_inline struct pid *file_pid(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
	char name[8] = {};

	if (magic == PID_FS_MAGIC)
		return BPF_CORE_READ(inode, i_private);
	if (magic != ANON_INODE_FS_MAGIC)
		return NULL;
	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] != '[' || name[1] != 'p' || name[2] != 'i' || name[3] != 'd' ||
	    name[4] != 'f' || name[5] != 'd' || name[6] != ']')
		return NULL;
	return BPF_CORE_READ(file, private_data);
}

static __always_inline void target_fill(struct call_record *record, struct task_struct *task)
{
	if (!task)
		return;
	record->target_tgid = BPF_CORE_READ(task, tgid);
	record->target_tid = BPF_CORE_READ(task, pid);
	record->target_start_ns = task_start_ns(task);
}

#endif
