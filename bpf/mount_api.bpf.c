// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The steps of the new mount API that attach nothing yet: fsopen(type, flags), fsconfig(fd, cmd,
 * key, value, aux), fspick(dfd, path, flags), open_tree(dfd, path, flags), mount_setattr(dfd, path,
 * flags, attr, size). What appears in a namespace in the end is move_mount's record.
 *
 * text: fsopen: the type of file system; fsconfig: key and value; fspick: path and type; open_tree:
 * the path opened, of a clone inside its file system; mount_setattr: the path.
 * known: open_tree: device of the file system; mount_setattr: flags to set and to clear.
 */
#include "mount.bpf.h"
#include "path.bpf.h"
#include "syscall_sensor.bpf.h"

enum {
	VARIANT_FSOPEN,
	VARIANT_FSCONFIG,
	VARIANT_FSPICK,
	VARIANT_OPEN_TREE,
	VARIANT_MOUNT_SETATTR,
};

DEFINE_SCRATCH(mount_api, sizeof(struct call_record) + 2 * PATH_LEN_MAX);
#define API_CAPACITY sizeof_scratch(mount_api)

#define OPEN_TREE_CLONE 1
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_SET_PATH 3
#define FSCONFIG_SET_PATH_EMPTY 4

static __always_inline struct call_record *begin(const struct syscall_args *args, long ret,
						 __u8 sensor, __u8 variant)
{
	return call_begin(&mount_api_scratch, EVENT_MOUNT_API, variant, sensor, args, ret);
}

static __always_inline void append_user_path(struct call_record *record, int text, __u64 address)
{
	record_append_user_str(record, API_CAPACITY, &record->text[text], (void *)address,
			       PATH_LEN_MAX);
}

static __always_inline struct file *made_file(long ret)
{
	return ret < 0 ? NULL : task_file((void *)bpf_get_current_task(), ret);
}

/* The type of file system of a context that fsopen or fspick made. */
static __always_inline void append_type(struct call_record *record, int text, struct file *file)
{
	struct fs_context *context = BPF_CORE_READ(file, private_data);

	record_append_kernel_str(record, API_CAPACITY, &record->text[text],
				 BPF_CORE_READ(context, fs_type, name), FS_TYPE_MAX);
}

static __always_inline int report_fsopen(const struct syscall_args *args, long ret, bool compat,
					 __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_FSOPEN);
	struct file *file = made_file(ret);

	if (!record)
		return 0;
	if (file)
		append_type(record, 0, file);
	else
		append_user_path(record, 0, args->arg[0]);
	record_submit(record, mount_api, LANE_VITAL);
	return 0;
}

static __always_inline int report_fsconfig(const struct syscall_args *args, long ret, bool compat,
					   __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_FSCONFIG);
	__u32 cmd = args->arg[1];

	if (!record)
		return 0;
	if (args->arg[2])
		append_user_path(record, 0, args->arg[2]);
	if (args->arg[3] && (cmd == FSCONFIG_SET_STRING || cmd == FSCONFIG_SET_PATH ||
			     cmd == FSCONFIG_SET_PATH_EMPTY))
		append_user_path(record, 1, args->arg[3]);
	record_submit(record, mount_api, LANE_VITAL);
	return 0;
}

static __always_inline int report_fspick(const struct syscall_args *args, long ret, bool compat,
					 __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_FSPICK);
	struct file *file = made_file(ret);

	if (!record)
		return 0;
	append_user_path(record, 0, args->arg[1]);
	if (file)
		append_type(record, 1, file);
	record_submit(record, mount_api, LANE_VITAL);
	return 0;
}

static __always_inline void fill_tree(struct call_record *record, struct file *file, bool clone)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct super_block *sb = BPF_CORE_READ(dentry, d_sb);

	record->known[0] = BPF_CORE_READ(sb, s_dev);
	file_ref_fill_file(&record->file, file);
	if (clone)
		record_append_path_from(record, API_CAPACITY, &record->text[0], dentry, NULL,
					BPF_CORE_READ(sb, s_root), NULL, EVENT_MOUNT_API);
	else
		record_append_file_path(record, API_CAPACITY, &record->text[0],
					(void *)bpf_get_current_task(), file, EVENT_MOUNT_API);
}

static __always_inline int report_open_tree(const struct syscall_args *args, long ret, bool compat,
					    __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_OPEN_TREE);
	struct file *file = made_file(ret);

	if (!record)
		return 0;
	if (file)
		fill_tree(record, file, args->arg[2] & OPEN_TREE_CLONE);
	else
		append_user_path(record, 0, args->arg[1]);
	record_submit(record, mount_api, LANE_VITAL);
	return 0;
}

/* struct mount_attr: attr_set, attr_clr. */
static __always_inline int report_setattr(const struct syscall_args *args, long ret, bool compat,
					  __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_MOUNT_SETATTR);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file;

	if (!record)
		return 0;
	append_user_path(record, 0, args->arg[1]);
	bpf_probe_read_user(record->known, 2 * sizeof(__u64), (void *)args->arg[3]);
	file = record->text[0].total ? NULL : task_file(task, args->arg[0]);
	if (file) { /* AT_EMPTY_PATH */
		file_ref_fill_file(&record->file, file);
		record_append_file_path(record, API_CAPACITY, &record->text[0], task, file,
					EVENT_MOUNT_API);
	}
	record_submit(record, mount_api, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_SENSORS(fsopen, report_fsopen)
DEFINE_SYSCALL_SENSORS(fsconfig, report_fsconfig)
DEFINE_SYSCALL_SENSORS(fspick, report_fspick)
DEFINE_SYSCALL_SENSORS(open_tree, report_open_tree)
DEFINE_SYSCALL_SENSORS(mount_setattr, report_setattr)
