/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The mapping at an address of the current process. By hand and without its lock: bpf_find_vma
 * (5.17) gives up while another thread holds that, which a process can arrange.
 */
#ifndef NEZUBAN_VMA_BPF_H
#define NEZUBAN_VMA_BPF_H

#include "common.bpf.h"

/* Up to 6.0 (524e00b36e8c): a red-black tree, in which no way is longer than 2 log2(65,530). */
#define VMA_TREE_DEPTH 34

struct mm_struct___rb {
	struct rb_root mm_rb;
} __attribute__((preserve_access_index));

struct vm_area_struct___rb {
	unsigned long vm_start, vm_end;
	struct rb_node vm_rb;
} __attribute__((preserve_access_index));

static __always_inline void *vma_of_rb_tree(const struct mm_struct___rb *mm, __u64 address)
{
	struct rb_node *node = BPF_CORE_READ(mm, mm_rb.rb_node);

	for (int i = 0; i < VMA_TREE_DEPTH && node; i++) {
		struct vm_area_struct___rb *vma =
			(void *)node - bpf_core_field_offset(struct vm_area_struct___rb, vm_rb);

		if (address < BPF_CORE_READ(vma, vm_start))
			node = BPF_CORE_READ(node, rb_left);
		else if (address >= BPF_CORE_READ(vma, vm_end))
			node = BPF_CORE_READ(node, rb_right);
		else
			return vma;
	}
	return NULL;
}

/*
 * From 6.1 on a maple tree. A node's kind lies in bits 3 to 6 of its entry, its address is the
 * entry without the low byte; what a leaf holds are the mappings. The entry of slot i ends at pivot
 * i; of the last one, and where there is no more, at the end of the node. A root that is a node has
 * low bits 10.
 */
#define MAPLE_DEPTH 8 /* nodes of 10 entries, leaves of 16: a hundred million mappings */
#define MAPLE_LEAF 1
#define MAPLE_RANGE 2
#define MAPLE_ALLOCATION_RANGE 3
#define MAPLE_PIVOTS 15 /* of a range; an allocation range has 9 */
#define MAPLE_ALLOCATION_PIVOTS 9

struct maple_tree___now {
	void *ma_root;
} __attribute__((preserve_access_index));

struct maple_range_64___now {
	unsigned long pivot[15];
	void *slot[16];
} __attribute__((preserve_access_index));

struct maple_arange_64___now {
	unsigned long pivot[9];
	void *slot[10];
} __attribute__((preserve_access_index));

struct mm_struct___maple {
	struct maple_tree___now mm_mt;
} __attribute__((preserve_access_index));

/* The entry for that address in one node. A global function: verified once, not at each level. */
__noinline __u64 maple_next(__u64 entry, __u64 address)
{
	const void *node = (const void *)(entry & ~0xffull);
	__u64 kind = entry >> 3 & 0xf;
	__u64 pivots[MAPLE_PIVOTS] = {};
	__u64 nr_pivots = MAPLE_PIVOTS;
	__u64 slot = 0;
	const void *pivot_at;
	const void *slot_at;
	__u64 next = 0;

	/* Verified where there is no such tree, too, as global functions are. */
	if (!bpf_core_field_exists(struct mm_struct___maple, mm_mt))
		return 0;
	if (kind == MAPLE_ALLOCATION_RANGE) {
		nr_pivots = MAPLE_ALLOCATION_PIVOTS;
		pivot_at = node + bpf_core_field_offset(struct maple_arange_64___now, pivot);
		slot_at = node + bpf_core_field_offset(struct maple_arange_64___now, slot);
	} else if (kind == MAPLE_LEAF || kind == MAPLE_RANGE) {
		pivot_at = node + bpf_core_field_offset(struct maple_range_64___now, pivot);
		slot_at = node + bpf_core_field_offset(struct maple_range_64___now, slot);
	} else {
		return 0;
	}
	if (bpf_probe_read_kernel(pivots, nr_pivots * sizeof(__u64), pivot_at) < 0)
		return 0;
	for (int i = 0; i < MAPLE_PIVOTS; i++) {
		if (i >= nr_pivots || (i > 0 && pivots[i] == 0) || address <= pivots[i])
			break;
		slot = i + 1;
	}
	bpf_probe_read_kernel(&next, sizeof(next), slot_at + slot * sizeof(void *));
	return next;
}

static __always_inline void *vma_of_maple_tree(const struct mm_struct___maple *mm, __u64 address)
{
	__u64 entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	if ((entry & 3) != 2)
		return NULL;
	for (int i = 0; i < MAPLE_DEPTH && entry; i++) {
		bool is_leaf = (entry >> 3 & 0xf) == MAPLE_LEAF;

		entry = maple_next(entry, address);
		if (is_leaf)
			return (void *)entry;
	}
	return NULL;
}

/* Its vm_area_struct; 0: nothing is mapped there. A global function: verified once. */
__noinline __u64 vma_at(__u64 address)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	if (bpf_core_field_exists(struct mm_struct___rb, mm_rb))
		return (__u64)vma_of_rb_tree((void *)mm, address);
	return (__u64)vma_of_maple_tree((void *)mm, address);
}

#endif
