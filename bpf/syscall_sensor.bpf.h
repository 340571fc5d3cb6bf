/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sensors on one system call: the same body at the exit of all calls (tracepoint) and at the exit
 * of its own entry points (object). For calls whose arguments are passed by value, or stand for
 * something the kernel still has when the call is over.
 *
 *	static __always_inline int report(const struct syscall_args *args, long ret, bool compat,
 *					  __u8 sensor, __u8 variant);
 *	DEFINE_SYSCALL_SENSORS(setns, report, VARIANT_SETNS)
 *
 * makes on_setns (tp_btf/sys_exit, for the dispatcher), on_setns_x64 and on_setns_ia32; what
 * follows the body's name is handed to it. The rows of userspace/probe name them (SyscallPrograms
 * there makes both kinds'). `ret` is what the kernel returns: see syscall_result.
 */
#ifndef NEZUBAN_SYSCALL_SENSOR_BPF_H
#define NEZUBAN_SYSCALL_SENSOR_BPF_H

#include "record.bpf.h"
#include "syscall.bpf.h"

#define DEFINE_SYSCALL_EXIT(call, body, ...)                                          \
	SEC("tp_btf/sys_exit")                                                        \
	int BPF_PROG(on_##call, struct pt_regs *regs, long ret)                       \
	{                                                                             \
		bool compat = task_in_compat_syscall((void *)bpf_get_current_task()); \
		struct syscall_args args = syscall_args_of(regs, compat);             \
                                                                                      \
		return body(&args, ret, compat, SENSOR_TRACEPOINT, ##__VA_ARGS__);    \
	}

/* long function(const struct pt_regs *regs) */
#define DEFINE_ENTRY_POINT_EXIT(function, name, compat, body, ...)             \
	SEC("fexit/" #function)                                                \
	int BPF_PROG(name, struct pt_regs *regs, long ret)                     \
	{                                                                      \
		struct syscall_args args = syscall_args_of(regs, compat);      \
                                                                               \
		return body(&args, ret, compat, SENSOR_OBJECT, ##__VA_ARGS__); \
	}

#define DEFINE_SYSCALL_SENSORS(call, body, ...)                                                \
	DEFINE_SYSCALL_EXIT(call, body, ##__VA_ARGS__)                                         \
	DEFINE_ENTRY_POINT_EXIT(__x64_sys_##call, on_##call##_x64, false, body, ##__VA_ARGS__) \
	DEFINE_ENTRY_POINT_EXIT(__ia32_sys_##call, on_##call##_ia32, true, body, ##__VA_ARGS__)

/* A record of the call with its arguments and its result, both strings empty; NULL: not wanted, or
 * made by the other kind of sensor, as this program runs for a second event. */
static __always_inline struct call_record *call_begin(void *scratch, __u32 event, __u8 variant,
						      __u8 sensor, const struct syscall_args *args,
						      long ret)
{
	struct call_record *record;

	if (!sensor_makes(event, sensor))
		return NULL;
	record = record_begin(scratch, event, variant, sensor, sizeof(*record));
	if (!record)
		return NULL;
	for (int i = 0; i < NR_CALL_ARGS; i++)
		record->arg[i] = args->arg[i];
	record->result = syscall_result(ret);
	record_append_nothing(record, &record->text[0]);
	record_append_nothing(record, &record->text[1]);
	return record;
}

#endif
