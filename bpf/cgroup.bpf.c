// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Cgroups that come, go, and take tasks in; and which of them are containers. Known before the
 * first exec inside: the runtime makes the cgroup, moves a process of its own into it, and only
 * then executes the workload.
 *
 * TP_PROTO(struct cgroup *cgrp, const char *path) for mkdir and rmdir
 * TP_PROTO(struct cgroup *dst, const char *path, struct task_struct *task, bool threadgroup)
 *
 * v1 hierarchies raise the same tracepoints with ids that collide: only the default one counts.
 */
#include "record.bpf.h"
#include "runtime.bpf.h"

#define CGROUP_PATH_MAX 1024 /* the kernel's own limit for the `path` of these tracepoints */

DEFINE_SCRATCH(cgroup, sizeof(struct cgroup_record) + CGROUP_PATH_MAX);

enum { VARIANT_MKDIR, VARIANT_ATTACH_TASK, VARIANT_RMDIR };

#define LEAF_MAX 96 /* the longest form is "cri-containerd-" + 64 + ".scope" */
#define HEX_ID_LEN 64

static __always_inline bool is_default_hierarchy(struct cgroup *cgrp)
{
	return BPF_CORE_READ(cgrp, root, hierarchy_id) == 0;
}

static __always_inline struct cgroup *cgroup_parent(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css = BPF_CORE_READ(cgrp, self.parent);

	return css ? (void *)css - bpf_core_field_offset(struct cgroup, self) : NULL;
}

static __always_inline bool is_hex_id(const char *text)
{
	for (int i = 0; i < HEX_ID_LEN; i++) {
		char c = text[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

/* `prefix`, 64 hexadecimal digits, and ".scope" (systemd) or nothing (cgroupfs). */
static __always_inline bool has_form(const char *leaf, long len, const char *prefix,
				     const __u32 prefix_len)
{
	const char *id = leaf + prefix_len;
	const long bare_len = prefix_len + HEX_ID_LEN;

	if (!same(leaf, prefix, prefix_len) || !is_hex_id(id))
		return false;
	return len == bare_len || (len == bare_len + 6 && same(id + HEX_ID_LEN, ".scope", 6));
}
#define HAS_FORM(leaf, len, prefix) has_form(leaf, len, prefix, sizeof(prefix) - 1)

/* The forms runtimes use. A monitor's own cgroup, crio-conmon-… or libpod-conmon-…, fits none. */
static __always_inline bool is_container_leaf(const char *name)
{
	char leaf[LEAF_MAX] = {};
	long len = bpf_probe_read_kernel_str(leaf, sizeof(leaf), name) - 1;

	if (len < HEX_ID_LEN || len >= LEAF_MAX - 1)
		return false;
	if (len == HEX_ID_LEN)
		return is_hex_id(leaf);
	return HAS_FORM(leaf, len, "docker-") || HAS_FORM(leaf, len, "cri-containerd-") ||
	       HAS_FORM(leaf, len, "crio-") || HAS_FORM(leaf, len, "libpod-");
}

/* What is known about the cgroup. The barrier keeps clang from moving the reads before the test. */
static __always_inline struct container_cgroup recall(__u64 id)
{
	struct container_cgroup *known = bpf_map_lookup_elem(&container_cgroups, &id);
	struct container_cgroup container = {};

	if (!known)
		return container;
	barrier_var(known);
	container.container_cgroup_id = known->container_cgroup_id;
	container.by = known->by;
	return container;
}

/* The outermost container stays the origin of all below it, whatever a leaf's name. */
static __always_inline struct container_cgroup classify(struct cgroup *cgrp, __u64 id)
{
	__u64 outer = container_of_cgroup(cgroup_id(cgroup_parent(cgrp)));
	struct container_cgroup container = {};

	if (outer) {
		container.container_cgroup_id = outer;
		container.by = CONTAINER_INSIDE;
	} else if (is_container_leaf(BPF_CORE_READ(cgrp, kn, name))) {
		container.container_cgroup_id = id;
		container.by = CONTAINER_BY_NAME;
	}
	return container;
}

static __always_inline void fill(struct cgroup_record *record, struct cgroup *cgrp,
				 const char *path, const struct container_cgroup *container)
{
	record->id = cgroup_id(cgrp);
	record->parent_id = cgroup_id(cgroup_parent(cgrp));
	record->container_cgroup_id = container->container_cgroup_id;
	record->container_by = container->by;
	record_append_kernel_str(record, sizeof_scratch(cgroup), &record->path, path,
				 CGROUP_PATH_MAX);
	if (record->path.len == CGROUP_PATH_MAX - 1)
		record->path.total = STR_TOTAL_UNKNOWN;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgrp, const char *path)
{
	if (!is_default_hierarchy(cgrp))
		return 0;

	__u64 id = cgroup_id(cgrp);
	struct container_cgroup container = classify(cgrp, id);

	if (container.by != CONTAINER_NONE)
		remember(id, &container);

	struct cgroup_record *record = record_begin(&cgroup_scratch, EVENT_CGROUP, VARIANT_MKDIR,
						    SENSOR_TRACEPOINT, sizeof(*record));

	if (!record)
		return 0;
	fill(record, cgrp, path, &container);
	record_submit(record, cgroup, LANE_VITAL);
	return 0;
}

/*
 * What the cgroup a task is moved into is. `runc run NAME` makes /NAME: no name tells, but the
 * runtime does, provided that it acts from the host; the directories above stay unclassified,
 * since nobody is moved into them. Moves into the root are no container's.
 */
static __always_inline struct container_cgroup classify_attached(struct cgroup *dst, __u64 id)
{
	struct container_cgroup container = recall(id);
	struct task_struct *actor = current_task();

	if (container.by != CONTAINER_NONE)
		return container;
	if (!cgroup_parent(dst) || !current_is_runtime() || origin_of(actor, task_cgroup_id(actor)))
		return container;
	container.container_cgroup_id = id;
	container.by = CONTAINER_BY_ATTACH;
	remember(id, &container);
	return container;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach_task, struct cgroup *dst, const char *path, struct task_struct *task)
{
	if (!is_default_hierarchy(dst))
		return 0;

	__u64 id = cgroup_id(dst);
	struct container_cgroup container = classify_attached(dst, id);

	/* Other threads of the group get theirs with their first record. */
	if (container.container_cgroup_id && !origin_load(task))
		origin_store(task, container.container_cgroup_id);

	struct cgroup_record *record =
		record_begin(&cgroup_scratch, EVENT_CGROUP, VARIANT_ATTACH_TASK, SENSOR_TRACEPOINT,
			     sizeof(*record));

	if (!record)
		return 0;
	record->target_tgid = task->tgid;
	record->target_tid = task->pid;
	record->target_start_ns = task_start_ns(task);
	fill(record, dst, path, &container);
	record_submit(record, cgroup, LANE_VITAL);
	return 0;
}

/* Nobody is left inside to need its entry. User space keeps what it knows for a while itself. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgrp, const char *path)
{
	if (!is_default_hierarchy(cgrp))
		return 0;

	__u64 id = cgroup_id(cgrp);
	struct container_cgroup container = recall(id);

	struct cgroup_record *record = record_begin(&cgroup_scratch, EVENT_CGROUP, VARIANT_RMDIR,
						    SENSOR_TRACEPOINT, sizeof(*record));

	if (record) {
		fill(record, cgrp, path, &container);
		record_submit(record, cgroup, LANE_VITAL);
	}
	bpf_map_delete_elem(&container_cgroups, &id);
	return 0;
}
