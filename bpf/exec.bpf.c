// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A new program in a process: sched_process_exec, and the same record for each process that was
 * there already, from the task iterator.
 *
 * TP_PROTO(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm), from
 *   do_execveat_common → bprm_execve → exec_binprm, after load_elf_binary has succeeded:
 * comm, mm and arguments are the new program's, and close-on-exec descriptors are gone, so fds 0–2
 * are what the program will see. Both kinds of sensor use this hook: nothing else comes as late.
 */
#include "credentials.bpf.h"
#include "path.bpf.h"
#include "record.bpf.h"
#include "socket.bpf.h"

/* A path of a standard stream, at most this long: three of them, with a path of the executable and
 * of the directory and all arguments, must fit into RECORD_MAX. */
#define STDIO_NAME_MAX 2048
#define PAGE_BYTES 4096
#define AREA_LEN_MAX 8192
_Static_assert(ARGS_LEN_MAX == AREA_LEN_MAX && ENV_LEN_MAX == AREA_LEN_MAX, "");

DEFINE_SCRATCH(exec, RECORD_MAX);
DEFINE_SCRATCH(snapshot, RECORD_MAX); /* not exec's: that may preempt the iterator */
_Static_assert(sizeof_scratch(exec) == sizeof_scratch(snapshot), "");

/* The process that read the iterator last. Read by user space. */
__u32 snapshot_reader_tgid;

enum { VARIANT_EXECVE, VARIANT_EXECVEAT };

/*
 * fdpath is the name made up for an execveat that starts from a descriptor; one that starts from
 * the working directory is an execve in all but name. The number of the call is no help: x86 sets
 * it to execve's in set_personality_64bit.
 */
static __always_inline __u8 exec_variant(struct linux_binprm *bprm)
{
	return BPF_CORE_READ(bprm, fdpath) ? VARIANT_EXECVEAT : VARIANT_EXECVE;
}

/*
 * argv or the environment, page by page: what cannot be read (swapped out, as no fault can be taken
 * here) ends it, and what came before is kept. Three pieces reach AREA_LEN_MAX wherever in a page
 * it starts.
 */
static __always_inline void append_area(struct exec_record *record, struct str_ref *ref,
					__u64 start, __u64 end)
{
	__u64 total = end - start;
	__u64 want = total > AREA_LEN_MAX ? AREA_LEN_MAX : total;
	__u64 base =
		record_room(&record->hdr, sizeof_scratch(exec), ref, AREA_LEN_MAX + PAGE_BYTES);
	__u64 done = 0;

	if (!base)
		return;
	for (int i = 0; i < 3; i++) {
		__u64 from = start + done;
		__u64 piece = PAGE_BYTES - (from & (PAGE_BYTES - 1));

		if (done >= want || done >= AREA_LEN_MAX)
			break;
		if (piece > want - done)
			piece = want - done;
		barrier_var(piece);
		if (piece > PAGE_BYTES)
			break;
		if (bpf_probe_read_user((void *)record + base + done, piece, (void *)from) < 0)
			break;
		done += piece;
	}
	ref->len = done;
	ref->total = total > STR_TOTAL_UNKNOWN - 1 ? STR_TOTAL_UNKNOWN - 1 : total;
	record->hdr.size = base + done;
}

/* The stream's own name if it is bound, else its peer's. */
static __always_inline void append_unix_names(struct exec_record *record, struct str_ref *name,
					      struct sock *sk)
{
	struct unix_sock *unix_sk = (void *)sk;
	struct sock *peer = BPF_CORE_READ(unix_sk, peer);

	if (record_append_unix_name(record, sizeof_scratch(exec), name, sk) || !peer)
		return;
	record_append_unix_name(record, sizeof_scratch(exec), name, peer);
}

static __always_inline void append_stdio_path(struct exec_record *record, struct str_ref *name,
					      struct task_struct *task, struct file *file,
					      __u32 buffer)
{
	record_append_file_path(record, sizeof_scratch(exec), name, task, file, buffer);
	if (name->len <= STDIO_NAME_MAX)
		return;
	name->off += name->len - STDIO_NAME_MAX; /* the end of a path says more than its start */
	name->len = STDIO_NAME_MAX;
	name->total = STR_TOTAL_UNKNOWN;
}

static __always_inline void append_stdio(struct exec_record *record, struct stdio_ref *stdio,
					 struct str_ref *name, struct task_struct *task,
					 struct file *file, __u32 buffer)
{
	record_append_nothing(record, name);
	if (!file)
		return;
	file_ref_fill_file(&stdio->file, file);

	__u32 format = stdio->file.mode & S_IFMT;

	if (format == S_IFSOCK) {
		struct sock *sk = BPF_CORE_READ(file_socket(file), sk);

		stdio->kind = STDIO_SOCKET;
		endpoints_fill(&stdio->ends, sk);
		if (stdio->ends.family == AF_UNIX)
			append_unix_names(record, name, sk);
		return;
	}
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) == ANON_INODE_FS_MAGIC) {
		stdio->kind = STDIO_OTHER;
		return;
	}
	stdio->kind = format == S_IFIFO ? STDIO_PIPE : STDIO_FILE;
	if (format != S_IFIFO || stdio->file.mnt_ns) /* a named pipe has a path */
		append_stdio_path(record, name, task, file, buffer);
}

/* Most often two or three of them are one open file: looked at once, its name shared. */
static __always_inline void append_all_stdio(struct exec_record *record, struct task_struct *task,
					     __u32 buffer)
{
	struct file *in = task_file(task, 0);
	struct file *out = task_file(task, 1);
	struct file *err = task_file(task, 2);

	append_stdio(record, &record->stdio[0], &record->stdio_names[0], task, in, buffer);
	if (out == in) {
		record->stdio[1] = record->stdio[0];
		record->stdio_names[1] = record->stdio_names[0];
	} else {
		append_stdio(record, &record->stdio[1], &record->stdio_names[1], task, out, buffer);
	}
	if (err == out) {
		record->stdio[2] = record->stdio[1];
		record->stdio_names[2] = record->stdio_names[1];
	} else {
		append_stdio(record, &record->stdio[2], &record->stdio_names[2], task, err, buffer);
	}
}

/* `buffer`: key of path_buffers. */
static __always_inline void fill_process(struct exec_record *record, struct task_struct *task,
					 __u32 buffer)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);

	credentials_fill_caps(BPF_CORE_READ(task, cred), &record->cap_inheritable,
			      &record->cap_permitted, &record->cap_effective);
	record->ppid = BPF_CORE_READ(parent, tgid);
	record->parent_start_ns = task_start_ns(parent);
	record->vpid = task_vpid(task);
	record->sid = task_pid_of_type(task, PIDTYPE_SID);
	record->pgid = task_pid_of_type(task, PIDTYPE_PGID);
	record->tty = task_tty(task);
	record_append_nothing(record, &record->exe);
	if (exe) {
		struct inode *inode = BPF_CORE_READ(exe, f_inode);

		file_ref_fill_file(&record->exe_file, exe);
		record->exe_ctime_ns = inode_ctime_ns(inode);
		record->exe_mtime_ns = inode_mtime_ns(inode);
		record_append_file_path(record, sizeof_scratch(exec), &record->exe, task, exe,
					buffer);
	}
	record_append_path(record, sizeof_scratch(exec), &record->cwd, task,
			   BPF_CORE_READ(fs, pwd.dentry), BPF_CORE_READ(fs, pwd.mnt), buffer);
	append_all_stdio(record, task, buffer);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct exec_record *record = record_begin(&exec_scratch, EVENT_EXEC, exec_variant(bprm),
						  SENSOR_TRACEPOINT, sizeof(*record));

	if (!record)
		return 0;
	append_area(record, &record->args, BPF_CORE_READ(task, mm, arg_start),
		    BPF_CORE_READ(task, mm, arg_end));
	fill_process(record, task, EVENT_EXEC);
	/* Last: what leaves no room for it, paths of thousands of bytes, is worth more. */
	append_area(record, &record->env, BPF_CORE_READ(task, mm, env_start),
		    BPF_CORE_READ(task, mm, env_end));
	record_submit(record, exec, LANE_VITAL);
	return 0;
}

/*
 * One exec_record per process, written to the iterator's file. Threads only get their origin. The
 * reader is the daemon: the first call tells which process that is, in the numbers used here.
 */
SEC("iter/task")
int on_snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (ctx->meta->seq_num == 0) {
		struct task_struct *reader = (void *)bpf_get_current_task();

		snapshot_reader_tgid = bpf_get_current_pid_tgid() >> 32;
		self_start_ns = task_start_ns(BPF_CORE_READ(reader, group_leader));
	}
	if (!task)
		return 0;
	if (task->pid != task->tgid) {
		origin_of(task, task_cgroup_id(task));
		return 0;
	}

	struct exec_record *record = record_begin_for(&snapshot_scratch, task, EVENT_EXEC, 0,
						      SENSOR_SNAPSHOT, sizeof(*record));

	if (!record)
		return 0;
	record->args.off = record->hdr.size;
	record->args.total = STR_TOTAL_UNKNOWN;
	record->env = record->args;
	fill_process(record, task, PATH_BUFFER_SNAPSHOT);

	__u64 size = record->hdr.size;

	if (size > sizeof_scratch(snapshot))
		size = sizeof_scratch(snapshot);
	bpf_seq_write(ctx->meta->seq, record, size);
	record_discard(record);
	return 0;
}
