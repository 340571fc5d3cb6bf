// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A mount is made, changed or moved: mount(2), variant 0; move_mount(2), variant 1, with which a
 * mount made by fsmount or open_tree appears; and fsmount(2), variant 2, after which its files can
 * be reached through the descriptor, wherever it is attached later, if at all. One record per
 * attempt, with its result.
 *
 * object: the exit of path_mount(dev_name, path, type, flags, data): the target is resolved, the
 *   strings are the kernel's copies, and the new mount is the last child of the one it stands on.
 *   move_mount: security_move_mount tells which mount and where to, the exit of the call the
 * result. A target that cannot be looked up never gets as far as path_mount: seen by the tracepoint
 * only. tracepoint: sys_exit. move_mount's from_dfd is the mount. For mount(2) the newest mount of
 * the caller's namespace is taken, if it fits what the caller asked for or is newer than any seen;
 *   else the arguments are read from the caller's memory.
 */
#include "mount.bpf.h"
#include "path.bpf.h"
#include "record.bpf.h"
#include "syscall.bpf.h"

enum { VARIANT_MOUNT, VARIANT_MOVE_MOUNT, VARIANT_FSMOUNT };

DEFINE_SCRATCH(mount, sizeof(struct mount_record) + 3 * PATH_LEN_MAX + FS_TYPE_MAX);
#define MOUNT_CAPACITY sizeof_scratch(mount)

/* Key: pid_tgid. Between security_move_mount and the exit of move_mount. */
struct move_in_progress {
	__u64 mnt;	 /* struct mount moved */
	__u64 to_dentry; /* struct path it is moved to */
	__u64 to_vfsmount;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct move_in_progress);
} moves_in_progress SEC(".maps");

/* The greatest mnt_id_unique seen, where there is one (6.8+): what is above is new. */
__u64 greatest_mount_id;

/* Type and device of the file system, known of any mount, attached or not. */
static __always_inline void fill_file_system(struct mount_record *record, struct mount *mnt)
{
	struct super_block *sb = BPF_CORE_READ(mnt, mnt.mnt_sb);

	record_append_kernel_str(record, MOUNT_CAPACITY, &record->fstype,
				 BPF_CORE_READ(sb, s_type, name), FS_TYPE_MAX);
	record->source_dev = BPF_CORE_READ(sb, s_dev);
	record->block_device = BPF_CORE_READ(sb, s_bdev) != NULL;
	record->fs_pid_ns = proc_pid_ns_inum(sb);
}

/* The device, or what was bound: its path inside its file system. */
static __always_inline void fill_source(struct mount_record *record, struct mount *mnt)
{
	struct dentry *mnt_root = BPF_CORE_READ(mnt, mnt.mnt_root);
	struct dentry *fs_root = BPF_CORE_READ(mnt, mnt.mnt_sb, s_root);

	if (record->flags & MS_BIND)
		record_append_path_from(record, MOUNT_CAPACITY, &record->source, mnt_root, NULL,
					fs_root, NULL, EVENT_MOUNT);
	else
		record_append_kernel_str(record, MOUNT_CAPACITY, &record->source,
					 BPF_CORE_READ(mnt, mnt_devname), PATH_LEN_MAX);
}

static __always_inline void fill_target(struct mount_record *record, struct dentry *dentry,
					struct vfsmount *vfsmount)
{
	file_ref_fill(&record->target_file, BPF_CORE_READ(dentry, d_inode), vfsmount);
	record_append_path(record, MOUNT_CAPACITY, &record->target, (void *)bpf_get_current_task(),
			   dentry, vfsmount, EVENT_MOUNT);
}

/* Everything from the mount itself. */
static __always_inline void fill_resolved(struct mount_record *record, struct mount *mnt)
{
	record->resolved = 1;
	fill_source(record, mnt);
	fill_file_system(record, mnt);
	fill_target(record, BPF_CORE_READ(mnt, mnt_mountpoint),
		    mount_vfsmount(BPF_CORE_READ(mnt, mnt_parent)));
}

static __always_inline struct mount_record *begin(__u8 variant, long ret, __u64 flags, __u8 sensor)
{
	struct mount_record *record =
		record_begin(&mount_scratch, EVENT_MOUNT, variant, sensor, sizeof(*record));

	if (!record)
		return NULL;
	record->result = syscall_result(ret);
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	record->flags = flags;
	record_append_nothing(record, &record->source);
	record_append_nothing(record, &record->fstype);
	record_append_nothing(record, &record->target);
	return record;
}

/* What mount(2) does with these flags, in the order in which path_mount asks. */
static __always_inline bool makes_mount(__u64 flags)
{
	if (flags & MS_REMOUNT)
		return false;
	return flags & MS_BIND || !(flags & (MS_PROPAGATION | MS_MOVE));
}

/* The mount that path_mount has just worked on; NULL if it is gone or covered already. */
static __always_inline struct mount *mount_worked_on(const struct path *path, __u64 flags)
{
	struct vfsmount *below = BPF_CORE_READ(path, mnt);
	struct mount *mnt;

	if (!makes_mount(flags) && !(flags & MS_MOVE && !(flags & MS_REMOUNT)))
		return vfsmount_mount(below);
	mnt = last_child_of(vfsmount_mount(below));
	if (BPF_CORE_READ(mnt, mnt_mountpoint) != BPF_CORE_READ(path, dentry))
		return NULL;
	return mnt;
}

/*
 * int path_mount(const char *dev_name, struct path *path, const char *type_page,
 *		  unsigned long flags, void *data_page)
 * from do_mount, for native and 32-bit calls. do_mount itself is inlined.
 */
SEC("fexit/path_mount")
int BPF_PROG(on_path_mount, const char *dev_name, struct path *path, const char *type_page,
	     unsigned long flags, void *data_page, int ret)
{
	struct mount_record *record = begin(VARIANT_MOUNT, ret, flags, SENSOR_OBJECT);
	struct mount *mnt = NULL;

	if (!record)
		return 0;
	if (ret == 0)
		mnt = mount_worked_on(path, record->flags);
	if (mnt) {
		fill_resolved(record, mnt);
	} else {
		if (dev_name)
			record_append_kernel_str(record, MOUNT_CAPACITY, &record->source, dev_name,
						 PATH_LEN_MAX);
		if (type_page)
			record_append_kernel_str(record, MOUNT_CAPACITY, &record->fstype, type_page,
						 FS_TYPE_MAX);
		fill_target(record, BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt));
	}
	record_submit(record, mount, LANE_VITAL);
	return 0;
}

/* int security_move_mount(const struct path *from_path, const struct path *to_path) */
SEC("fentry/security_move_mount")
int BPF_PROG(on_move_mount_begin, const struct path *from_path, const struct path *to_path)
{
	struct move_in_progress move = {};
	__u64 key = bpf_get_current_pid_tgid();

	if (!filter_wants(EVENT_MOUNT))
		return 0;
	move.mnt = (__u64)vfsmount_mount(BPF_CORE_READ(from_path, mnt));
	move.to_dentry = (__u64)BPF_CORE_READ(to_path, dentry);
	move.to_vfsmount = (__u64)BPF_CORE_READ(to_path, mnt);
	if (map_update(&moves_in_progress, &key, &move, BPF_ANY) < 0)
		count_drop(EVENT_MOUNT, DROP_MAP_FULL);
	return 0;
}

/* The target of a move_mount that failed: where the kernel did not say, as the caller passed it. */
static __always_inline void fill_move_target(struct mount_record *record,
					     const struct move_in_progress *move,
					     const struct syscall_args *args)
{
	struct file *to = task_file((void *)bpf_get_current_task(), args->arg[2]);

	if (move && move->to_dentry) {
		fill_target(record, (void *)move->to_dentry, (void *)move->to_vfsmount);
		return;
	}
	record_append_user_str(record, MOUNT_CAPACITY, &record->target, (void *)args->arg[3],
			       PATH_LEN_MAX);
	if (to && record->target.len == 0 && args->arg[4] & MOVE_MOUNT_T_EMPTY_PATH) {
		record->hdr.flags &= ~RECORD_FROM_USER_MEMORY;
		fill_target(record, BPF_CORE_READ(to, f_path.dentry),
			    BPF_CORE_READ(to, f_path.mnt));
	}
}

/* The mount that move_mount's first two arguments stand for, if they alone tell. */
static __always_inline struct mount *moved_mount(const struct syscall_args *args)
{
	struct file *from = task_file((void *)bpf_get_current_task(), args->arg[0]);
	char first = 1;

	if (!from || !(args->arg[4] & MOVE_MOUNT_F_EMPTY_PATH))
		return NULL;
	if (bpf_probe_read_user(&first, 1, (void *)args->arg[1]) < 0 || first)
		return NULL;
	return vfsmount_mount(BPF_CORE_READ(from, f_path.mnt));
}

/* move_mount(from_dfd, from_pathname, to_dfd, to_pathname, flags) has ended. `move`: what the
 * object sensor has kept, or NULL. */
static __always_inline int report_move(const struct move_in_progress *move,
				       const struct syscall_args *args, long ret, __u8 sensor)
{
	struct mount *mnt = move ? (void *)move->mnt : moved_mount(args);
	struct mount_record *record = begin(VARIANT_MOVE_MOUNT, ret, 0, sensor);

	if (!record)
		return 0;
	if (mnt)
		record->flags = mount_ms_flags(mnt);
	if (mnt && ret == 0) {
		fill_resolved(record, mnt);
	} else {
		if (mnt) {
			fill_source(record, mnt);
			fill_file_system(record, mnt);
		} else {
			record_append_user_str(record, MOUNT_CAPACITY, &record->source,
					       (void *)args->arg[1], PATH_LEN_MAX);
		}
		fill_move_target(record, move, args);
	}
	record_submit(record, mount, LANE_VITAL);
	return 0;
}

/* long function(const struct pt_regs *regs): native and 32-bit. */
static __always_inline int move_mount_exit(const struct pt_regs *regs, long ret, __u32 is_compat)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct move_in_progress *found = bpf_map_lookup_elem(&moves_in_progress, &key);
	struct syscall_args args = syscall_args_of(regs, is_compat);
	struct move_in_progress move = {};

	if (!found) /* failed before it was known what to move where */
		return report_move(NULL, &args, ret, SENSOR_OBJECT);
	move = *found;
	bpf_map_delete_elem(&moves_in_progress, &key);
	return report_move(&move, &args, ret, SENSOR_OBJECT);
}

SEC("fexit/__x64_sys_move_mount")
int BPF_PROG(on_move_mount_x64, struct pt_regs *regs, long ret)
{
	return move_mount_exit(regs, ret, 0);
}

SEC("fexit/__ia32_sys_move_mount")
int BPF_PROG(on_move_mount_ia32, struct pt_regs *regs, long ret)
{
	return move_mount_exit(regs, ret, 1);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_move_mount, struct pt_regs *regs, long ret)
{
	__u32 is_compat = task_in_compat_syscall((void *)bpf_get_current_task());
	struct syscall_args args = syscall_args_of(regs, is_compat);

	return report_move(NULL, &args, ret, SENSOR_TRACEPOINT);
}

/* fsmount(fs_fd, flags, attr_flags) has ended; its result is the new mount's descriptor. There is
 * no target yet. Of a refused one only the result is known. */
static __always_inline int report_fsmount(long ret, __u8 sensor)
{
	struct file *file = ret < 0 ? NULL : task_file((void *)bpf_get_current_task(), ret);
	struct mount *mnt = file ? vfsmount_mount(BPF_CORE_READ(file, f_path.mnt)) : NULL;
	struct mount_record *record = begin(VARIANT_FSMOUNT, ret < 0 ? ret : 0, 0, sensor);

	if (!record)
		return 0;
	if (mnt) {
		record->resolved = 1;
		record->flags = mount_ms_flags(mnt);
		fill_source(record, mnt);
		fill_file_system(record, mnt);
	}
	record_submit(record, mount, LANE_VITAL);
	return 0;
}

SEC("fexit/__x64_sys_fsmount")
int BPF_PROG(on_fsmount_x64, struct pt_regs *regs, long ret)
{
	return report_fsmount(ret, SENSOR_OBJECT);
}

SEC("fexit/__ia32_sys_fsmount")
int BPF_PROG(on_fsmount_ia32, struct pt_regs *regs, long ret)
{
	return report_fsmount(ret, SENSOR_OBJECT);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_fsmount, struct pt_regs *regs, long ret)
{
	return report_fsmount(ret, SENSOR_TRACEPOINT);
}

/* Whether the target, as copied from the caller, ends with the name of the mount's place. A name
 * alone, relative to the working directory, has no '/' before it. */
static __always_inline bool target_fits(struct mount *mnt, struct mount_record *record)
{
	struct name_tail want = {};
	char tail[32] = {};
	__u64 end = record->target.off + record->target.len;
	__u64 missing = 0;
	char last = 0;

	if (!mountpoint_tail(mnt, &want))
		return false;
	barrier_var(end);
	if (end < sizeof(*record) || end > MOUNT_CAPACITY)
		return false;
	last = ((char *)record)[end - 1];
	if (last == '/')
		end--;
	if (record->target.len + (last != '/') == want.len) /* no more than the name */
		missing = want.bytes[0] == '/';
	end -= want.len;
	barrier_var(end);
	if (end < sizeof(*record) - 1 || end > MOUNT_CAPACITY - sizeof(tail))
		return false;
	if (bpf_probe_read_kernel(tail, sizeof(tail), (char *)record + end) < 0)
		return false;
	if (missing)
		tail[0] = '/';
	for (int i = 0; i < (int)sizeof(tail); i++)
		if (i < want.len && tail[i] != want.bytes[i])
			return false;
	return true;
}

/* Whether that may be the mount the caller asked for, by the strings copied from its memory. */
static __always_inline bool mount_fits(struct mount *mnt, struct mount_record *record)
{
	__u64 type = record->fstype.off;

	if (!record->target.len || !target_fits(mnt, record))
		return false;
	if (record->flags & MS_BIND)
		return true;
	barrier_var(type);
	return type < MOUNT_CAPACITY - FS_TYPE_MAX &&
	       type_fits(mnt, (char *)record + type, record->fstype.len);
}

/*
 * The mount that mount(2) has made, found without being told: the newest of the namespace, or, as a
 * recursive bind ends with the innermost, one of those it stands on. Another thread may have
 * mounted since: it must fit the arguments, or be newer than any seen before.
 */
#define MOUNTS_TRIED 8

static __always_inline struct mount *mount_made(struct mount_record *record)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mount *mnt = newest_mount(BPF_CORE_READ(task, nsproxy, mnt_ns));
	__u64 known = greatest_mount_id;
	__u64 id = mnt ? mount_unique_id(mnt) : 0;
	struct mount *new_one = NULL;

	if (id > known)
		greatest_mount_id = id;
	for (int i = 0; i < MOUNTS_TRIED && mnt; i++) {
		bool is_new = known && mount_unique_id(mnt) > known;

		if (known && !is_new) /* was there before; so was what it stands on */
			break;
		if (mount_fits(mnt, record))
			return mnt;
		if (is_new)
			new_one = mnt;
		mnt = BPF_CORE_READ(mnt, mnt_parent);
	}
	return new_one;
}

static __always_inline void forget_strings(struct mount_record *record)
{
	record->hdr.size = sizeof(*record);
	record->hdr.flags &= ~RECORD_FROM_USER_MEMORY;
	record_append_nothing(record, &record->source);
	record_append_nothing(record, &record->fstype);
	record_append_nothing(record, &record->target);
}

/* mount(source, target, type, flags, data) has ended. */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_mount, struct pt_regs *regs, long ret)
{
	__u32 is_compat = task_in_compat_syscall((void *)bpf_get_current_task());
	struct syscall_args args = syscall_args_of(regs, is_compat);
	struct mount_record *record = begin(VARIANT_MOUNT, ret, args.arg[3], SENSOR_TRACEPOINT);
	struct mount *mnt = NULL;

	if (!record)
		return 0;
	if (args.arg[0])
		record_append_user_str(record, MOUNT_CAPACITY, &record->source, (void *)args.arg[0],
				       PATH_LEN_MAX);
	if (args.arg[2])
		record_append_user_str(record, MOUNT_CAPACITY, &record->fstype, (void *)args.arg[2],
				       FS_TYPE_MAX);
	record_append_user_str(record, MOUNT_CAPACITY, &record->target, (void *)args.arg[1],
			       PATH_LEN_MAX);
	if (ret == 0 && makes_mount(record->flags))
		mnt = mount_made(record);
	if (mnt) {
		forget_strings(record);
		fill_resolved(record, mnt);
	}
	record_submit(record, mount, LANE_VITAL);
	return 0;
}
