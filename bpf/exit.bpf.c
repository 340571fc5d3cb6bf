// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The end of a process: of its last thread.
 *
 * TP_PROTO(struct task_struct *p), from 6.16 with `bool group_dead`, from do_exit, after the
 * thread was taken off signal->live and its exit code set.
 */
#include "name_note.bpf.h"
#include "record.bpf.h"

#define SIGNAL_GROUP_EXIT 0x00000004

DEFINE_SCRATCH(exit, sizeof(struct exit_record));

/*
 * Processes whose end was told. Of two threads that end at the same time both can find that nobody
 * is live, since each is taken off well before its tracepoint; the first one here tells. An LRU:
 * the two are microseconds apart, and no kernel is without it.
 */
struct ended_process {
	__u64 start_ns;
	__u32 tgid;
	__u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ended_process);
	__type(value, __u8);
} ended_processes SEC(".maps");

static __always_inline bool is_last_thread(struct task_struct *task)
{
	struct ended_process key = {
		.start_ns = KNOWN_READ2(task, group_leader, start_boottime),
		.tgid = task->tgid,
	};
	__u8 value = 1;

	if (KNOWN_READ2(task, signal, live.counter) != 0)
		return false;
	return map_update(&ended_processes, &key, &value, BPF_NOEXIST) != -EEXIST;
}

/* As wait(2) gives it: the group's if it was killed or called exit_group, else the leader's. */
static __always_inline __s32 process_exit_code(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	if (is_last_thread(task)) {
		struct exit_record *record = record_begin(&exit_scratch, EVENT_EXIT, 0,
							  SENSOR_TRACEPOINT, sizeof(*record));

		if (record) {
			record->exit_code = process_exit_code(task);
			record_submit(record, exit, LANE_VITAL);
		}
	}
	origin_forget(task);
	name_note_forget_own();
	return 0;
}
