// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A file in memory that no directory holds: memfd_create(name, flags).
 *
 * text[0]: its name; the kernel's own where the call succeeded, else from the caller's memory.
 * file: the new file.
 */
#include "path.bpf.h"
#include "syscall_sensor.bpf.h"

#define MEMFD_PREFIX 6 /* "memfd:", which the kernel puts before it */
#define MEMFD_COLON 5
#define MEMFD_NAME_MAX 256

DEFINE_SCRATCH(memfd, sizeof(struct call_record) + MEMFD_NAME_MAX);

/* The name the kernel gave it; NULL: another thread has put another file there. */
static __always_inline const char *memfd_name(struct file *file)
{
	const char *name = (const char *)BPF_CORE_READ(file, f_path.dentry, d_name.name);
	char start[MEMFD_PREFIX] = {};

	if (bpf_probe_read_kernel(start, sizeof(start), name) < 0 || start[0] != 'm' ||
	    start[MEMFD_COLON] != ':')
		return NULL;
	return name + MEMFD_PREFIX;
}

static __always_inline int report(const struct syscall_args *args, long ret, bool compat,
				  __u8 sensor)
{
	struct call_record *record = call_begin(&memfd_scratch, EVENT_MEMFD, 0, sensor, args, ret);
	struct file *file;
	const char *name;

	if (!record)
		return 0;
	file = ret >= 0 ? task_file((void *)bpf_get_current_task(), ret) : NULL;
	name = file ? memfd_name(file) : NULL;
	if (name) {
		file_ref_fill_file(&record->file, file);
		record_append_kernel_str(record, sizeof_scratch(memfd), &record->text[0], name,
					 MEMFD_NAME_MAX);
	} else {
		record_append_user_str(record, sizeof_scratch(memfd), &record->text[0],
				       (void *)args->arg[0], MEMFD_NAME_MAX);
	}
	record_submit(record, memfd, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_SENSORS(memfd_create, report)
