// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The calls that make, change or remove the name of a file, or change its mode: rename, unlink,
 * rmdir, mkdir, link, symlink, chmod and their siblings. One program at the exit of all of them;
 * which event a call is, and which argument is what, says file_calls.bpf.h.
 *
 * Names are read from the caller's memory when the call is over, so another thread may have changed
 * them by then. What they are relative to is the kernel's. A descriptor that is the file (fchmod,
 * AT_EMPTY_PATH) leads to its path and identity. The object behind a name is not looked up.
 */
#include "file_calls.bpf.h"
#include "path.bpf.h"
#include "record.bpf.h"

#define AT_EMPTY_PATH 0x1000

/* A name and either its path or its directory, twice. Of all five events: guards their walks. */
DEFINE_SCRATCH(name_call, sizeof(struct path_record) + 4 * PATH_LEN_MAX + 64);
#define NAME_CALL_CAPACITY sizeof_scratch(name_call)
#define WALK_BUFFER EVENT_RENAME

/* The file is the one that this descriptor is, with AT_FDCWD the working directory. */
static __always_inline void append_file_of(struct path_record *record, __s32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct dentry *dentry = NULL;
	struct vfsmount *vfsmount = NULL;

	if (fd == AT_FDCWD) {
		dentry = BPF_CORE_READ(fs, pwd.dentry);
		vfsmount = BPF_CORE_READ(fs, pwd.mnt);
	} else {
		struct file *file = task_file(task, fd);

		if (file) {
			dentry = BPF_CORE_READ(file, f_path.dentry);
			vfsmount = BPF_CORE_READ(file, f_path.mnt);
		}
	}
	if (!dentry)
		return;
	file_ref_fill(&record->file, BPF_CORE_READ(dentry, d_inode), vfsmount);
	record_append_path(record, NAME_CALL_CAPACITY, &record->path, task, dentry, vfsmount,
			   WALK_BUFFER);
}

static __always_inline bool is_symlink(const struct file_call *call)
{
	return call->event == EVENT_LINK && call->variant >= LINK_SYMLINK;
}

static __always_inline void append_old(struct path_record *record, const struct file_call *call,
				       const struct syscall_args *args)
{
	if (call->name)
		record_append_user_str(record, NAME_CALL_CAPACITY, &record->name,
				       (void *)file_call_arg(args, call->name), PATH_LEN_MAX);
	if (!call->name || (record->name.total == 0 && record->flags & AT_EMPTY_PATH))
		append_file_of(record, record->dirfd);
	else if (!is_symlink(call)) /* what a link says leads nowhere yet */
		record_append_start(record, NAME_CALL_CAPACITY, &record->name, &record->dir,
				    record->dirfd, WALK_BUFFER);
}

static __always_inline void append_new(struct path_record *record, const struct file_call *call,
				       const struct syscall_args *args)
{
	if (!call->new_name)
		return;
	record_append_user_str(record, NAME_CALL_CAPACITY, &record->new_name,
			       (void *)file_call_arg(args, call->new_name), PATH_LEN_MAX);
	record_append_start(record, NAME_CALL_CAPACITY, &record->new_name, &record->new_dir,
			    record->new_dirfd, WALK_BUFFER);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_name_call, struct pt_regs *regs, long ret)
{
	struct syscall_id id = syscall_of(regs);
	const struct file_call *call = file_call_of(id);
	struct syscall_args args = syscall_args_of(regs, id.is_compat);
	struct path_record *record;

	if (call->event < EVENT_RENAME || call->event > EVENT_CHMOD)
		return 0;
	record = record_begin(&name_call_scratch, call->event, call->variant, SENSOR_TRACEPOINT,
			      sizeof(*record));
	if (!record)
		return 0;
	record->result = syscall_result(ret);
	record->dirfd = file_call_dirfd(&args, call->dirfd);
	record->new_dirfd = file_call_dirfd(&args, call->new_dirfd);
	record->flags = (__u32)file_call_arg(&args, call->flags);
	record->mode = (__u16)file_call_arg(&args, call->mode);
	record_append_nothing(record, &record->path);
	record_append_nothing(record, &record->name);
	record_append_nothing(record, &record->dir);
	record_append_nothing(record, &record->new_path);
	record_append_nothing(record, &record->new_name);
	record_append_nothing(record, &record->new_dir);
	append_old(record, call, &args);
	append_new(record, call, &args);
	record_submit(record, name_call, LANE_BULK);
	return 0;
}
