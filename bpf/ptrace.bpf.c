// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A process takes hold of another: ptrace(request, pid, addr, data), process_vm_readv and
 * process_vm_writev(pid, …), pidfd_open(pid, flags), pidfd_getfd(pidfd, fd, flags).
 *
 * target: the other process, found at the exit by its number in the caller's pid namespace, or
 * through the pidfd. text[0], file: of pidfd_getfd, the file that was got.
 */
#include "path.bpf.h"
#include "syscall_sensor.bpf.h"
#include "target.bpf.h"

enum {
	VARIANT_PTRACE,
	VARIANT_PROCESS_VM_READV,
	VARIANT_PROCESS_VM_WRITEV,
	VARIANT_PIDFD_GETFD,
	VARIANT_PIDFD_OPEN,
};

#define PTRACE_TRACEME 0

DEFINE_SCRATCH(ptrace, sizeof(struct call_record) + PATH_LEN_MAX);

static __always_inline struct call_record *begin(const struct syscall_args *args, long ret,
						 __u8 sensor, __u8 variant)
{
	return call_begin(&ptrace_scratch, EVENT_PTRACE, variant, sensor, args, ret);
}

static __always_inline int report_ptrace(const struct syscall_args *args, long ret, bool compat,
					 __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_PTRACE);

	if (!record)
		return 0;
	if (args->arg[0] != PTRACE_TRACEME)
		target_fill(record, task_by_vpid(args->arg[1]));
	record_submit(record, ptrace, LANE_VITAL);
	return 0;
}

/* The pid is the first argument. */
static __always_inline int report_pid(const struct syscall_args *args, long ret, bool compat,
				      __u8 sensor, __u8 variant)
{
	struct call_record *record = begin(args, ret, sensor, variant);

	if (!record)
		return 0;
	target_fill(record, task_by_vpid(args->arg[0]));
	record_submit(record, ptrace, LANE_VITAL);
	return 0;
}

static __always_inline int report_getfd(const struct syscall_args *args, long ret, bool compat,
					__u8 sensor)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct call_record *record = begin(args, ret, sensor, VARIANT_PIDFD_GETFD);
	struct file *file;
	struct pid *pid;

	if (!record)
		return 0;
	file = task_file(task, args->arg[0]);
	pid = file ? file_pid(file) : NULL;
	if (pid)
		target_fill(record, pid_task_of(pid));
	file = ret < 0 ? NULL : task_file(task, ret);
	if (file) {
		file_ref_fill_file(&record->file, file);
		record_append_file_path(record, sizeof_scratch(ptrace), &record->text[0], task,
					file, EVENT_PTRACE);
	}
	record_submit(record, ptrace, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_EXIT(ptrace, report_ptrace)
DEFINE_ENTRY_POINT_EXIT(__x64_sys_ptrace, on_ptrace_x64, false, report_ptrace)
DEFINE_ENTRY_POINT_EXIT(__ia32_compat_sys_ptrace, on_ptrace_ia32, true, report_ptrace)
DEFINE_SYSCALL_SENSORS(process_vm_readv, report_pid, VARIANT_PROCESS_VM_READV)
DEFINE_SYSCALL_SENSORS(process_vm_writev, report_pid, VARIANT_PROCESS_VM_WRITEV)
DEFINE_SYSCALL_SENSORS(pidfd_getfd, report_getfd)
DEFINE_SYSCALL_SENSORS(pidfd_open, report_pid, VARIANT_PIDFD_OPEN)
