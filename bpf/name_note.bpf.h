/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a call on names is about to act on: noted inside the call, told at its exit.
 */
#ifndef NEZUBAN_NAME_NOTE_BPF_H
#define NEZUBAN_NAME_NOTE_BPF_H

#include "maps.bpf.h"
#include "path.bpf.h"

/* A name in that directory, or without one the file itself. It is only looked at again once its
 * inode number is found to be the same. */
struct noted_place {
	__u64 dentry; /* 0: none */
	__u64 vfsmount;
	__u64 ino;
	char name[NAME_LEN_MAX + 1]; /* a rename changes the dentry's */
};

/* What a call acts on; of another call than the one that ends it says nothing. */
struct name_note {
	__u32 event;
	__u32 variant;
	__u64 arg[2]; /* the call's first */
	struct noted_place
		old; /* of symlink: `name` is what the link says, a long one in link_texts */
	struct noted_place new;
	struct file_ref file; /* that the old name led to, before the act */
	__u32 times;	      /* TIMES_*; TIMES_UNKNOWN: not noted */
	__u32 has_link_text;
	struct file_time atime;
	struct file_time mtime;
};

/* Key: pid_tgid. From the hook to the exit of the call. Where it is full, what a call acted on is
 * not known, and is told so. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct name_note);
} name_notes SEC(".maps") __weak;

/* The same key: what a symbolic link that is made says, if that is too long for the note. */
struct link_text {
	char bytes[PATH_LEN_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __u64);
	__type(value, struct link_text);
} link_texts SEC(".maps") __weak;

static __always_inline void name_note_forget(const struct name_note *note, __u64 key)
{
	if (note->has_link_text)
		bpf_map_delete_elem(&link_texts, &key);
	bpf_map_delete_elem(&name_notes, &key);
}

/* Where the end of the call does not come. */
static __always_inline void name_note_forget_own(void)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct name_note *note = bpf_map_lookup_elem(&name_notes, &key);

	if (note)
		name_note_forget(note, key);
}

#endif
