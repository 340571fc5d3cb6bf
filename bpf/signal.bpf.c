// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A signal that a process sends to the monitor itself, by whichever call, alone or to a group.
 *
 * TP_PROTO(int sig, struct kernel_siginfo *info, struct task_struct *task, int group, int result),
 *   from __send_signal_locked, also for a signal that is ignored or blocked; not for one that the
 *   sender may not send. The current task is the sender.
 *
 * arg[1]: the signal. target: the monitor.
 */
#include "record.bpf.h"
#include "syscall.bpf.h"
#include "target.bpf.h"

enum {
	VARIANT_KILL,
	VARIANT_TKILL,
	VARIANT_TGKILL,
	VARIANT_PIDFD_SEND_SIGNAL,
	VARIANT_RT_SIGQUEUEINFO,
	VARIANT_RT_TGSIGQUEUEINFO,
};

DEFINE_SCRATCH(signal, sizeof(struct call_record));

#define NR_PIDFD_SEND_SIGNAL 424

static __always_inline __u8 signal_variant(void)
{
	struct syscall_id id = current_syscall();

	if (id.nr == NR_PIDFD_SEND_SIGNAL)
		return VARIANT_PIDFD_SEND_SIGNAL;
	if (id.is_compat) /* i386 and arm */
		return id.nr == 238		      ? VARIANT_TKILL
		       : id.nr == 270 || id.nr == 268 ? VARIANT_TGKILL
		       : id.nr == 178		      ? VARIANT_RT_SIGQUEUEINFO
		       : id.nr == 335 || id.nr == 363 ? VARIANT_RT_TGSIGQUEUEINFO
						      : VARIANT_KILL;
	if (!bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		return id.nr == 130   ? VARIANT_TKILL
		       : id.nr == 131 ? VARIANT_TGKILL
		       : id.nr == 138 ? VARIANT_RT_SIGQUEUEINFO
		       : id.nr == 240 ? VARIANT_RT_TGSIGQUEUEINFO
				      : VARIANT_KILL;
	return id.nr == 200   ? VARIANT_TKILL
	       : id.nr == 234 ? VARIANT_TGKILL
	       : id.nr == 129 ? VARIANT_RT_SIGQUEUEINFO
	       : id.nr == 297 ? VARIANT_RT_TGSIGQUEUEINFO
			      : VARIANT_KILL;
}

/* SEND_SIG_NOINFO (0) is a process's plain signal, SEND_SIG_PRIV (1) the kernel's own; si_code is
 * positive in what the kernel says about a child, a timer or a fault. */
static __always_inline bool sent_by_process(struct kernel_siginfo *info)
{
	if ((__u64)info <= 1)
		return !info;
	return (__s32)BPF_CORE_READ(info, si_code) <= 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *task, int group,
	     int result)
{
	struct call_record *record;

	if (!self_tgid || task->tgid != self_tgid || !sent_by_process(info))
		return 0;
	record = record_begin(&signal_scratch, EVENT_SIGNAL, signal_variant(), SENSOR_TRACEPOINT,
			      sizeof(*record));
	if (!record)
		return 0;
	record->arg[0] = task->tgid;
	record->arg[1] = sig;
	record_append_nothing(record, &record->text[0]);
	record_append_nothing(record, &record->text[1]);
	target_fill(record, task);
	record_submit(record, signal, LANE_VITAL);
	return 0;
}
