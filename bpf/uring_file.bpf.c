// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files opened and names changed through an io_uring: openat, openat2, renameat, unlinkat, mkdirat,
 * symlinkat, linkat. One record as the ring takes the request, by its owner or by the ring's own
 * thread, which is one of the owner's; its result, and the file it leads to, are not known then.
 *
 * The kernel has copied the names by then: what another thread does to them later changes nothing.
 * Both kinds of sensor, as such requests pass by the functions behind the system calls.
 */
#include "file_calls.bpf.h"
#include "path.bpf.h"
#include "record.bpf.h"

enum {
	IORING_OPENAT = 18,
	IORING_OPENAT2 = 28,
	IORING_RENAMEAT = 35,
	IORING_UNLINKAT = 36,
	IORING_MKDIRAT = 37,
	IORING_SYMLINKAT = 38,
	IORING_LINKAT = 39,
};

DEFINE_SCRATCH(uring_file, sizeof(struct path_record) + 4 * PATH_LEN_MAX + 64);
#define URING_CAPACITY sizeof_scratch(uring_file)
#define WALK_BUFFER EVENT_UTIME /* no other program walks in that one */

#if defined(__TARGET_ARCH_arm64)
#define O_LARGEFILE 0400000
#else
#define O_LARGEFILE 0100000
#endif
#define O_CREAT 0100
#define O_TMPFILE_BIT 020000000

/* The fields alone, as io_uring/openclose.c and io_uring/fs.c have them: not all kernels that have
 * the requests have the same around them. */
struct io_open___now {
	int dfd;
	struct filename *filename;
	struct open_how how;
} __attribute__((preserve_access_index));

struct io_rename___now {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath, *newpath;
} __attribute__((preserve_access_index));

struct io_unlink___now {
	int dfd, flags;
	struct filename *filename;
} __attribute__((preserve_access_index));

struct io_mkdir___now {
	int dfd;
	umode_t mode;
	struct filename *filename;
} __attribute__((preserve_access_index));

struct io_link___now {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath, *newpath;
} __attribute__((preserve_access_index));

/* In 7.0 the name became a struct around the same pointer. */
struct delayed_filename___later {
	struct filename *name;
};
struct io_open___later {
	struct delayed_filename___later filename;
} __attribute__((preserve_access_index));
struct io_rename___later {
	struct delayed_filename___later oldpath, newpath;
} __attribute__((preserve_access_index));
struct io_unlink___later {
	struct delayed_filename___later filename;
} __attribute__((preserve_access_index));
struct io_mkdir___later {
	struct delayed_filename___later filename;
} __attribute__((preserve_access_index));
struct io_link___later {
	struct delayed_filename___later oldpath, newpath;
} __attribute__((preserve_access_index));

/* The name a request holds in that member. */
#define request_name(request, type, member)                                                \
	({                                                                                 \
		struct filename *held = NULL;                                              \
		__u64 at = bpf_core_field_exists(struct type##___now, member)              \
				   ? bpf_core_field_offset(struct type##___now, member)    \
				   : bpf_core_field_offset(struct type##___later, member); \
		bpf_probe_read_kernel(&held, sizeof(held), (const void *)(request) + at);  \
		held;                                                                      \
	})

/* What a request on names asks for. */
struct name_request {
	__u8 variant;
	__s32 dirfd;
	__s32 new_dirfd;
	__u32 flags;
	__u32 mode;
	struct filename *name;
	struct filename *new_name; /* NULL: it has but one */
};

static __always_inline void append_name(void *record, struct str_ref *ref, struct filename *name)
{
	record_append_kernel_str(record, URING_CAPACITY, ref, BPF_CORE_READ(name, name),
				 PATH_LEN_MAX);
}

static __always_inline int report_names(__u32 event, const struct name_request *request)
{
	struct path_record *record = record_begin(&uring_file_scratch, event, request->variant,
						  SENSOR_TRACEPOINT, sizeof(*record));

	if (!record)
		return 0;
	record->hdr.flags |= RECORD_RESULT_UNKNOWN | RECORD_IO_URING;
	record->dirfd = request->dirfd;
	record->new_dirfd = request->new_dirfd;
	record->flags = request->flags;
	record->mode = request->mode;
	record_append_nothing(record, &record->path);
	record_append_nothing(record, &record->dir);
	record_append_nothing(record, &record->new_path);
	record_append_nothing(record, &record->new_name);
	record_append_nothing(record, &record->new_dir);
	append_name(record, &record->name, request->name);
	if (event != EVENT_LINK || request->variant != LINK_SYMLINKAT)
		record_append_start(record, URING_CAPACITY, &record->name, &record->dir,
				    record->dirfd, WALK_BUFFER);
	if (request->new_name) {
		append_name(record, &record->new_name, request->new_name);
		record_append_start(record, URING_CAPACITY, &record->new_name, &record->new_dir,
				    record->new_dirfd, WALK_BUFFER);
	}
	record_submit(record, uring_file, LANE_BULK);
	return 0;
}

static __always_inline int take_open(const void *request, __u8 variant)
{
	const struct io_open___now *open = request;
	struct open_record *record = record_begin(&uring_file_scratch, EVENT_OPEN, variant,
						  SENSOR_TRACEPOINT, sizeof(*record));

	if (!record)
		return 0;
	record->hdr.flags |= RECORD_RESULT_UNKNOWN | RECORD_IO_URING;
	record->dirfd = BPF_CORE_READ(open, dfd);
	record->flags = BPF_CORE_READ(open, how.flags) & ~(__u64)O_LARGEFILE;
	record->resolve = BPF_CORE_READ(open, how.resolve);
	if (record->flags & (O_CREAT | O_TMPFILE_BIT))
		record->mode = BPF_CORE_READ(open, how.mode);
	record_append_nothing(record, &record->path);
	record_append_nothing(record, &record->dir);
	append_name(record, &record->name, request_name(request, io_open, filename));
	record_append_start(record, URING_CAPACITY, &record->name, &record->dir, record->dirfd,
			    WALK_BUFFER);
	record_submit(record, uring_file, LANE_BULK);
	return 0;
}

static __always_inline int take_rename(const void *request)
{
	const struct io_rename___now *rename = request;
	struct name_request names = {
		.variant = RENAME_RENAMEAT2,
		.dirfd = BPF_CORE_READ(rename, old_dfd),
		.new_dirfd = BPF_CORE_READ(rename, new_dfd),
		.flags = BPF_CORE_READ(rename, flags),
		.name = request_name(request, io_rename, oldpath),
		.new_name = request_name(request, io_rename, newpath),
	};

	return report_names(EVENT_RENAME, &names);
}

static __always_inline int take_unlink(const void *request)
{
	const struct io_unlink___now *unlink = request;
	struct name_request names = {
		.variant = UNLINK_UNLINKAT,
		.dirfd = BPF_CORE_READ(unlink, dfd),
		.new_dirfd = AT_FDCWD,
		.flags = BPF_CORE_READ(unlink, flags),
		.name = request_name(request, io_unlink, filename),
	};

	return report_names(EVENT_UNLINK, &names);
}

static __always_inline int take_mkdir(const void *request)
{
	const struct io_mkdir___now *mkdir = request;
	struct name_request names = {
		.variant = MKDIR_MKDIRAT,
		.dirfd = BPF_CORE_READ(mkdir, dfd),
		.new_dirfd = AT_FDCWD,
		.mode = BPF_CORE_READ(mkdir, mode),
		.name = request_name(request, io_mkdir, filename),
	};

	return report_names(EVENT_MKDIR, &names);
}

static __always_inline int take_link(const void *request, bool is_symlink)
{
	const struct io_link___now *link = request;
	struct name_request names = {
		.variant = is_symlink ? LINK_SYMLINKAT : LINK_LINKAT,
		.dirfd = is_symlink ? AT_FDCWD : BPF_CORE_READ(link, old_dfd),
		.new_dirfd = BPF_CORE_READ(link, new_dfd),
		.flags = is_symlink ? 0 : BPF_CORE_READ(link, flags),
		.name = request_name(request, io_link, oldpath),
		.new_name = request_name(request, io_link, newpath),
	};

	return report_names(EVENT_LINK, &names);
}

/* The programs on one of the events: each on the tracepoint under both of its names. */
#define DEFINE_URING_SENSORS(name, body)                                                      \
	static __always_inline int name##_request(const struct io_kiocb *req)                 \
	{                                                                                     \
		__u8 opcode = BPF_CORE_READ(req, opcode);                                     \
                                                                                              \
		body;                                                                         \
		return 0;                                                                     \
	}                                                                                     \
	SEC("tp_btf/io_uring_submit_req")                                                     \
	int BPF_PROG(on_uring_##name, struct io_kiocb *req)                                   \
	{                                                                                     \
		return name##_request(req);                                                   \
	}                                                                                     \
	SEC("tp_btf/io_uring_submit_sqe")                                                     \
	int BPF_PROG(on_uring_sqe_##name, struct io_kiocb *req)                               \
	{                                                                                     \
		/* In 5.x its first argument is another. */                                   \
		return bpf_core_field_exists(struct io_kiocb, cmd) ? name##_request(req) : 0; \
	}

/*
 * TP_PROTO(struct io_kiocb *req), from 6.4 on; before, back to 6.0,
 * TP_PROTO(struct io_kiocb *req, bool force_nonblock)
 */
DEFINE_URING_SENSORS(open, if (opcode == IORING_OPENAT) return take_open(req, OPEN_OPENAT);
		     if (opcode == IORING_OPENAT2) return take_open(req, OPEN_OPENAT2);)
DEFINE_URING_SENSORS(rename, if (opcode == IORING_RENAMEAT) return take_rename(req);)
DEFINE_URING_SENSORS(unlink, if (opcode == IORING_UNLINKAT) return take_unlink(req);)
DEFINE_URING_SENSORS(mkdir, if (opcode == IORING_MKDIRAT) return take_mkdir(req);)
DEFINE_URING_SENSORS(link, if (opcode == IORING_LINKAT) return take_link(req, false);
		     if (opcode == IORING_SYMLINKAT) return take_link(req, true);)
