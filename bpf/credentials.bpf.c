// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Changes of credentials: the calls of the setuid family and capset, and one event for every
 * change, whatever brought it about.
 *
 * object: the entry of commit_creds(new), through which every regular change goes: before and after
 *   are both there. Nothing is reported where neither ids nor capabilities change, as at most
 * execs. tracepoint: the exit of those calls, of setns and unshare with a user namespace, and the
 * exec of a program that gains privileges. What was before only user space knows; a call that
 * changed nothing is reported too.
 */
#include "credentials.bpf.h"
#include "syscall_sensor.bpf.h"

enum {
	VARIANT_SETUID,
	VARIANT_SETGID,
	VARIANT_SETREUID,
	VARIANT_SETREGID,
	VARIANT_SETRESUID,
	VARIANT_SETRESGID,
	VARIANT_SETFSUID,
	VARIANT_SETFSGID,
};

DEFINE_SCRATCH(setuid, sizeof(struct call_record));
DEFINE_SCRATCH(capset, sizeof(struct call_record));
DEFINE_SCRATCH(credentials, sizeof(struct credentials_record));

__noinline int report_credentials(__u32 by)
{
	struct credentials_record *record;
	struct task_struct *task = (void *)bpf_get_current_task();

	record = record_begin(&credentials_scratch, EVENT_CREDENTIALS, 0, SENSOR_TRACEPOINT,
			      sizeof(*record));
	if (!record)
		return 0;
	credentials_fill(&record->after, BPF_CORE_READ(task, cred));
	record->by = by;
	record_submit(record, credentials, LANE_VITAL);
	return 0;
}

/* Numbers of the calls that change credentials; what is in none of the ranges is BY_OTHER. */
static __always_inline __u8 changed_by_native(__s32 nr)
{
	if (!bpf_core_field_exists(struct pt_regs___x86, orig_ax)) {
		if (nr >= 143 && nr <= 152 && nr != 148 && nr != 150)
			return CREDENTIALS_BY_SETUID;
		return nr == 91		       ? CREDENTIALS_BY_CAPSET
		       : nr == 97 || nr == 268 ? CREDENTIALS_BY_NAMESPACE
					       : CREDENTIALS_BY_OTHER;
	}
	if (nr == 105 || nr == 106 || nr == 113 || nr == 114 || nr == 117 || nr == 119 ||
	    nr == 122 || nr == 123)
		return CREDENTIALS_BY_SETUID;
	return nr == 126		? CREDENTIALS_BY_CAPSET
	       : nr == 272 || nr == 308 ? CREDENTIALS_BY_NAMESPACE
					: CREDENTIALS_BY_OTHER;
}

static __always_inline __u8 changed_by_compat(__s32 nr)
{
	if (nr == 23 || nr == 46 || nr == 70 || nr == 71 || nr == 138 || nr == 139 || nr == 164 ||
	    nr == 170 || nr == 203 || nr == 204 || nr == 208 || nr == 210 ||
	    (nr >= 213 && nr <= 216))
		return CREDENTIALS_BY_SETUID;
	return nr == 185		? CREDENTIALS_BY_CAPSET
	       : nr == 310 || nr == 346 ? CREDENTIALS_BY_NAMESPACE
					: CREDENTIALS_BY_OTHER;
}

static __always_inline __u8 changed_by(struct task_struct *task)
{
	struct syscall_id id;

	if (BPF_CORE_READ_BITFIELD_PROBED(task, in_execve))
		return CREDENTIALS_BY_EXEC;
	id = current_syscall();
	return id.is_compat ? changed_by_compat(id.nr) : changed_by_native(id.nr);
}

static __always_inline bool same_credentials(const struct credentials *a,
					     const struct credentials *b)
{
	return a->uid == b->uid && a->euid == b->euid && a->suid == b->suid &&
	       a->fsuid == b->fsuid && a->gid == b->gid && a->egid == b->egid &&
	       a->sgid == b->sgid && a->fsgid == b->fsgid &&
	       a->cap_inheritable == b->cap_inheritable && a->cap_permitted == b->cap_permitted &&
	       a->cap_effective == b->cap_effective;
}

/* int commit_creds(struct cred *new): of the current task; cannot fail. */
SEC("fentry/commit_creds")
int BPF_PROG(on_commit_creds, struct cred *new)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct credentials before = {};
	struct credentials after = {};
	struct credentials_record *record;

	credentials_fill(&before, BPF_CORE_READ(task, cred));
	credentials_fill(&after, new);
	if (same_credentials(&before, &after))
		return 0;
	record = record_begin(&credentials_scratch, EVENT_CREDENTIALS, 0, SENSOR_OBJECT,
			      sizeof(*record));
	if (!record)
		return 0;
	record_fill_ids(&record->hdr, new);
	record->before = before;
	record->after = after;
	record->before_known = 1;
	record->by = changed_by(task);
	record_submit(record, credentials, LANE_VITAL);
	return 0;
}

/* Before on_exec, whose record tells user space the new credentials. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_credentials, struct task_struct *task, pid_t old_pid,
	     struct linux_binprm *bprm)
{
	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		report_credentials(CREDENTIALS_BY_EXEC);
	return 0;
}

/* setfsuid and setfsgid give the id there was before, whatever happens. */
static __always_inline int report_setuid(const struct syscall_args *args, long ret, bool compat,
					 __u8 sensor, __u8 variant)
{
	struct call_record *record;

	if (ret >= 0 && tells_credentials(sensor))
		report_credentials(CREDENTIALS_BY_SETUID);
	record = call_begin(&setuid_scratch, EVENT_SETUID, variant, sensor, args, ret);
	if (!record)
		return 0;
	record_submit(record, setuid, LANE_VITAL);
	return 0;
}

/* The calls of i386 with 16-bit ids: -1 is 0xffff there. */
static __always_inline int report_setuid16(const struct syscall_args *args, long ret, bool compat,
					   __u8 sensor, __u8 variant)
{
	struct syscall_args wide = *args;

	for (int i = 0; i < 3; i++) {
		wide.arg[i] &= 0xffff;
		if (wide.arg[i] == 0xffff)
			wide.arg[i] = (__u32)-1;
	}
	return report_setuid(&wide, ret, compat, sensor, variant);
}

#define DEFINE_SETUID_SENSORS(call, variant)                                                      \
	DEFINE_SYSCALL_SENSORS(call, report_setuid, variant)                                      \
	DEFINE_SYSCALL_EXIT(call##16, report_setuid16, variant)                                   \
	DEFINE_ENTRY_POINT_EXIT(__ia32_sys_##call##16, on_##call##16_ia32, true, report_setuid16, \
				variant)

DEFINE_SETUID_SENSORS(setuid, VARIANT_SETUID)
DEFINE_SETUID_SENSORS(setgid, VARIANT_SETGID)
DEFINE_SETUID_SENSORS(setreuid, VARIANT_SETREUID)
DEFINE_SETUID_SENSORS(setregid, VARIANT_SETREGID)
DEFINE_SETUID_SENSORS(setresuid, VARIANT_SETRESUID)
DEFINE_SETUID_SENSORS(setresgid, VARIANT_SETRESGID)
DEFINE_SETUID_SENSORS(setfsuid, VARIANT_SETFSUID)
DEFINE_SETUID_SENSORS(setfsgid, VARIANT_SETFSGID)

/* known: inheritable, permitted and effective capabilities as they are afterwards. */
static __always_inline int report_capset(const struct syscall_args *args, long ret, bool compat,
					 __u8 sensor)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct call_record *record;

	if (ret >= 0 && tells_credentials(sensor))
		report_credentials(CREDENTIALS_BY_CAPSET);
	record = call_begin(&capset_scratch, EVENT_CAPSET, 0, sensor, args, ret);
	if (!record)
		return 0;
	credentials_fill_caps(BPF_CORE_READ(task, cred), &record->known[0], &record->known[1],
			      &record->known[2]);
	record_submit(record, capset, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_SENSORS(capset, report_capset)
