// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a call on names is about to act on, from the hooks that security modules have there, each
 * with the mount and with the directory found and locked:
 *
 *   do_renameat2, do_unlinkat, do_rmdir, do_mkdirat, do_mknodat, do_symlinkat, do_linkat
 *     → security_path_…(dir, dentry, …) → vfs_…
 *   chmod_common → security_path_chmod(path, mode), chown_common → security_path_chown(path, …)
 *   do_utimes → vfs_utimes(path, times)
 *
 * File systems that stand on others go to vfs_… of those: no second hook. name_call.bpf.c tells
 * it at the exit of the call.
 */
#include "file_calls.bpf.h"
#include "name_note.bpf.h"
#include "path.bpf.h"
#include "record.bpf.h"

#define PF_IO_WORKER 0x10
#define PF_DUMPCORE 0x200
#define PF_SIGNALED 0x400
#define PF_KTHREAD 0x200000

static const struct name_note no_note;

/*
 * A new note of the current thread's call; NULL: it is in no call of that event. Files are made by
 * open and bind as well, by the kernel's own threads, and of a core dump: a ring's thread, and one
 * that dies, may still have the registers of some call, but its exit is not to come.
 */
static __always_inline struct name_note *note_begin(__u32 event)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 key = bpf_get_current_pid_tgid();
	const struct file_call *call;
	struct syscall_args args;
	struct name_note *note;
	struct syscall_id id;

	if (!filter_wants(event) || is_own_act())
		return NULL;
	if (BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER | PF_SIGNALED | PF_DUMPCORE))
		return NULL;
	id = current_syscall();
	call = file_call_of(id);
	if (call->event != event)
		return NULL;
	if (map_update(&name_notes, &key, &no_note, BPF_ANY) < 0) {
		count_drop(event, DROP_MAP_FULL);
		return NULL;
	}
	note = bpf_map_lookup_elem(&name_notes, &key);
	if (note) {
		args = first_syscall_args(current_regs(), id.is_compat);
		note->event = event;
		note->variant = call->variant;
		note->arg[0] = args.arg[0];
		note->arg[1] = args.arg[1];
	}
	return note;
}

static __always_inline void note_file(struct noted_place *place, struct dentry *dentry,
				      struct vfsmount *vfsmount)
{
	place->dentry = (__u64)dentry;
	place->vfsmount = (__u64)vfsmount;
	place->ino = BPF_CORE_READ(dentry, d_inode, i_ino);
}

static __always_inline void note_name(struct noted_place *place, const struct path *dir,
				      struct dentry *dentry)
{
	note_file(place, BPF_CORE_READ(dir, dentry), BPF_CORE_READ(dir, mnt));
	bpf_probe_read_kernel_str(place->name, sizeof(place->name),
				  BPF_CORE_READ(dentry, d_name.name));
}

/* The one name of a call. */
static __always_inline int note_only_name(__u32 event, const struct path *dir,
					  struct dentry *dentry)
{
	struct name_note *note = note_begin(event);
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	if (!note)
		return 0;
	note_name(&note->old, dir, dentry);
	if (inode)
		file_ref_fill(&note->file, inode, BPF_CORE_READ(dir, mnt));
	return 0;
}

static __always_inline struct name_note *note_only_file(__u32 event, const struct path *path)
{
	struct name_note *note = note_begin(event);

	if (note)
		note_file(&note->old, BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt));
	return note;
}

SEC("fentry/security_path_rename")
int BPF_PROG(on_path_rename, const struct path *old_dir, struct dentry *old_dentry,
	     const struct path *new_dir, struct dentry *new_dentry)
{
	struct name_note *note = note_begin(EVENT_RENAME);

	if (!note)
		return 0;
	note_name(&note->old, old_dir, old_dentry);
	note_name(&note->new, new_dir, new_dentry);
	file_ref_fill(&note->file, BPF_CORE_READ(old_dentry, d_inode), BPF_CORE_READ(old_dir, mnt));
	return 0;
}

SEC("fentry/security_path_unlink")
int BPF_PROG(on_path_unlink, const struct path *dir, struct dentry *dentry)
{
	return note_only_name(EVENT_UNLINK, dir, dentry);
}

SEC("fentry/security_path_rmdir")
int BPF_PROG(on_path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return note_only_name(EVENT_UNLINK, dir, dentry);
}

SEC("fentry/security_path_mkdir")
int BPF_PROG(on_path_mkdir, const struct path *dir, struct dentry *dentry)
{
	return note_only_name(EVENT_MKDIR, dir, dentry);
}

/* Both names lie on one mount. */
SEC("fentry/security_path_link")
int BPF_PROG(on_path_link, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry)
{
	struct name_note *note = note_begin(EVENT_LINK);

	if (!note)
		return 0;
	note_file(&note->old, old_dentry, BPF_CORE_READ(new_dir, mnt));
	note_name(&note->new, new_dir, new_dentry);
	return 0;
}

static const struct link_text no_text;

/* Into the note where it is sure to be whole there. */
static __always_inline void note_link_text(struct name_note *note, const char *text)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct link_text *whole;

	if (bpf_probe_read_kernel_str(note->old.name, sizeof(note->old.name), text) <
	    (long)sizeof(note->old.name))
		return;
	note->old.name[0] = 0;
	if (map_update(&link_texts, &key, &no_text, BPF_ANY) < 0)
		return;
	whole = bpf_map_lookup_elem(&link_texts, &key);
	if (whole)
		bpf_probe_read_kernel_str(whole->bytes, sizeof(whole->bytes), text);
	note->has_link_text = 1;
}

SEC("fentry/security_path_symlink")
int BPF_PROG(on_path_symlink, const struct path *dir, struct dentry *dentry, const char *old_name)
{
	struct name_note *note = note_begin(EVENT_LINK);

	if (!note)
		return 0;
	note_name(&note->new, dir, dentry);
	note_link_text(note, old_name);
	return 0;
}

SEC("fentry/security_path_chmod")
int BPF_PROG(on_path_chmod, const struct path *path)
{
	note_only_file(EVENT_CHMOD, path);
	return 0;
}

SEC("fentry/security_path_mknod")
int BPF_PROG(on_path_mknod, const struct path *dir, struct dentry *dentry)
{
	return note_only_name(EVENT_MKNOD, dir, dentry);
}

SEC("fentry/security_path_chown")
int BPF_PROG(on_path_chown, const struct path *path)
{
	note_only_file(EVENT_CHOWN, path);
	return 0;
}

static __always_inline void note_time(struct file_time *noted, const struct timespec64 *time)
{
	noted->s = BPF_CORE_READ(time, tv_sec);
	noted->ns = BPF_CORE_READ(time, tv_nsec);
}

SEC("fentry/vfs_utimes")
int BPF_PROG(on_vfs_utimes, const struct path *path, struct timespec64 *times)
{
	struct name_note *note = note_only_file(EVENT_UTIME, path);

	if (!note)
		return 0;
	note->times = times ? TIMES_GIVEN : TIMES_NOW;
	if (!times)
		return 0;
	note_time(&note->atime, times);
	note_time(&note->mtime, times + 1);
	return 0;
}
