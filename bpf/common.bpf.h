/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every sensor includes first: kernel types, libbpf's macros, the ABI, load-time
 * configuration, and the constants that BTF does not carry.
 */
#ifndef NEZUBAN_COMMON_BPF_H
#define NEZUBAN_COMMON_BPF_H

/* The kernel has an enumerator of that name. */
#define EVENT_CGROUP KERNEL_EVENT_CGROUP
#include "vmlinux.h"
#undef EVENT_CGROUP
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "events.h"

/*
 * Set before load, so that the verifier prunes what does not apply. __u32 also here: user space
 * compiles the skeleton.
 *
 * has_task_helpers: 5.15+. bpf_get_current_task_btf, bpf_task_pt_regs, and task storage from
 * tracing programs are all there.
 */
const volatile __u32 has_task_helpers __weak = 0;

/* Records of the bulk lane one cgroup may make: a second, and at once. A rate of 0: any number. */
const volatile __u32 flood_rate __weak = 0;
const volatile __u32 flood_burst __weak = 0;

/*
 * By EVENT_*: which kind of sensor makes its records (SENSOR_*); 0: none does. Programs that run
 * for more than one event ask sensor_makes before they begin a record: each of these may have got
 * the other kind.
 */
const volatile __u32 event_sensors[NR_EVENTS] __weak = {};

/* `type` is a constant at each call. */
static __always_inline bool sensor_makes(__u32 type, __u8 sensor)
{
	return event_sensors[type] == sensor;
}

/*
 * The daemon's own process, whose acts give no record. Not a constant: seen from inside a pid
 * namespace its number here is only known once on_snapshot has run. 0: leave nobody out.
 */
__u32 self_tgid __weak = 0;
__u64 self_start_ns __weak = 0; /* as task_start_ns says it; known once on_snapshot has run */

/* READER_*. */
__u32 reader_state __weak = 0;

#define EAGAIN 11
#define EEXIST 17

#define AT_FDCWD (-100)

#define CLONE_NEWUSER 0x10000000

#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFIFO 0010000

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define ANON_INODE_FS_MAGIC 0x09041934

#endif
