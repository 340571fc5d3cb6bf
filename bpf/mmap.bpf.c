// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Code is made of a file that nobody can look at: mmap(addr, length, prot, flags, fd, offset),
 * mprotect(addr, length, prot) and pkey_mprotect. Only where executable memory was asked for and
 * given, and what is mapped there is a file without a name (a memfd, one that was removed) or in
 * the upper layer of a container; all others cost a test of one bit, or the look at the file.
 *
 * text[0], file: the file mapped; of an mprotect over several, the first of these. The mapping
 * tells it, not the descriptor, which may lead elsewhere by now.
 */
#include "path.bpf.h"
#include "syscall_sensor.bpf.h"
#include "vma.bpf.h"

enum { VARIANT_MMAP, VARIANT_MMAP2, VARIANT_MPROTECT, VARIANT_PKEY_MPROTECT };

#define PROT_READ 1
#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define READ_IMPLIES_EXEC 0x400000
#define VM_EXEC 4
#define MAPPINGS_MAX 32 /* of one mprotect that are looked at */

DEFINE_SCRATCH(mmap, sizeof(struct call_record) + PATH_LEN_MAX);

struct backing_file___user {
	struct path user_path;
} __attribute__((preserve_access_index));

/*
 * The file as the process knows it. A mapping of overlayfs holds the layer's own file, which from
 * 6.8 on (def3ae83da02) keeps beside it the path it was opened by; before, that is its own path.
 * Which files have one is told by a bit of f_mode that moves from kernel to kernel. What lies
 * behind another file is no dentry of an overlayfs.
 */
static __always_inline struct path mapped_path(struct file *file)
{
	struct backing_file___user *backing = (void *)file;
	struct path path = {};

	if (bpf_core_field_exists(struct backing_file___user, user_path)) {
		path.dentry = BPF_CORE_READ(backing, user_path.dentry);
		path.mnt = BPF_CORE_READ(backing, user_path.mnt);
		if (BPF_CORE_READ(path.dentry, d_inode, i_sb, s_magic) == OVERLAYFS_SUPER_MAGIC)
			return path;
	}
	path.dentry = BPF_CORE_READ(file, f_path.dentry);
	path.mnt = BPF_CORE_READ(file, f_path.mnt);
	return path;
}

/*
 * Memory shared without a file is one without a name inside the kernel: "dev/zero", "SYSV00000000",
 * "anon_hugepage". In no directory: what a process calls so itself, and removes, lay in one; a
 * memfd's name begins with "memfd:".
 */
static __always_inline bool is_shared_memory(struct dentry *dentry)
{
	char name[8] = {};

	if (BPF_CORE_READ(dentry, d_parent) != dentry)
		return false;
	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	return (name[0] == 'd' && name[3] == '/' && name[4] == 'z' && name[7] == 'o') ||
	       (name[0] == 'S' && name[1] == 'Y' && name[2] == 'S' && name[3] == 'V') ||
	       (name[0] == 'a' && name[4] == '_' && name[5] == 'h' && name[7] == 'g');
}

/*
 * Whether executable memory was asked for, and anybody wants to know; a personality makes all that
 * is readable so. Not counted as filtered: most of these calls are none of ours anyway.
 */
static __always_inline bool asks_for_code(__u64 prot)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!filter_wants(EVENT_MMAP))
		return false;
	return prot & PROT_EXEC ||
	       (prot & PROT_READ && BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC);
}

/* The file, if the mapping is executable and the file is one of those told; else NULL. */
static __always_inline struct file *nameless_code(struct vm_area_struct *vma)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	struct inode *inode;
	struct path path;

	if (!file || !(BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return NULL;
	path = mapped_path(file);
	inode = BPF_CORE_READ(path.dentry, d_inode);
	if (BPF_CORE_READ(inode, i_nlink) ? inode_layer(inode) != FILE_UPPER_LAYER
					  : is_shared_memory(path.dentry))
		return NULL;
	return file;
}

static __always_inline int report(const struct syscall_args *args, struct file *file, long ret,
				  __u8 sensor, __u8 variant)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct path path = mapped_path(file);
	struct call_record *record =
		call_begin(&mmap_scratch, EVENT_MMAP, variant, sensor, args, ret);

	if (!record)
		return 0;
	file_ref_fill(&record->file, BPF_CORE_READ(path.dentry, d_inode), path.mnt);
	record_append_path(record, sizeof_scratch(mmap), &record->text[0], task, path.dentry,
			   path.mnt, EVENT_MMAP);
	record_submit(record, mmap, LANE_BULK);
	return 0;
}

static __always_inline int report_mmap(const struct syscall_args *args, long ret, bool compat,
				       __u8 sensor, __u8 variant)
{
	/* Addresses of 32-bit calls may have their highest bit. */
	__u64 address = compat ? (__u32)ret : ret;
	bool failed = compat ? (__u32)ret > (__u32)-4096 : (__u64)ret > (__u64)-4096;
	struct vm_area_struct *vma;
	struct file *file;

	if (failed || args->arg[3] & MAP_ANONYMOUS || !asks_for_code(args->arg[2]))
		return 0;
	vma = (void *)vma_at(address);
	file = vma ? nameless_code(vma) : NULL;
	return file ? report(args, file, 0, sensor, variant) : 0;
}

/* Also where it failed: what lies before a hole has been changed by then. */
static __always_inline int report_mprotect(const struct syscall_args *args, long ret, bool compat,
					   __u8 sensor, __u8 variant)
{
	__u64 address = args->arg[0];
	__u64 end = address + args->arg[1];
	struct file *file = NULL;

	if (!asks_for_code(args->arg[2]))
		return 0;
	for (int i = 0; i < MAPPINGS_MAX && address < end && !file; i++) {
		struct vm_area_struct *vma = (void *)vma_at(address);

		if (!vma)
			break;
		file = nameless_code(vma);
		address = BPF_CORE_READ(vma, vm_end);
	}
	return file ? report(args, file, ret, sensor, variant) : 0;
}

DEFINE_SYSCALL_EXIT(mmap, report_mmap, VARIANT_MMAP)
DEFINE_ENTRY_POINT_EXIT(__x64_sys_mmap, on_mmap_x64, false, report_mmap, VARIANT_MMAP)
DEFINE_SYSCALL_EXIT(mmap_pgoff, report_mmap, VARIANT_MMAP2)
DEFINE_ENTRY_POINT_EXIT(__ia32_sys_mmap_pgoff, on_mmap_pgoff_ia32, true, report_mmap, VARIANT_MMAP2)
DEFINE_SYSCALL_SENSORS(mprotect, report_mprotect, VARIANT_MPROTECT)
DEFINE_SYSCALL_SENSORS(pkey_mprotect, report_mprotect, VARIANT_PKEY_MPROTECT)

/* i386's first mmap: all its arguments in the caller's memory. */
static __always_inline int report_old_mmap(const struct syscall_args *args, long ret, bool compat,
					   __u8 sensor)
{
	struct syscall_args passed = {};
	__u32 words[NR_CALL_ARGS] = {};

	if (bpf_probe_read_user(words, sizeof(words), (void *)args->arg[0]) < 0)
		return 0;
	for (int i = 0; i < NR_CALL_ARGS; i++)
		passed.arg[i] = words[i];
	return report_mmap(&passed, ret, compat, sensor, VARIANT_MMAP);
}

DEFINE_SYSCALL_EXIT(ia32_mmap, report_old_mmap)
DEFINE_ENTRY_POINT_EXIT(__ia32_compat_sys_ia32_mmap, on_ia32_mmap_ia32, true, report_old_mmap)
