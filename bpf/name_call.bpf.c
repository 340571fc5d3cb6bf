// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The calls that make, change or remove the name of a file, or change what its inode holds: rename,
 * unlink, rmdir, mkdir, link, symlink, mknod, chmod, chown, utimensat and their siblings. One body
 * for all of them; which event a call is, and which argument is what, says file_calls.bpf.h.
 *
 * object: at the ends of their entry points (name_end.bpf.c), what name_note.bpf.c has noted inside
 *   the call: the files and names acted on. Calls that fail before they get there have their names
 *   alone.
 * tracepoint: the names alone.
 *
 * Names are read from the caller's memory when the call is over, so another thread may have changed
 * them by then. What they are relative to is the kernel's. A descriptor that is the file (fchmod,
 * AT_EMPTY_PATH) leads to its path and identity. The object behind a name is not looked up. File
 * times are the caller's memory too, where nothing was noted.
 */
#include "file_calls.bpf.h"
#include "name_note.bpf.h"
#include "path.bpf.h"
#include "record.bpf.h"

#define AT_EMPTY_PATH 0x1000

/* A name and either its path or its directory, twice; a path is a directory's and one component
 * more. Of all these events: guards their walks. */
DEFINE_SCRATCH(name_call, sizeof(struct node_record) + 4 * PATH_LEN_MAX + 2 * NAME_LEN_MAX + 64);
#define NAME_CALL_CAPACITY sizeof_scratch(name_call)
#define WALK_BUFFER EVENT_RENAME

/* One component more, behind a directory's path that was the last thing appended. */
static __always_inline void append_component(void *record, struct str_ref *ref, const char *name)
{
	struct record_header *hdr = record;
	__u64 off = hdr->size;
	__u64 slash = ref->len > 1; /* not behind that of the root */
	long copied;

	if (!ref->len)
		return;
	ref->total = STR_TOTAL_UNKNOWN;
	barrier_var(off);
	if (off > NAME_CALL_CAPACITY - (NAME_LEN_MAX + 2))
		return; /* never; the verifier does not know */
	barrier_var(off);
	((char *)record)[off] = '/';
	barrier_var(slash);
	off += slash & 1;
	copied = bpf_probe_read_kernel_str(record + off, NAME_LEN_MAX + 1, name);
	if (copied <= 0)
		return;
	hdr->size = off + copied - 1;
	ref->len = hdr->size - ref->off;
}

/* What was noted, as a path. False: nothing was. Where the directory, or the file, is gone by now
 * the path is not known: what the caller's memory says was not what counted. */
static __always_inline bool append_noted(void *record, struct str_ref *ref,
					 const struct noted_place *place)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dentry *dentry = (void *)place->dentry;
	__u32 whole;

	if (!dentry)
		return false;
	if (BPF_CORE_READ(dentry, d_inode, i_ino) != place->ino) {
		ref->total = STR_TOTAL_UNKNOWN;
		return true;
	}
	record_append_path(record, NAME_CALL_CAPACITY, ref, task, dentry, (void *)place->vfsmount,
			   WALK_BUFFER);
	if (!place->name[0])
		return true;
	whole = ref->total == ref->len;
	append_component(record, ref, place->name);
	if (whole)
		ref->total = ref->len;
	return true;
}

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

/* What succeeds has been past the hook: there was no room for its note. */
static __always_inline bool was_lost(const struct path_record *record, const struct name_note *note)
{
	return !note && record->hdr.sensor == SENSOR_OBJECT && record->result == 0;
}

/* The file that the first name leads to; false: not noted. */
static __always_inline bool append_noted_file(struct path_record *record,
					      const struct name_note *note)
{
	struct dentry *dentry;

	if (!note || !append_noted(record, &record->path, &note->old))
		return false;
	dentry = (void *)note->old.dentry;
	if (note->old.name[0])
		record->file = note->file;
	else if (record->path.len) /* the same as ever, but for what the act changed */
		file_ref_fill(&record->file, BPF_CORE_READ(dentry, d_inode),
			      (void *)note->old.vfsmount);
	return true;
}

/* What a symbolic link says, as the kernel has copied it; false: not noted. */
static __always_inline bool append_link_text(struct path_record *record,
					     const struct name_note *note)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct link_text *whole;

	if (note && note->old.name[0]) {
		record_append_kernel_str(record, NAME_CALL_CAPACITY, &record->name, note->old.name,
					 sizeof(note->old.name));
		return true;
	}
	whole = note && note->has_link_text ? bpf_map_lookup_elem(&link_texts, &key) : NULL;
	if (whole)
		record_append_kernel_str(record, NAME_CALL_CAPACITY, &record->name, whole->bytes,
					 sizeof(whole->bytes));
	return whole;
}

static __always_inline void append_old(struct path_record *record, const struct file_call *call,
				       const struct syscall_args *args,
				       const struct name_note *note)
{
	__u64 name = file_call_arg(args, call->name);
	/* utimensat and futimesat without a name are about the descriptor. */
	bool named = call->name && (name || call->event != EVENT_UTIME);

	if (is_symlink(call) && append_link_text(record, note))
		return; /* what a link says leads nowhere yet */
	if (named)
		record_append_user_str(record, NAME_CALL_CAPACITY, &record->name, (void *)name,
				       PATH_LEN_MAX);
	if (is_symlink(call) || append_noted_file(record, note))
		return;
	if (was_lost(record, note)) {
		record->path.total = STR_TOTAL_UNKNOWN;
		return;
	}
	if (!named || (record->name.total == 0 && record->flags & AT_EMPTY_PATH))
		append_file_of(record, record->dirfd);
	else
		record_append_start(record, NAME_CALL_CAPACITY, &record->name, &record->dir,
				    record->dirfd, WALK_BUFFER);
}

static __always_inline void append_new(struct path_record *record, const struct file_call *call,
				       const struct syscall_args *args,
				       const struct name_note *note)
{
	if (!call->new_name)
		return;
	record_append_user_str(record, NAME_CALL_CAPACITY, &record->new_name,
			       (void *)file_call_arg(args, call->new_name), PATH_LEN_MAX);
	if (note && append_noted(record, &record->new_path, &note->new))
		return;
	if (was_lost(record, note)) {
		record->new_path.total = STR_TOTAL_UNKNOWN;
		return;
	}
	record_append_start(record, NAME_CALL_CAPACITY, &record->new_name, &record->new_dir,
			    record->new_dirfd, WALK_BUFFER);
}

/* An id as the call passed it: of 16 bits, -1 is 0xffff. */
static __always_inline __u32 owner_id(const struct file_call *call, __u64 id)
{
	if (call->form != 16)
		return id;
	id = (__u16)id;
	return id == 0xffff ? (__u32)-1 : id;
}

/* Four words: the seconds and the rest, of the access and of the modification; of utime(2) two. */
static __always_inline void fill_times(struct node_record *record, const struct file_call *call,
				       const void *times, __u32 is_compat)
{
	bool is_short = is_compat && call->form != TIMES_NANOSECONDS_64;
	__u32 unit = call->form == TIMES_MICROSECONDS ? 1000 : 1;
	__u32 step = call->form == TIMES_SECONDS ? 1 : 2;
	__s64 words[4] = {};
	__s32 short_words[4] = {};
	__u64 size = step * 2 * (is_short ? sizeof(__s32) : sizeof(__s64));

	if (!times) {
		record->times = TIMES_NOW;
		return;
	}
	record->call.hdr.flags |= RECORD_FROM_USER_MEMORY;
	barrier_var(size);
	if (size > sizeof(words))
		return;
	if (bpf_probe_read_user(words, size, times) < 0)
		return;
	__builtin_memcpy(short_words, words, sizeof(short_words));
	for (int i = 0; is_short && i < 4; i++)
		words[i] = short_words[i];
	record->times = TIMES_GIVEN;
	record->atime.s = words[0];
	record->mtime.s = step == 1 ? words[1] : words[2];
	if (step == 1)
		return;
	record->atime.ns = words[1] * unit;
	record->mtime.ns = words[3] * unit;
}

/* What only some of the events have; of the others the record is shorter. */
static __always_inline void fill_node(struct node_record *record, const struct file_call *call,
				      const struct syscall_args *args, __u32 is_compat,
				      const struct name_note *note)
{
	if (call->event < EVENT_MKNOD) {
		record_shorten(record, sizeof(struct path_record));
		return;
	}
	record->dev = file_call_arg(args, call->dev);
	if (call->owner) {
		record->uid = owner_id(call, file_call_arg(args, call->owner));
		record->gid = owner_id(call, file_call_arg(args, call->owner + 1));
	}
	if (note && note->times != TIMES_UNKNOWN) {
		record->times = note->times;
		record->atime = note->atime;
		record->mtime = note->mtime;
	} else if (call->times)
		fill_times(record, call, (void *)file_call_arg(args, call->times), is_compat);
}

static __always_inline int report(struct syscall_id id, const struct syscall_args *args, long ret,
				  __u8 sensor, const struct name_note *note)
{
	const struct file_call *call = file_call_of(id);
	struct node_record *node;
	struct path_record *record;

	if (call->event < EVENT_RENAME || call->event > EVENT_UTIME)
		return 0;
	node = record_begin(&name_call_scratch, call->event, call->variant, sensor, sizeof(*node));
	if (!node)
		return 0;
	fill_node(node, call, args, id.is_compat, note);
	record = &node->call;
	record->result = syscall_result(ret);
	record->dirfd = file_call_dirfd(args, call->dirfd);
	record->new_dirfd = file_call_dirfd(args, call->new_dirfd);
	record->flags = (__u32)file_call_arg(args, call->flags);
	record->mode = (__u16)file_call_arg(args, call->mode);
	record_append_nothing(record, &record->path);
	record_append_nothing(record, &record->name);
	record_append_nothing(record, &record->dir);
	record_append_nothing(record, &record->new_path);
	record_append_nothing(record, &record->new_name);
	record_append_nothing(record, &record->new_dir);
	append_old(record, call, args, note);
	append_new(record, call, args, note);
	record_submit(record, name_call, LANE_BULK);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_name_call, struct pt_regs *regs, long ret)
{
	struct syscall_id id = syscall_of(regs);
	struct syscall_args args = syscall_args_of(regs, id.is_compat);

	return report(id, &args, ret, SENSOR_TRACEPOINT, NULL);
}

/* The same with what was noted, which is of no use to the next call. */
static __always_inline int report_noted(struct syscall_id id, const struct syscall_args *args,
					long ret)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct name_note *note = bpf_map_lookup_elem(&name_notes, &key);
	const struct file_call *call = file_call_of(id);
	/* That of an earlier call, whose end the kernel left out, is left behind. */
	bool fits = note && note->event == call->event && note->variant == call->variant &&
		    note->arg[0] == args->arg[0] && note->arg[1] == args->arg[1];

	report(id, args, ret, SENSOR_OBJECT, fits ? note : NULL);
	if (note)
		name_note_forget(note, key);
	return 0;
}

/* From here on: called by the programs of name_end.bpf.c, attached nowhere. */
SEC("fexit/__x64_sys_rename")
int BPF_PROG(on_noted_name_call, struct pt_regs *regs, long ret)
{
	struct syscall_id id = syscall_of(regs);
	struct syscall_args args = syscall_args_of(regs, id.is_compat);

	return report_noted(id, &args, ret);
}

/* For functions whose types may not say what the registers are. */
static __always_inline int report_noted_i386(long ret)
{
	struct syscall_args args = read_i386_args(current_regs());

	return report_noted(current_syscall(), &args, ret);
}

SEC("fexit/__ia32_sys_chown16")
int BPF_PROG(on_noted_chown16, void *regs, long ret)
{
	return report_noted_i386(ret);
}

SEC("fexit/__ia32_sys_utime32")
int BPF_PROG(on_noted_time32, void *regs, long ret)
{
	return report_noted_i386(ret);
}
