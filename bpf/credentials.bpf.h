/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct cred → credentials.
 */
#ifndef NEZUBAN_CREDENTIALS_BPF_H
#define NEZUBAN_CREDENTIALS_BPF_H

#include "common.bpf.h"

/* A set of capabilities is eight bytes in the same order, whether two words (before f122a08b197d,
 * 6.3) or one. */
#define CREDENTIALS_CAPS(cred, field)                                 \
	({                                                            \
		__u64 caps_ = 0;                                      \
		bpf_core_read(&caps_, sizeof(caps_), &(cred)->field); \
		caps_;                                                \
	})

static __always_inline void credentials_fill_caps(const struct cred *cred, __u64 *inheritable,
						  __u64 *permitted, __u64 *effective)
{
	*inheritable = CREDENTIALS_CAPS(cred, cap_inheritable);
	*permitted = CREDENTIALS_CAPS(cred, cap_permitted);
	*effective = CREDENTIALS_CAPS(cred, cap_effective);
}

static __always_inline void credentials_fill(struct credentials *to, const struct cred *cred)
{
	to->uid = BPF_CORE_READ(cred, uid.val);
	to->euid = BPF_CORE_READ(cred, euid.val);
	to->suid = BPF_CORE_READ(cred, suid.val);
	to->fsuid = BPF_CORE_READ(cred, fsuid.val);
	to->gid = BPF_CORE_READ(cred, gid.val);
	to->egid = BPF_CORE_READ(cred, egid.val);
	to->sgid = BPF_CORE_READ(cred, sgid.val);
	to->fsgid = BPF_CORE_READ(cred, fsgid.val);
	credentials_fill_caps(cred, &to->cap_inheritable, &to->cap_permitted, &to->cap_effective);
}

/*
 * Whether the programs of that kind at the exits of what changes credentials tell of it: where
 * commit_creds is traced that does, else the tracepoint kind, which then runs for this event too,
 * whatever kind the call's own is.
 */
static __always_inline bool tells_credentials(__u8 sensor)
{
	return sensor == SENSOR_TRACEPOINT && sensor_makes(EVENT_CREDENTIALS, sensor);
}

/* The current task's credentials have changed, as far as can be told. Before the call's own record.
 */
int report_credentials(__u32 by);

#endif
