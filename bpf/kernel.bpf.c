// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Calls that reach into the kernel: bpf(cmd, attr, size), perf_event_open(attr, pid, …),
 * userfaultfd(flags), io_uring_setup(entries, params), seccomp(op, flags, …).
 *
 * known: of bpf, the type and the id of the program or map that was made or opened, the id of a
 * link that was opened; of perf_event_open, the attr's type and config; of io_uring_setup, the
 * flags asked for. text[0]: the program's or map's name. From the object behind the descriptor;
 * where there is none, from the caller's memory. target: perf_event_open's process; the monitor,
 * where what was opened is its own.
 */
#include "path.bpf.h"
#include "bpf_object.h"
#include "syscall_sensor.bpf.h"
#include "target.bpf.h"

enum {
	VARIANT_BPF,
	VARIANT_PERF_EVENT_OPEN,
	VARIANT_USERFAULTFD,
	VARIANT_IO_URING_SETUP,
	VARIANT_SECCOMP,
};

#define BPF_NAME_MAX 16
DEFINE_SCRATCH(bpf, sizeof(struct call_record) + BPF_NAME_MAX);

/* The monitor's own. Written by user space once all are there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct bpf_object_id);
	__type(value, __u32);
} own_objects SEC(".maps");

static __always_inline struct call_record *begin(const struct syscall_args *args, long ret,
						 __u8 sensor, __u8 variant)
{
	return call_begin(&bpf_scratch, EVENT_BPF, variant, sensor, args, ret);
}

/* Reading and writing elements, as those who use maps do all day, is left out. */
static __always_inline bool is_element_command(__u32 cmd)
{
	return (cmd >= BPF_MAP_LOOKUP_ELEM && cmd <= BPF_MAP_GET_NEXT_KEY) ||
	       cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM ||
	       (cmd >= BPF_MAP_LOOKUP_BATCH && cmd <= BPF_MAP_DELETE_BATCH);
}

static __always_inline void fill_program(struct call_record *record, struct bpf_prog *program)
{
	struct bpf_prog_aux *aux = BPF_CORE_READ(program, aux);

	record->known[0] = BPF_CORE_READ(program, type);
	record->known[1] = BPF_CORE_READ(aux, id);
	record_append_kernel_str(record, sizeof_scratch(bpf), &record->text[0], &aux->name,
				 BPF_NAME_MAX);
}

static __always_inline void fill_map(struct call_record *record, struct bpf_map *map)
{
	record->known[0] = BPF_CORE_READ(map, map_type);
	record->known[1] = BPF_CORE_READ(map, id);
	record_append_kernel_str(record, sizeof_scratch(bpf), &record->text[0], &map->name,
				 BPF_NAME_MAX);
}

static __always_inline void fill_owner(struct call_record *record)
{
	struct bpf_object_id object = {.kind = record->known[2], .id = record->known[1]};

	if (!self_tgid || !bpf_map_lookup_elem(&own_objects, &object))
		return;
	record->target_tgid = self_tgid;
	record->target_tid = self_tgid;
	record->target_start_ns = self_start_ns;
}

/* What a new descriptor stands for: "bpf-prog", "bpf-map", "bpf_link". known[2]: BPF_OBJECT_*. */
static __always_inline void fill_object(struct call_record *record, struct file *file)
{
	char name[8] = {};

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] != 'b' || name[1] != 'p' || name[2] != 'f')
		return;
	if (name[4] == 'p') {
		record->known[2] = BPF_OBJECT_PROGRAM;
		fill_program(record, BPF_CORE_READ(file, private_data));
	} else if (name[4] == 'm') {
		record->known[2] = BPF_OBJECT_MAP;
		fill_map(record, BPF_CORE_READ(file, private_data));
	} else if (name[4] == 'l') {
		struct bpf_link *link = BPF_CORE_READ(file, private_data);

		record->known[2] = BPF_OBJECT_LINK;
		record->known[1] = BPF_CORE_READ(link, id);
	}
	fill_owner(record);
}

/* The first word of attr is the type of what is to be made. */
static __always_inline void fill_asked_for(struct call_record *record,
					   const struct syscall_args *args)
{
	__u32 type = 0;

	record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	if (bpf_probe_read_user(&type, sizeof(type), (void *)args->arg[1]) < 0)
		return;
	record->known[0] = type;
	record->known[2] =
		(__u32)args->arg[0] == BPF_PROG_LOAD ? BPF_OBJECT_PROGRAM : BPF_OBJECT_MAP;
}

static __always_inline int report_bpf(const struct syscall_args *args, long ret, bool compat,
				      __u8 sensor)
{
	__u32 cmd = args->arg[0];
	bool makes = cmd == BPF_PROG_LOAD || cmd == BPF_MAP_CREATE;
	bool opens = cmd == BPF_OBJ_GET || cmd == BPF_PROG_GET_FD_BY_ID ||
		     cmd == BPF_MAP_GET_FD_BY_ID || cmd == BPF_LINK_GET_FD_BY_ID;
	struct call_record *record;
	struct file *file = NULL;

	if (is_element_command(cmd))
		return 0;
	record = begin(args, ret, sensor, VARIANT_BPF);
	if (!record)
		return 0;
	if (ret >= 0 && (makes || opens))
		file = task_file((void *)bpf_get_current_task(), ret);
	if (file)
		fill_object(record, file);
	else if (makes)
		fill_asked_for(record, args);
	record_submit(record, bpf, LANE_VITAL);
	return 0;
}

/* struct perf_event_attr: type, size, config. */
static __always_inline int report_perf(const struct syscall_args *args, long ret, bool compat,
				       __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_PERF_EVENT_OPEN);
	struct {
		__u32 type, size;
		__u64 config;
	} attr = {};

	if (!record)
		return 0;
	record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	bpf_probe_read_user(&attr, sizeof(attr), (void *)args->arg[0]);
	record->known[0] = attr.type;
	record->known[1] = attr.config;
	target_fill(record, task_by_vpid(args->arg[1]));
	record_submit(record, bpf, LANE_VITAL);
	return 0;
}

/* struct io_uring_params: sq_entries, cq_entries, flags. */
static __always_inline int report_io_uring(const struct syscall_args *args, long ret, bool compat,
					   __u8 sensor)
{
	struct call_record *record = begin(args, ret, sensor, VARIANT_IO_URING_SETUP);
	__u32 params[3] = {};

	if (!record)
		return 0;
	record->hdr.flags |= RECORD_FROM_USER_MEMORY;
	bpf_probe_read_user(params, sizeof(params), (void *)args->arg[1]);
	record->known[0] = params[2];
	record_submit(record, bpf, LANE_VITAL);
	return 0;
}

static __always_inline int report_plain(const struct syscall_args *args, long ret, bool compat,
					__u8 sensor, __u8 variant)
{
	struct call_record *record = begin(args, ret, sensor, variant);

	if (record)
		record_submit(record, bpf, LANE_VITAL);
	return 0;
}

DEFINE_SYSCALL_SENSORS(bpf, report_bpf)
DEFINE_SYSCALL_SENSORS(perf_event_open, report_perf)
DEFINE_SYSCALL_SENSORS(io_uring_setup, report_io_uring)
DEFINE_SYSCALL_SENSORS(userfaultfd, report_plain, VARIANT_USERFAULTFD)
DEFINE_SYSCALL_SENSORS(seccomp, report_plain, VARIANT_SECCOMP)
