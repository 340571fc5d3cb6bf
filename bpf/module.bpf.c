// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Code for the kernel itself: init_module(image, length, params), finit_module(fd, params, flags),
 * delete_module(name, flags), kexec_load(…), kexec_file_load(kernel_fd, initrd_fd, …).
 *
 * text[0]: the file the descriptor stands for, or delete_module's name; text[1]: the module's
 * parameters, from the caller's memory. file: that file.
 */
#include "path.bpf.h"
#include "syscall_sensor.bpf.h"

enum {
	VARIANT_INIT_MODULE,
	VARIANT_FINIT_MODULE,
	VARIANT_DELETE_MODULE,
	VARIANT_KEXEC_LOAD,
	VARIANT_KEXEC_FILE_LOAD,
};

#define PARAMETERS_MAX 1024
#define MODULE_NAME_MAX 64

DEFINE_SCRATCH(module, sizeof(struct call_record) + PATH_LEN_MAX + PARAMETERS_MAX);
#define MODULE_CAPACITY sizeof_scratch(module)

static __always_inline void append_file(struct call_record *record, __u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file = task_file(task, fd);

	if (!file)
		return;
	file_ref_fill_file(&record->file, file);
	record_append_file_path(record, MODULE_CAPACITY, &record->text[0], task, file,
				EVENT_MODULE);
}

static __always_inline int report(const struct syscall_args *args, long ret, bool compat,
				  __u8 sensor, __u8 variant)
{
	struct call_record *record =
		call_begin(&module_scratch, EVENT_MODULE, variant, sensor, args, ret);

	if (!record)
		return 0;
	if (variant == VARIANT_FINIT_MODULE || variant == VARIANT_KEXEC_FILE_LOAD)
		append_file(record, args->arg[0]);
	if (variant == VARIANT_DELETE_MODULE)
		record_append_user_str(record, MODULE_CAPACITY, &record->text[0],
				       (void *)args->arg[0], MODULE_NAME_MAX);
	if (variant == VARIANT_INIT_MODULE)
		record_append_user_str(record, MODULE_CAPACITY, &record->text[1],
				       (void *)args->arg[2], PARAMETERS_MAX);
	if (variant == VARIANT_FINIT_MODULE)
		record_append_user_str(record, MODULE_CAPACITY, &record->text[1],
				       (void *)args->arg[1], PARAMETERS_MAX);
	record_submit(record, module, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_SENSORS(init_module, report, VARIANT_INIT_MODULE)
DEFINE_SYSCALL_SENSORS(finit_module, report, VARIANT_FINIT_MODULE)
DEFINE_SYSCALL_SENSORS(delete_module, report, VARIANT_DELETE_MODULE)
DEFINE_SYSCALL_EXIT(kexec_load, report, VARIANT_KEXEC_LOAD)
DEFINE_ENTRY_POINT_EXIT(__x64_sys_kexec_load, on_kexec_load_x64, false, report, VARIANT_KEXEC_LOAD)
DEFINE_ENTRY_POINT_EXIT(__ia32_compat_sys_kexec_load, on_kexec_load_ia32, true, report,
			VARIANT_KEXEC_LOAD)
DEFINE_SYSCALL_SENSORS(kexec_file_load, report, VARIANT_KEXEC_FILE_LOAD)
