// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The walk from a dentry up to the root, across mounts.
 */
#include "path.bpf.h"

/*
 * Directories plus mounts crossed. The verifier goes through every step once: some 40 k
 * instructions at this depth, of the million it allows.
 */
#define PATH_DEPTH_MAX 128

/* The two members of a dentry a step needs lie side by side in every kernel there is. */
struct dentry_link {
	struct dentry *parent;
	struct qstr name;
};

static __always_inline void read_link(struct dentry_link *link, struct dentry *dentry)
{
	if (bpf_core_field_offset(struct dentry, d_name) ==
	    bpf_core_field_offset(struct dentry, d_parent) + sizeof(link->parent)) {
		bpf_probe_read_kernel(link, sizeof(*link),
				      __builtin_preserve_access_index(&dentry->d_parent));
		return;
	}
	link->parent = BPF_CORE_READ(dentry, d_parent);
	link->name = BPF_CORE_READ(dentry, d_name);
}

/*
 * Puts the name, and a '/' before it where `slash` is 1, before what is there. False: no room. The
 * start lives in memory so that the verifier forgets its bounds from step to step; in a register
 * they would differ at each, and no two states would ever be the same.
 */
static __always_inline bool prepend_name(struct path_buffer *buffer, const struct qstr *name,
					 const __u64 slash)
{
	__u64 len = name->len;
	__u64 start = buffer->start;

	barrier_var(len);
	if (len > NAME_LEN_MAX)
		return false;
	if (start > PATH_LEN_MAX || start < len + slash)
		return false;
	start -= len + slash;
	barrier_var(start);
	if (start >= PATH_LEN_MAX)
		return false;
	if (slash)
		buffer->bytes[start] = '/';
	bpf_probe_read_kernel(&buffer->bytes[start + slash], len, name->name);
	buffer->start = start;
	return true;
}

/* Where the walk is. `mnt_root`: of `vfsmount`, read once per mount. */
struct walk {
	struct dentry *dentry;
	struct vfsmount *vfsmount;
	struct dentry *mnt_root;
};

/* A function, since BPF_CORE_READ would take a member of struct walk for the kernel's. */
static __always_inline struct dentry *mount_root(struct vfsmount *vfsmount)
{
	return BPF_CORE_READ(vfsmount, mnt_root);
}

/* One step: 1 to go on, 0 at the root, -1 where there is no room. */
static __always_inline long walk_step(struct path_buffer *buffer, struct walk *at)
{
	struct dentry_link link = {};

	if (at->dentry == at->mnt_root) {
		struct mount *mnt = (void *)at->vfsmount - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = BPF_CORE_READ(mnt, mnt_parent);

		if (above == mnt) /* the real root, or that of a detached mount */
			return 0;
		at->dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
		at->vfsmount = (void *)above + bpf_core_field_offset(struct mount, mnt);
		at->mnt_root = mount_root(at->vfsmount);
		return 1;
	}
	read_link(&link, at->dentry);
	if (link.parent == at->dentry) /* memfd and the like: in no directory; without a '/' */
		return prepend_name(buffer, &link.name, 0) ? 0 : -1;
	if (!prepend_name(buffer, &link.name, 1))
		return -1;
	at->dentry = link.parent;
	return 1;
}

__noinline int path_walk(__u64 dentry_address, __u64 vfsmount_address, __u64 root_dentry,
			 __u64 root_vfsmount, __u32 event)
{
	struct path_buffer *buffer = bpf_map_lookup_elem(&path_buffers, &event);
	struct walk at = {
		.dentry = (void *)dentry_address,
		.vfsmount = (void *)vfsmount_address,
	};
	long more = 1;

	if (!buffer)
		return -1;
	buffer->start = PATH_LEN_MAX;
	at.mnt_root = mount_root(at.vfsmount);
	for (int i = 0; i < PATH_DEPTH_MAX && more > 0; i++) {
		if ((__u64)at.dentry == root_dentry && (__u64)at.vfsmount == root_vfsmount)
			more = 0;
		else
			more = walk_step(buffer, &at);
	}
	if (more)
		return (int)buffer->start | PATH_WALK_TRUNCATED;
	if (buffer->start == PATH_LEN_MAX) { /* the root itself */
		buffer->start = PATH_LEN_MAX - 1;
		buffer->bytes[PATH_LEN_MAX - 1] = '/';
	}
	return buffer->start;
}
