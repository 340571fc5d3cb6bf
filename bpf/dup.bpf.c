// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A socket becomes a standard stream: dup, dup2, dup3 or fcntl(F_DUPFD…) whose result is 0, 1 or 2.
 * A duplicate of anything else gives no record.
 *
 * tracepoint: sys_exit of the calls. object: the exit of the functions behind them: the entry
 * points of dup, dup2 and dup3 (native and 32-bit, one program each) and, as fcntl is called for
 * much else, f_dupfd(from, file, flags), which only F_DUPFD and F_DUPFD_CLOEXEC reach. What the
 * descriptor stands for is read from the table at the exit, by its number.
 */
#include "path.bpf.h"
#include "record.bpf.h"
#include "socket.bpf.h"
#include "syscall.bpf.h"

DEFINE_SCRATCH(dup, sizeof(struct dup_record));

enum { VARIANT_DUP, VARIANT_DUP2, VARIANT_DUP3, VARIANT_FCNTL };

#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

/* `task`'s descriptor new_fd, just made, is reported if it is a socket. */
static __always_inline int report(__u8 variant, __s32 old_fd, long new_fd, __u8 sensor)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file;
	struct socket *sock;

	if (new_fd < 0 || new_fd > 2)
		return 0;
	file = task_file(task, new_fd);
	sock = file ? file_socket(file) : NULL;
	if (!sock)
		return 0;

	struct dup_record *record =
		record_begin(&dup_scratch, EVENT_DUP, variant, sensor, sizeof(*record));

	if (!record)
		return 0;
	record->old_fd = old_fd;
	record->new_fd = new_fd;
	endpoints_fill(&record->ends, BPF_CORE_READ(sock, sk));
	record_submit(record, dup, LANE_VITAL);
	return 0;
}

/* The numbers of the four calls; fcntl has two in 32-bit tables. */
static __always_inline int variant_of(__s32 nr, __u32 is_compat)
{
	if (is_compat) /* i386 and arm agree, but for dup3 */
		return nr == 41			? VARIANT_DUP
		       : nr == 63		? VARIANT_DUP2
		       : nr == 330 || nr == 358 ? VARIANT_DUP3
		       : nr == 55 || nr == 221	? VARIANT_FCNTL
						: -1;
	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return nr == 32	   ? VARIANT_DUP
		       : nr == 33  ? VARIANT_DUP2
		       : nr == 292 ? VARIANT_DUP3
		       : nr == 72  ? VARIANT_FCNTL
				   : -1;
	return nr == 23 ? VARIANT_DUP : nr == 24 ? VARIANT_DUP3 : nr == 25 ? VARIANT_FCNTL : -1;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_dup, struct pt_regs *regs, long ret)
{
	if (ret < 0 || ret > 2) /* nearly all of them */
		return 0;

	__u32 is_compat = task_in_compat_syscall((void *)bpf_get_current_task());
	struct syscall_args args = syscall_args_of(regs, is_compat);
	int variant = variant_of(regs_syscall_nr(regs), is_compat);

	if (variant < 0)
		return 0;
	if (variant == VARIANT_FCNTL && (__u32)args.arg[1] != F_DUPFD &&
	    (__u32)args.arg[1] != F_DUPFD_CLOEXEC)
		return 0;
	return report(variant, args.arg[0], ret, SENSOR_TRACEPOINT);
}

#define DEFINE_DUP_EXIT(function, name, variant, is_compat)              \
	SEC("fexit/" #function)                                          \
	int BPF_PROG(name, struct pt_regs *regs, long ret)               \
	{                                                                \
		struct syscall_args args;                                \
                                                                         \
		if (ret < 0 || ret > 2)                                  \
			return 0;                                        \
		args = syscall_args_of(regs, is_compat);                 \
		return report(variant, args.arg[0], ret, SENSOR_OBJECT); \
	}

/* long function(const struct pt_regs *regs) */
DEFINE_DUP_EXIT(__x64_sys_dup, on_dup_x64, VARIANT_DUP, 0)
DEFINE_DUP_EXIT(__x64_sys_dup2, on_dup2_x64, VARIANT_DUP2, 0)
DEFINE_DUP_EXIT(__x64_sys_dup3, on_dup3_x64, VARIANT_DUP3, 0)
DEFINE_DUP_EXIT(__ia32_sys_dup, on_dup_ia32, VARIANT_DUP, 1)
DEFINE_DUP_EXIT(__ia32_sys_dup2, on_dup2_ia32, VARIANT_DUP2, 1)
DEFINE_DUP_EXIT(__ia32_sys_dup3, on_dup3_ia32, VARIANT_DUP3, 1)

/* int f_dupfd(unsigned int from, struct file *file, unsigned flags): which descriptor was
 * duplicated is not among its arguments. */
SEC("fexit/f_dupfd")
int BPF_PROG(on_fcntl_dup, unsigned int from, struct file *file, unsigned int flags, int ret)
{
	return report(VARIANT_FCNTL, -1, ret, SENSOR_OBJECT);
}
