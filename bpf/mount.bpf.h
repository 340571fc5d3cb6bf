/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct mount: how to find one, and what it says about itself.
 */
#ifndef NEZUBAN_MOUNT_BPF_H
#define NEZUBAN_MOUNT_BPF_H

#include "common.bpf.h"

#define FS_TYPE_MAX 64

#define MS_RDONLY (1ull << 0)
#define MS_NOSUID (1ull << 1)
#define MS_NODEV (1ull << 2)
#define MS_NOEXEC (1ull << 3)
#define MS_REMOUNT (1ull << 5)
#define MS_NOSYMFOLLOW (1ull << 8)
#define MS_NOATIME (1ull << 10)
#define MS_NODIRATIME (1ull << 11)
#define MS_BIND (1ull << 12)
#define MS_MOVE (1ull << 13)
#define MS_RELATIME (1ull << 21)
/* MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED */
#define MS_PROPAGATION (0xfull << 17)
/* Kernels before 2.4 wanted a magic number in the upper half; it still means nothing. */
#define MS_MGC_VAL 0xC0ED0000ull
#define MS_MGC_MSK 0xffff0000ull

#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#define MOVE_MOUNT_T_EMPTY_PATH 0x40

#define PROC_SUPER_MAGIC 0x9fa0

static __always_inline struct mount *vfsmount_mount(struct vfsmount *vfsmount)
{
	return (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline struct vfsmount *mount_vfsmount(struct mount *mnt)
{
	return (void *)mnt + bpf_core_field_offset(struct mount, mnt);
}

/* The mount's own flags (MNT_*, the same in all kernels) and its super block's, as MS_*. What is
 * only a part of its file system was bound. */
static __always_inline __u64 mount_ms_flags(struct mount *mnt)
{
	static const __u32 ms_of_mnt[8] = {MS_NOSUID,	  MS_NODEV,    MS_NOEXEC, MS_NOATIME,
					   MS_NODIRATIME, MS_RELATIME, MS_RDONLY, MS_NOSYMFOLLOW};
	__u32 own = BPF_CORE_READ(mnt, mnt.mnt_flags);
	__u64 flags = BPF_CORE_READ(mnt, mnt.mnt_sb, s_flags) & MS_RDONLY;

	for (int i = 0; i < 8; i++)
		if (own & (1u << i))
			flags |= ms_of_mnt[i];
	if (BPF_CORE_READ(mnt, mnt.mnt_root) != BPF_CORE_READ(mnt, mnt.mnt_sb, s_root))
		flags |= MS_BIND;
	return flags;
}

/* procfs: the pid namespace it shows; else 0. */
static __always_inline __u32 proc_pid_ns_inum(struct super_block *sb)
{
	struct proc_fs_info *info;

	if (BPF_CORE_READ(sb, s_magic) != PROC_SUPER_MAGIC)
		return 0;
	info = BPF_CORE_READ(sb, s_fs_info);
	return BPF_CORE_READ(info, pid_ns, ns.inum);
}

/* The mount that was attached last to that one; not a mount's address if there is none. */
static __always_inline struct mount *last_child_of(struct mount *mnt)
{
	struct list_head *last = BPF_CORE_READ(mnt, mnt_mounts.prev);

	return (void *)last - bpf_core_field_offset(struct mount, mnt_child);
}

struct mnt_namespace___list { /* before 2eea9ce4310d (6.8) */
	struct list_head list;
} __attribute__((preserve_access_index));

struct mnt_namespace___tree { /* since 2eea9ce4310d (6.8) */
	struct rb_root mounts;
} __attribute__((preserve_access_index));

struct mnt_namespace___last { /* since 344bac8f0d73 (6.14) */
	struct rb_node *mnt_last_node;
} __attribute__((preserve_access_index));

struct mount___rb {
	struct rb_node mnt_node;
	__u64 mnt_id_unique;
} __attribute__((preserve_access_index));

#define MOUNT_TREE_DEPTH 32 /* of a red-black tree: more than 65,000 mounts */

static __always_inline struct rb_node *rightmost(struct rb_node *node)
{
	for (int i = 0; i < MOUNT_TREE_DEPTH && node; i++) {
		struct rb_node *right = BPF_CORE_READ(node, rb_right);

		if (!right)
			break;
		node = right;
	}
	return node;
}

/* The mount that came last into the namespace. The tree is ordered by an id that only grows. */
static __always_inline struct mount *newest_mount(struct mnt_namespace *ns)
{
	struct mnt_namespace___list *by_list = (void *)ns;
	struct mnt_namespace___last *by_last = (void *)ns;
	struct mnt_namespace___tree *by_tree = (void *)ns;
	struct rb_node *node;

	if (bpf_core_field_exists(by_list->list))
		return (void *)BPF_CORE_READ(by_list, list.prev) -
		       bpf_core_field_offset(struct mount, mnt_list);
	if (bpf_core_field_exists(by_last->mnt_last_node))
		node = BPF_CORE_READ(by_last, mnt_last_node);
	else
		node = rightmost(BPF_CORE_READ(by_tree, mounts.rb_node));
	if (!node)
		return NULL;
	return (void *)node - bpf_core_field_offset(struct mount___rb, mnt_node);
}

/* Grows from mount to mount, never given twice; 0 where the kernel has none (before 6.8). */
static __always_inline __u64 mount_unique_id(struct mount *mnt)
{
	struct mount___rb *with_id = (void *)mnt;

	if (!bpf_core_field_exists(with_id->mnt_id_unique))
		return 0;
	return BPF_CORE_READ(with_id, mnt_id_unique);
}

/* Whether the file system is of that type, as a caller writes it: perhaps with a ".subtype". */
static __always_inline bool type_fits(struct mount *mnt, const char *asked, __u32 asked_len)
{
	char want[32] = {};
	char name[32] = {};
	__u64 len = asked_len;

	barrier_var(len);
	if (len >= sizeof(want))
		return false;
	bpf_probe_read_kernel(want, len, asked);
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(mnt, mnt.mnt_sb, s_type, name));
	for (int i = 0; i < (int)sizeof(name); i++) {
		if (!name[i])
			return !want[i] || want[i] == '.';
		if (name[i] != want[i])
			return false;
	}
	return false;
}

#define MOUNTS_STACKED 8

/* Where the mount stands, by name: on a mount that stands there already, that one's place. */
static __always_inline struct dentry *named_mountpoint(struct mount *mnt)
{
	struct dentry *place = BPF_CORE_READ(mnt, mnt_mountpoint);
	struct mount *below = BPF_CORE_READ(mnt, mnt_parent);

	for (int i = 0; i < MOUNTS_STACKED && below; i++) {
		struct mount *next = BPF_CORE_READ(below, mnt_parent);

		if (place != BPF_CORE_READ(below, mnt.mnt_root) || next == below)
			break;
		place = BPF_CORE_READ(below, mnt_mountpoint);
		below = next;
	}
	return place;
}

/* The name a mount's place must have: its last NAME_TAIL bytes, a '/' before a shorter one. Zeros
 * behind it. */
#define NAME_TAIL 30
struct name_tail {
	char bytes[32];
	__u64 len;
};

static __always_inline bool mountpoint_tail(struct mount *mnt, struct name_tail *tail)
{
	struct qstr name = BPF_CORE_READ(named_mountpoint(mnt), d_name);
	__u64 n = name.len;
	__u64 slash = n <= NAME_TAIL;

	if (n == 0)
		return false;
	if (n > NAME_TAIL)
		n = NAME_TAIL;
	barrier_var(n);
	if (n > NAME_TAIL)
		return false;
	tail->len = n + slash;
	if (slash) {
		tail->bytes[0] = '/';
		return bpf_probe_read_kernel(tail->bytes + 1, n, name.name) == 0;
	}
	return bpf_probe_read_kernel(tail->bytes, NAME_TAIL, name.name + name.len - NAME_TAIL) == 0;
}

#endif
