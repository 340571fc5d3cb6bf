/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Namespaces as files: what a descriptor of nsfs stands for.
 */
#ifndef NEZUBAN_NAMESPACE_BPF_H
#define NEZUBAN_NAMESPACE_BPF_H

#include "common.bpf.h"

#define NSFS_MAGIC 0x6e736673

struct ns_common___typed { /* since 4055526d3574 (6.18) */
	__u32 ns_type;
} __attribute__((preserve_access_index));

struct proc_ns_operations___typed { /* before */
	int type;
} __attribute__((preserve_access_index));

/* The namespace an open file stands for; NULL: none. */
static __always_inline struct ns_common *file_namespace(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	if (BPF_CORE_READ(inode, i_sb, s_magic) != NSFS_MAGIC)
		return NULL;
	return BPF_CORE_READ(inode, i_private);
}

/* CLONE_NEW… */
static __always_inline __u32 namespace_type(struct ns_common *ns)
{
	struct ns_common___typed *typed = (void *)ns;
	struct proc_ns_operations___typed *ops = (void *)BPF_CORE_READ(ns, ops);

	if (bpf_core_field_exists(typed->ns_type))
		return BPF_CORE_READ(typed, ns_type);
	return BPF_CORE_READ(ops, type);
}

#endif
