// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A process changes its root, or takes a mount away: chroot(path), pivot_root(new_root, put_old),
 * umount(name) and umount2(name, flags).
 *
 * text[0]: the path; text[1]: pivot_root's put_old. As passed, from the caller's memory; of a
 * chroot that succeeded, the root directory the kernel gave, seen from the root of its mount
 * namespace. file: the new root directory.
 */
#include "path.bpf.h"
#include "syscall_sensor.bpf.h"

enum { VARIANT_CHROOT, VARIANT_PIVOT_ROOT, VARIANT_UMOUNT, VARIANT_UMOUNT2 };

DEFINE_SCRATCH(root, sizeof(struct call_record) + 2 * PATH_LEN_MAX);
#define ROOT_CAPACITY sizeof_scratch(root)

static __always_inline void append_new_root(struct call_record *record, __u8 variant)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dentry *dentry = BPF_CORE_READ(task, fs, root.dentry);
	struct vfsmount *vfsmount = BPF_CORE_READ(task, fs, root.mnt);

	file_ref_fill(&record->file, BPF_CORE_READ(dentry, d_inode), vfsmount);
	if (variant == VARIANT_CHROOT)
		record_append_path_from(record, ROOT_CAPACITY, &record->text[0], dentry, vfsmount,
					NULL, NULL, EVENT_ROOT);
}

static __always_inline int report(const struct syscall_args *args, long ret, bool compat,
				  __u8 sensor, __u8 variant)
{
	bool changes_root = variant == VARIANT_CHROOT || variant == VARIANT_PIVOT_ROOT;
	struct call_record *record =
		call_begin(&root_scratch, EVENT_ROOT, variant, sensor, args, ret);

	if (!record)
		return 0;
	if (ret == 0 && changes_root)
		append_new_root(record, variant);
	if (ret != 0 || variant != VARIANT_CHROOT)
		record_append_user_str(record, ROOT_CAPACITY, &record->text[0],
				       (void *)args->arg[0], PATH_LEN_MAX);
	if (variant == VARIANT_PIVOT_ROOT)
		record_append_user_str(record, ROOT_CAPACITY, &record->text[1],
				       (void *)args->arg[1], PATH_LEN_MAX);
	record_submit(record, root, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_SENSORS(chroot, report, VARIANT_CHROOT)
DEFINE_SYSCALL_SENSORS(pivot_root, report, VARIANT_PIVOT_ROOT)
/* The kernel's names: its umount is umount2(2), its oldumount is umount(2), of i386 only. */
DEFINE_SYSCALL_SENSORS(umount, report, VARIANT_UMOUNT2)
DEFINE_SYSCALL_EXIT(oldumount, report, VARIANT_UMOUNT)
DEFINE_ENTRY_POINT_EXIT(__ia32_sys_oldumount, on_oldumount_ia32, true, report, VARIANT_UMOUNT)
