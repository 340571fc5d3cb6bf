// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A file is opened, or could not be. One record per attempt:
 *
 * object: security_file_open(file), inside the call, tells the file; the exit of
 *   do_sys_openat2(dfd, filename, how), behind open, creat, openat and openat2, native and 32-bit,
 * or of do_handle_open(mountdirfd, ufh, open_flag), behind open_by_handle_at, the result. Opens by
 *   exec and by the kernel itself come through neither.
 * tracepoint: sys_exit of the five calls: descriptor → file → path.
 *
 * What the caller passed is never taken for the path: it may have been rewritten since. It is kept
 * beside it, and alone where the open failed.
 */
#include "file_calls.bpf.h"
#include "path.bpf.h"
#include "record.bpf.h"

DEFINE_SCRATCH(open, sizeof(struct open_record) + 3 * PATH_LEN_MAX + 64);
#define OPEN_CAPACITY sizeof_scratch(open)

#define FMODE_CREATED 0x100000
#define FMODE_NOACCOUNT 0x20000000

#define O_CREAT 0100
#define O_TMPFILE_BIT 020000000
#if defined(__TARGET_ARCH_arm64)
#define O_LARGEFILE 0400000
#else
#define O_LARGEFILE 0100000
#endif
#define CREAT_FLAGS 01101 /* O_CREAT | O_WRONLY | O_TRUNC */

/*
 * Key: pid_tgid. From the start of the function whose exit completes the record. The file is only
 * looked at again once its inode number is found to be the same: another thread may have closed it.
 */
struct open_in_progress {
	__u64 dentry; /* 0: nothing opened yet */
	__u64 vfsmount;
	__u64 ino;
	__u64 created;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct open_in_progress);
} opens_in_progress SEC(".maps");

/* The file an open has led to; no dentry: not known. */
struct opened_file {
	struct dentry *dentry;
	struct vfsmount *vfsmount;
	bool created;
};

/* What the caller asked for. */
struct open_request {
	__u8 variant;
	__s32 dirfd;
	__u64 name; /* address in the caller's memory */
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};

static __always_inline void note_file(struct opened_file *opened, struct file *file)
{
	opened->dentry = BPF_CORE_READ(file, f_path.dentry);
	opened->vfsmount = BPF_CORE_READ(file, f_path.mnt);
	opened->created = BPF_CORE_READ(file, f_mode) & FMODE_CREATED;
}

/* REQUIRES: record_wanted has said so, which is asked first: most of a flood goes no further. */
static __always_inline int report(const struct open_request *request,
				  const struct opened_file *opened, long ret, __u8 sensor)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dentry *dentry = opened->dentry;
	struct open_record *record = record_begin_for(&open_scratch, current_task(), EVENT_OPEN,
						      request->variant, sensor, sizeof(*record));

	if (!record)
		return 0;
	record->result = syscall_result(ret);
	record->dirfd = request->dirfd;
	record->flags = request->flags;
	record->resolve = request->resolve;
	if (request->flags & (O_CREAT | O_TMPFILE_BIT))
		record->mode = request->mode;
	record_append_nothing(record, &record->path);
	record_append_nothing(record, &record->name);
	record_append_nothing(record, &record->dir);
	if (request->variant != OPEN_BY_HANDLE_AT)
		record_append_user_str(record, OPEN_CAPACITY, &record->name, (void *)request->name,
				       PATH_LEN_MAX);
	if (dentry) {
		file_ref_fill(&record->file, BPF_CORE_READ(dentry, d_inode), opened->vfsmount);
		if (opened->created)
			record->file.flags |= FILE_CREATED;
		record_append_path(record, OPEN_CAPACITY, &record->path, task, dentry,
				   opened->vfsmount, EVENT_OPEN);
	} else {
		record_append_start(record, OPEN_CAPACITY, &record->name, &record->dir,
				    record->dirfd, EVENT_OPEN);
	}
	record_submit(record, open, LANE_BULK);
	return 0;
}

/* The request as these registers hold it. False: not a call that opens. */
static __always_inline bool request_of(struct open_request *request, const struct pt_regs *regs)
{
	struct syscall_id id = syscall_of(regs);
	const struct file_call *call = file_call_of(id);
	struct syscall_args args = syscall_args_of(regs, id.is_compat);
	struct open_how how = {};

	if (call->event != EVENT_OPEN)
		return false;
	request->variant = call->variant;
	request->dirfd = file_call_dirfd(&args, call->dirfd);
	request->name = file_call_arg(&args, call->name);
	request->flags = (__u32)file_call_arg(&args, call->flags);
	request->mode = (__u16)file_call_arg(&args, call->mode);
	if (call->variant == OPEN_CREAT)
		request->flags = CREAT_FLAGS;
	if (call->variant == OPEN_OPENAT2 &&
	    bpf_probe_read_user(&how, sizeof(how), (void *)args.arg[2]) == 0) {
		request->flags = how.flags;
		request->mode = how.mode;
		request->resolve = how.resolve;
	}
	return true;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_open, struct pt_regs *regs, long ret)
{
	struct open_request request = {};
	struct opened_file opened = {};

	if (!record_wanted(EVENT_OPEN) || !request_of(&request, regs))
		return 0;
	if (ret >= 0) {
		struct file *file = task_file((void *)bpf_get_current_task(), ret);

		if (file) /* else another thread has closed it already */
			note_file(&opened, file);
	}
	return report(&request, &opened, ret, SENSOR_TRACEPOINT);
}

static __always_inline int begin_open(void)
{
	struct open_in_progress open = {};
	__u64 key = bpf_get_current_pid_tgid();

	if (!filter_wants(EVENT_OPEN) || (self_tgid && key >> 32 == self_tgid))
		return 0;
	if (map_update(&opens_in_progress, &key, &open, BPF_ANY) < 0)
		count_drop(EVENT_OPEN, DROP_MAP_FULL);
	return 0;
}

SEC("fentry/do_sys_openat2")
int BPF_PROG(on_openat2_begin)
{
	return begin_open();
}

SEC("fentry/do_handle_open")
int BPF_PROG(on_handle_open_begin)
{
	return begin_open();
}

/*
 * int security_file_open(struct file *file), from do_dentry_open. The first file of a call is the
 * one; file systems that stand on others open those in turn, after it.
 */
SEC("fentry/security_file_open")
int BPF_PROG(on_file_open, struct file *file)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct open_in_progress *open = bpf_map_lookup_elem(&opens_in_progress, &key);

	if (!open || open->dentry || BPF_CORE_READ(file, f_mode) & FMODE_NOACCOUNT)
		return 0;
	open->dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	open->vfsmount = (__u64)BPF_CORE_READ(file, f_path.mnt);
	open->ino = BPF_CORE_READ(file, f_inode, i_ino);
	open->created = BPF_CORE_READ(file, f_mode) & FMODE_CREATED;
	return 0;
}

/*
 * The file of an open that has ended. The descriptor may lead elsewhere by now: it is asked only
 * where no file was seen, as O_PATH passes security_file_open by.
 */
static __always_inline void take_opened(struct opened_file *opened, long ret)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct open_in_progress *found = bpf_map_lookup_elem(&opens_in_progress, &key);
	struct open_in_progress open = {};

	if (found) {
		open = *found;
		bpf_map_delete_elem(&opens_in_progress, &key);
	}
	if (open.dentry) {
		struct dentry *dentry = (void *)open.dentry;

		if (BPF_CORE_READ(dentry, d_inode, i_ino) != open.ino)
			return;
		opened->dentry = dentry;
		opened->vfsmount = (void *)open.vfsmount;
		opened->created = open.created;
	} else if (ret >= 0) {
		struct file *file = task_file((void *)bpf_get_current_task(), ret);

		if (file)
			note_file(opened, file);
	}
}

/* Which of the calls this is; openat where it is none of them. */
static __always_inline __u8 current_open_variant(struct syscall_id id)
{
	const struct file_call *call = file_call_of(id);

	return call->event == EVENT_OPEN ? call->variant : OPEN_OPENAT;
}

/* int do_sys_openat2(int dfd, const char __user *filename, struct open_how *how) */
SEC("fexit/do_sys_openat2")
int BPF_PROG(on_openat2_end, int dfd, const char *filename, struct open_how *how, long ret)
{
	struct syscall_id id = current_syscall();
	struct open_request request = {.dirfd = dfd, .name = (__u64)filename};
	struct opened_file opened = {};

	take_opened(&opened, (__s32)ret);
	if (!record_wanted(EVENT_OPEN))
		return 0;
	request.variant = current_open_variant(id);
	request.flags = BPF_CORE_READ(how, flags);
	request.mode = BPF_CORE_READ(how, mode);
	request.resolve = BPF_CORE_READ(how, resolve);
	/* The kernel adds it everywhere but in the 32-bit open and openat. */
	if (!id.is_compat || request.variant == OPEN_CREAT || request.variant == OPEN_OPENAT2)
		request.flags &= ~(__u64)O_LARGEFILE;
	return report(&request, &opened, (__s32)ret, SENSOR_OBJECT);
}

/* int do_handle_open(int mountdirfd, struct file_handle __user *ufh, int open_flag) */
SEC("fexit/do_handle_open")
int BPF_PROG(on_handle_open_end, int mountdirfd, void *ufh, int open_flag, long ret)
{
	struct open_request request = {
		.variant = OPEN_BY_HANDLE_AT,
		.dirfd = mountdirfd,
		.flags = (__u32)open_flag & ~O_LARGEFILE,
	};
	struct opened_file opened = {};

	take_opened(&opened, (__s32)ret);
	if (!record_wanted(EVENT_OPEN))
		return 0;
	return report(&request, &opened, (__s32)ret, SENSOR_OBJECT);
}
