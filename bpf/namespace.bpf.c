// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A thread changes its namespaces: setns(fd, types) and unshare(flags). clone is the fork record's.
 *
 * The record's header is of the thread as it is afterwards, its namespaces included.
 */
#include "credentials.bpf.h"
#include "namespace.bpf.h"
#include "path.bpf.h"
#include "syscall_sensor.bpf.h"
#include "target.bpf.h"

enum { VARIANT_SETNS, VARIANT_UNSHARE };

DEFINE_SCRATCH(namespace, sizeof(struct call_record));

/*
 * known[0]: of setns, the kind of namespace the descriptor stands for (CLONE_NEW…), or for a pidfd
 * those asked for; known[1]: inode number of the namespace. target: the pidfd's process. What the
 * descriptor stands for is read from the table at the exit, by its number.
 */
static __always_inline void fill_joined(struct call_record *record)
{
	struct file *file = task_file((void *)bpf_get_current_task(), record->arg[0]);

	if (!file)
		return;

	struct ns_common *ns = file_namespace(file);
	struct pid *pid = ns ? NULL : file_pid(file);

	if (ns) {
		record->known[0] = namespace_type(ns);
		record->known[1] = BPF_CORE_READ(ns, inum);
	} else if (pid) {
		record->known[0] = (__u32)record->arg[1];
		target_fill(record, pid_task_of(pid));
	}
}

/* Of a call that succeeded. By its number, which is no other namespace's, the one joined is the
 * task's user namespace now. */
static __always_inline bool entered_user_namespace(const struct syscall_args *args, __u8 variant)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file;
	struct ns_common *ns;

	if (variant == VARIANT_UNSHARE)
		return args->arg[0] & CLONE_NEWUSER;
	file = task_file(task, args->arg[0]);
	ns = file ? file_namespace(file) : NULL;
	if (ns)
		return BPF_CORE_READ(ns, inum) == BPF_CORE_READ(task, cred, user_ns, ns.inum);
	return args->arg[1] & CLONE_NEWUSER; /* by a pidfd */
}

static __always_inline int report(const struct syscall_args *args, long ret, bool compat,
				  __u8 sensor, __u8 variant)
{
	struct call_record *record;

	/* First, as the call's own record may not be wanted. */
	if (ret == 0 && tells_credentials(sensor) && entered_user_namespace(args, variant))
		report_credentials(CREDENTIALS_BY_NAMESPACE);
	record = call_begin(&namespace_scratch, EVENT_NAMESPACE, variant, sensor, args, ret);
	if (!record)
		return 0;
	if (variant == VARIANT_SETNS)
		fill_joined(record);
	record_submit(record, namespace, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_SENSORS(setns, report, VARIANT_SETNS)
DEFINE_SYSCALL_SENSORS(unshare, report, VARIANT_UNSHARE)
