/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct path → text, as seen from a root directory, and struct file → file_ref.
 */
#ifndef NEZUBAN_PATH_BPF_H
#define NEZUBAN_PATH_BPF_H

#include "record.bpf.h"

#define NAME_LEN_MAX 255
/* A path is written from its end to its start; behind it one name's worth of slack, so that any
 * start below PATH_LEN_MAX plus any name stays inside. */
struct path_buffer {
	char bytes[PATH_LEN_MAX + NAME_LEN_MAX + 1];
	__u64 start; /* of what is written so far */
};

/* Key: EVENT_*: the slot is guarded by the scratch of that event. The snapshot has one, too: an
 * exec may come between on its CPU. */
#define PATH_BUFFER_SNAPSHOT NR_EVENTS
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NR_EVENTS + 1);
	__type(key, __u32);
	__type(value, struct path_buffer);
} path_buffers SEC(".maps") __weak;

#define PATH_WALK_TRUNCATED (1 << 16)
/*
 * Writes the path into the buffer of `event`, ending at byte PATH_LEN_MAX. Returns the offset of
 * its first byte, with PATH_WALK_TRUNCATED if the way to the root was too long: the part nearest
 * the leaf is kept. Addresses come as numbers because 5.10 takes nothing else in global functions,
 * and a global function is verified once, not at each of its many calls. `root_*` 0: the real root.
 */
int path_walk(__u64 dentry, __u64 vfsmount, __u64 root_dentry, __u64 root_vfsmount, __u32 event);

/* Appends the path of (dentry, vfsmount) as seen from that root. Without mounts (both NULL) the
 * walk stays inside one file system. */
static __always_inline void record_append_path_from(void *record, __u32 capacity,
						    struct str_ref *ref, struct dentry *dentry,
						    struct vfsmount *vfsmount,
						    struct dentry *root_dentry,
						    struct vfsmount *root_vfsmount, __u32 event)
{
	struct record_header *hdr = record;
	__u64 off = record_room(hdr, capacity, ref, PATH_LEN_MAX);
	struct path_buffer *buffer = bpf_map_lookup_elem(&path_buffers, &event);

	if (!off || !buffer || !dentry)
		return;

	int walked = path_walk((__u64)dentry, (__u64)vfsmount, (__u64)root_dentry,
			       (__u64)root_vfsmount, event);

	if (walked < 0)
		return;

	__u64 start = walked & (PATH_WALK_TRUNCATED - 1);

	barrier_var(start);
	if (start > PATH_LEN_MAX)
		return;

	__u64 len = PATH_LEN_MAX - start;

	if (bpf_probe_read_kernel(record + off, len, buffer->bytes + start) < 0)
		return;
	ref->len = len;
	ref->total = walked & PATH_WALK_TRUNCATED ? STR_TOTAL_UNKNOWN : len;
	hdr->size = off + len;
}

/* Appends the path of (dentry, vfsmount) as seen from `task`'s root directory. */
static __always_inline void record_append_path(void *record, __u32 capacity, struct str_ref *ref,
					       struct task_struct *task, struct dentry *dentry,
					       struct vfsmount *vfsmount, __u32 event)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);

	record_append_path_from(record, capacity, ref, dentry, vfsmount,
				BPF_CORE_READ(fs, root.dentry), BPF_CORE_READ(fs, root.mnt), event);
}

static __always_inline void record_append_file_path(void *record, __u32 capacity,
						    struct str_ref *ref, struct task_struct *task,
						    struct file *file, __u32 event)
{
	record_append_path(record, capacity, ref, task, BPF_CORE_READ(file, f_path.dentry),
			   BPF_CORE_READ(file, f_path.mnt), event);
}

/* From 6.18 on the anonymous mount namespaces share this number, where they had none before. */
#define ANONYMOUS_MNT_NS 0xeffffff7u

/*
 * The namespace a mount belongs to, into ref: 0 and no flag for the kernel's own mounts (pipes,
 * sockets, memfd; an error pointer that cannot be read through) and those unmounted lazily (NULL);
 * 0 and FILE_DETACHED where it is the anonymous one of a mount not attached yet.
 */
static __always_inline void file_ref_fill_mount(struct file_ref *ref, struct vfsmount *vfsmount)
{
	struct mount *mnt = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
	struct mnt_namespace *ns = vfsmount ? BPF_CORE_READ(mnt, mnt_ns) : NULL;
	__u32 inum = 0;

	if (!ns || bpf_core_read(&inum, sizeof(inum), &ns->ns.inum) < 0)
		return;
	if (inum == 0 || inum == ANONYMOUS_MNT_NS)
		ref->flags |= FILE_DETACHED;
	else
		ref->mnt_ns = inum;
}

/* overlayfs keeps an inode's upper dentry right behind the embedded inode; set once the file has
 * been written or made in the upper layer. struct ovl_inode itself is in a module's BTF. */
static __always_inline __u16 inode_layer(struct inode *inode)
{
	void *upper = NULL;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return 0;
	if (bpf_probe_read_kernel(&upper, sizeof(upper),
				  (void *)inode + bpf_core_type_size(struct inode)) < 0)
		return 0;
	return upper ? FILE_UPPER_LAYER : FILE_LOWER_LAYER;
}

static __always_inline void file_ref_fill(struct file_ref *ref, struct inode *inode,
					  struct vfsmount *vfsmount)
{
	ref->ino = BPF_CORE_READ(inode, i_ino);
	ref->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	ref->nlink = BPF_CORE_READ(inode, i_nlink);
	ref->mode = BPF_CORE_READ(inode, i_mode);
	ref->flags |= inode_layer(inode);
	file_ref_fill_mount(ref, vfsmount);
}

static __always_inline void file_ref_fill_file(struct file_ref *ref, struct file *file)
{
	file_ref_fill(ref, BPF_CORE_READ(file, f_inode), BPF_CORE_READ(file, f_path.mnt));
}

/* An open file of the task; NULL if there is none of that number. */
static __always_inline struct file *task_file(struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd);
	struct file *file = NULL;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd) < 0)
		return NULL;
	return file;
}

/*
 * Appends what a relative name starts from: the working directory for AT_FDCWD, else the file that
 * the descriptor is. Nothing for an absolute or empty name.
 */
static __always_inline void record_append_start(void *record, __u32 capacity,
						const struct str_ref *name, struct str_ref *dir,
						__s32 dirfd, __u32 event)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	char first = record_first_char(record, capacity, name);

	if (!first || first == '/')
		return;
	if (dirfd == AT_FDCWD) {
		struct fs_struct *fs = BPF_CORE_READ(task, fs);

		record_append_path(record, capacity, dir, task, BPF_CORE_READ(fs, pwd.dentry),
				   BPF_CORE_READ(fs, pwd.mnt), event);
	} else {
		struct file *file = task_file(task, dirfd);

		if (file)
			record_append_file_path(record, capacity, dir, task, file, event);
	}
}

#endif
