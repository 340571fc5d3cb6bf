// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel's keyrings: keyctl(operation, …), add_key(type, description, …), request_key(type,
 * description, …).
 *
 * text: the key's type and its description, from the caller's memory.
 */
#include "syscall_sensor.bpf.h"

enum { VARIANT_KEYCTL, VARIANT_ADD_KEY, VARIANT_REQUEST_KEY };

#define KEY_TYPE_MAX 32
#define KEY_DESCRIPTION_MAX 1024

DEFINE_SCRATCH(keyctl, sizeof(struct call_record) + KEY_TYPE_MAX + KEY_DESCRIPTION_MAX);

static __always_inline int report(const struct syscall_args *args, long ret, bool compat,
				  __u8 sensor, __u8 variant)
{
	struct call_record *record =
		call_begin(&keyctl_scratch, EVENT_KEYCTL, variant, sensor, args, ret);

	if (!record)
		return 0;
	if (variant != VARIANT_KEYCTL) {
		record_append_user_str(record, sizeof_scratch(keyctl), &record->text[0],
				       (void *)args->arg[0], KEY_TYPE_MAX);
		record_append_user_str(record, sizeof_scratch(keyctl), &record->text[1],
				       (void *)args->arg[1], KEY_DESCRIPTION_MAX);
	}
	record_submit(record, keyctl, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_EXIT(keyctl, report, VARIANT_KEYCTL)
DEFINE_ENTRY_POINT_EXIT(__x64_sys_keyctl, on_keyctl_x64, false, report, VARIANT_KEYCTL)
DEFINE_ENTRY_POINT_EXIT(__ia32_compat_sys_keyctl, on_keyctl_ia32, true, report, VARIANT_KEYCTL)
DEFINE_SYSCALL_SENSORS(add_key, report, VARIANT_ADD_KEY)
DEFINE_SYSCALL_SENSORS(request_key, report, VARIANT_REQUEST_KEY)
