/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ABI between the kernel side and user space: what a record in a ring buffer looks like.
 * Included by both; C11 and C++20. Fixed-width integers and char arrays only, padding explicit,
 * sizes asserted, host byte order unless a comment says otherwise.
 *
 * A record is its fixed struct, followed by the bytes of its strings in any order, where two may
 * share them. The struct
 * starts with a record_header, and all its str_refs come right after the header.
 */
#ifndef NEZUBAN_EVENTS_H
#define NEZUBAN_EVENTS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#ifdef __cplusplus
#define ABI_ASSERT(cond) static_assert(cond, #cond)
#else
#define ABI_ASSERT(cond) _Static_assert(cond, #cond)
#endif

/* id, record, names in rules (blank-separated, header.variant selects one), strings, lane */
#define EVENT_LIST(EVENT)                                                                          \
	EVENT(EVENT_EXEC, exec_record, "execve execveat", 7, LANE_VITAL)                           \
	EVENT(EVENT_FORK, fork_record, "clone fork vfork clone3", 0, LANE_VITAL)                   \
	EVENT(EVENT_EXIT, exit_record, "procexit", 0, LANE_VITAL)                                  \
	EVENT(EVENT_CGROUP, cgroup_record, "cgroup_mkdir cgroup_attach_task cgroup_rmdir", 1,      \
	      LANE_VITAL)                                                                          \
	EVENT(EVENT_MOUNT, mount_record, "mount move_mount fsmount", 3, LANE_VITAL)                \
	EVENT(EVENT_DUP, dup_record, "dup dup2 dup3 fcntl", 0, LANE_VITAL)                         \
	EVENT(EVENT_CONNECT, connect_record, "connect", 1, LANE_BULK)                              \
	EVENT(EVENT_NAMESPACE, call_record, "setns unshare", 2, LANE_VITAL)                        \
	EVENT(EVENT_SOCKET, socket_record, "socket socketpair", 0, LANE_BULK)                      \
	EVENT(EVENT_BIND, bind_record, "bind", 1, LANE_BULK)                                       \
	EVENT(EVENT_LISTEN, bind_record, "listen", 1, LANE_VITAL)                                  \
	EVENT(EVENT_ACCEPT, accept_record, "accept accept4", 1, LANE_BULK)                         \
	EVENT(EVENT_SEND, message_record, "sendto sendmsg sendmmsg", 1, LANE_BULK)                 \
	EVENT(EVENT_RECV, message_record, "recvfrom recvmsg recvmmsg", 1, LANE_BULK)               \
	EVENT(EVENT_RECVFD, recvfd_record, "recvfd", 1, LANE_VITAL)                                \
	EVENT(EVENT_OPEN, open_record, "open openat openat2 creat open_by_handle_at", 3,           \
	      LANE_BULK)                                                                           \
	EVENT(EVENT_ROOT, call_record, "chroot pivot_root umount umount2", 2, LANE_VITAL)          \
	EVENT(EVENT_PTRACE, call_record,                                                           \
	      "ptrace process_vm_readv process_vm_writev pidfd_getfd pidfd_open", 2, LANE_VITAL)   \
	EVENT(EVENT_SIGNAL, call_record,                                                           \
	      "kill tkill tgkill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo", 2,          \
	      LANE_VITAL)                                                                          \
	EVENT(EVENT_BPF, call_record, "bpf perf_event_open userfaultfd io_uring_setup seccomp", 2, \
	      LANE_VITAL)                                                                          \
	EVENT(EVENT_MODULE, call_record,                                                           \
	      "init_module finit_module delete_module kexec_load kexec_file_load", 2, LANE_VITAL)  \
	EVENT(EVENT_KEYCTL, call_record, "keyctl add_key request_key", 2, LANE_VITAL)              \
	EVENT(EVENT_SETUID, call_record,                                                           \
	      "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid", 2,          \
	      LANE_VITAL)                                                                          \
	EVENT(EVENT_CAPSET, call_record, "capset", 2, LANE_VITAL)                                  \
	EVENT(EVENT_CREDENTIALS, credentials_record, "credentials", 0, LANE_VITAL)                 \
	EVENT(EVENT_MOUNT_API, call_record, "fsopen fsconfig fspick open_tree mount_setattr", 2,   \
	      LANE_VITAL)                                                                          \
	EVENT(EVENT_RENAME, path_record, "rename renameat renameat2", 6, LANE_BULK)                \
	EVENT(EVENT_UNLINK, path_record, "unlink unlinkat rmdir", 6, LANE_BULK)                    \
	EVENT(EVENT_MKDIR, path_record, "mkdir mkdirat", 6, LANE_BULK)                             \
	EVENT(EVENT_LINK, path_record, "link linkat symlink symlinkat", 6, LANE_BULK)              \
	EVENT(EVENT_CHMOD, path_record, "chmod fchmod fchmodat fchmodat2", 6, LANE_BULK)           \
	EVENT(EVENT_MKNOD, node_record, "mknod mknodat", 6, LANE_BULK)                             \
	EVENT(EVENT_CHOWN, node_record, "chown lchown fchown fchownat", 6, LANE_BULK)              \
	EVENT(EVENT_UTIME, node_record, "utime utimes utimensat futimesat", 6, LANE_BULK)          \
	EVENT(EVENT_MEMFD, call_record, "memfd_create", 2, LANE_VITAL)                             \
	EVENT(EVENT_MMAP, call_record, "mmap mmap2 mprotect pkey_mprotect", 2, LANE_BULK)

#define EVENT_ID(id, record, names, strings, lane) id,
enum { EVENT_LIST(EVENT_ID) NR_EVENTS };
#undef EVENT_ID

enum { LANE_VITAL, LANE_BULK, NR_LANES };

/*
 * What the reader of the rings is doing; set by it, and set back to READER_AWAKE by the first
 * record that wakes it. Asleep, it is woken by the first record of an event that asks for it. As
 * long as records keep coming it looks by itself every few milliseconds: dozing, only such a record
 * in the vital lane wakes it, napping, none. Where much is waiting it is woken from each.
 */
enum { READER_AWAKE, READER_NAPS, READER_DOZES, READER_SLEEPS };

/*
 * Which kind of sensor wrote the record. SENSOR_SNAPSHOT: the task iterator, one exec_record per
 * process that was there already, without argv.
 */
enum { SENSOR_OBJECT = 1, SENSOR_TRACEPOINT = 2, SENSOR_SNAPSHOT = 3 };

/* Why something was lost in the kernel: id, name shown to users. */
#define DROP_REASON_LIST(REASON)                  \
	REASON(DROP_RING_FULL, "ring full")       \
	REASON(DROP_RECURSION, "recursion")       \
	REASON(DROP_MAP_FULL, "map full")         \
	REASON(DROP_SCRATCH_BUSY, "scratch busy") \
	REASON(DROP_FLOOD, "flood")

#define DROP_REASON_ID(id, name) id,
enum { DROP_REASON_LIST(DROP_REASON_ID) NR_DROP_REASONS };
#undef DROP_REASON_ID

/*
 * Per event and CPU, written by the kernel side only. offered = submitted + filtered + sum of
 * dropped, except that DROP_RECURSION is counted by the kernel itself and is not part of offered.
 */
struct event_counters {
	__u64 submitted;
	__u64 filtered; /* dropped on purpose: no loaded rule could match */
	__u64 dropped[NR_DROP_REASONS];
};

/* header.flags */
#define RECORD_ORIGIN_UNKNOWN (1u << 0)	  /* the task's origin could not be stored or read */
#define RECORD_RESULT_UNKNOWN (1u << 1)	  /* the sensor runs before the act */
#define RECORD_FROM_USER_MEMORY (1u << 2) /* some text was read from the caller's memory */
#define RECORD_IO_URING (1u << 3)	  /* asked for through an io_uring, on files or sockets */
#define RECORD_OWN (1u << 4)		  /* the monitor itself: it forks what tests the sensors */

#define COMM_LEN 16

struct record_header {
	__u32 size;   /* of the whole record, strings included */
	__u16 type;   /* EVENT_* */
	__u8 variant; /* which of the event's names */
	__u8 lane;    /* LANE_* */
	__u8 sensor;  /* SENSOR_* */
	__u8 pad[3];
	__u32 cpu;
	__u64 seq;     /* per CPU and lane; taken before the ring is tried: a loss is a gap */
	__u64 time_ns; /* boot-time clock */
	__u32 tgid;    /* initial pid namespace, as all ids unless named v… */
	__u32 tid;
	__u64 start_ns; /* start of the process (its group leader), boot-time clock */
	__u32 uid;	/* initial user namespace */
	__u32 euid;
	__u32 gid;
	__u32 egid;
	__u32 loginuid; /* audit login uid; (__u32)-1 if unset */
	__u32 flags;	/* RECORD_* */
	__u32 pid_ns;	/* inode number of the namespace */
	__u32 mnt_ns;
	__u64 cgroup_id;	/* in the default (v2) hierarchy */
	__u64 origin_cgroup_id; /* the first container the task was seen in; 0: none */
	char comm[COMM_LEN];
};
ABI_ASSERT(sizeof(struct record_header) == 112);

/*
 * A string in the record's tail: bytes from the start of the record, no NUL. total is its length
 * at the source; total > len means truncated. STR_TOTAL_UNKNOWN: longer than len, or unreadable
 * where len is 0.
 */
#define STR_TOTAL_UNKNOWN 0xffffffffu
struct str_ref {
	__u16 off;
	__u16 len;
	__u32 total;
};
ABI_ASSERT(sizeof(struct str_ref) == 8);

#define PATH_LEN_MAX 4096 /* bytes of one path kept */
#define ARGS_LEN_MAX 8192 /* bytes of argv kept, argv[0] and the separating NULs included */
#define ENV_LEN_MAX 8192  /* bytes of the environment kept, the separating NULs included */

/* file_ref.flags */
#define FILE_UPPER_LAYER (1u << 0) /* overlayfs: lies in the upper (writable) layer */
#define FILE_LOWER_LAYER (1u << 1) /* overlayfs: lies in a lower layer */
#define FILE_DETACHED (1u << 2)	   /* its mount belongs to no namespace yet: fsmount, open_tree */
#define FILE_CREATED (1u << 3)	   /* this open made it */

struct file_ref {
	__u64 ino; /* 0: no file */
	__u32 dev; /* of the super block, kernel encoding: major << 20 | minor */
	__u32 nlink;
	__u32 mnt_ns; /* namespace of the mount; 0: none (the kernel's own, unmounted, detached) */
	__u16 mode;   /* S_IF… and permissions */
	__u16 flags;  /* FILE_* */
};
ABI_ASSERT(sizeof(struct file_ref) == 24);

struct endpoints {
	/* Network order; IPv4 in the first four bytes. AF_VSOCK: context id and port, host order.
	 */
	__u8 local_addr[16];
	__u8 remote_addr[16];
	__u16 local_port; /* host order */
	__u16 remote_port;
	__u16 family;	/* AF_*; 0: not a socket */
	__u16 type;	/* SOCK_* */
	__u16 protocol; /* IPPROTO_* */
	__u8 state;	/* TCP_*: 1 established, 2 SYN sent, 7 closed, 10 listening */
	__u8 pad[5];
	__u64 ino; /* of the socket */
};
ABI_ASSERT(sizeof(struct endpoints) == 56);

/* What a standard stream is. */
enum {
	STDIO_CLOSED,
	STDIO_FILE, /* regular file, directory, device; file says which */
	STDIO_PIPE,
	STDIO_SOCKET,
	STDIO_OTHER, /* anonymous inode: eventfd, … */
};

struct stdio_ref {
	__u8 kind; /* STDIO_* */
	__u8 pad[7];
	struct file_ref file;
	struct endpoints ends; /* STDIO_SOCKET */
};
ABI_ASSERT(sizeof(struct stdio_ref) == 88);

struct exec_record {
	struct record_header hdr;
	struct str_ref exe;  /* resolved path of the executable, as seen from the process's root */
	struct str_ref args; /* argv, each followed by a NUL; from the new program's own memory */
	struct str_ref env;  /* NAME=value, each followed by a NUL; not in a snapshot */
	struct str_ref cwd;
	struct str_ref
		stdio_names[3]; /* path where it has one, or a unix socket's own or peer's name */
	struct file_ref exe_file;
	struct stdio_ref stdio[3];
	__u64 exe_ctime_ns; /* of the executable's inode, since the epoch; 0: no file */
	__u64 exe_mtime_ns;
	__u64 cap_inheritable; /* bit n: capability n */
	__u64 cap_permitted;
	__u64 cap_effective;
	__u64 parent_start_ns;
	__u32 ppid;
	__u32 vpid; /* in the process's own pid namespace */
	__u32 sid;
	__u32 pgid;
	__u32 tty; /* controlling terminal as major << 8 | minor; 0: none */
	__u32 pad;
};

struct fork_record {
	struct record_header hdr; /* of the caller of fork */
	__u64 flags;		  /* CLONE_*, without the signal */
	__u64 child_start_ns;
	__u64 child_cgroup_id;
	__u64 child_origin_cgroup_id;
	__u64 parent_start_ns; /* of the child's parent: not the caller with CLONE_PARENT */
	__u32 ppid;
	__u32 child_tgid;
	__u32 child_vpid;
	__u32 child_pid_ns;
};

struct exit_record {
	struct record_header hdr;
	__s32 exit_code; /* as wait(2) gives it */
	__u32 pad;
};

/* cgroup_record.container_by */
enum {
	CONTAINER_NONE,
	CONTAINER_BY_NAME,   /* the leaf's name has the form runtimes use */
	CONTAINER_BY_ATTACH, /* a plain runtime (runc, crun) moved a process into it */
	CONTAINER_INSIDE,    /* lies below a container's cgroup */
	CONTAINER_BY_USER,   /* user space said so */
};

struct cgroup_record {
	struct record_header hdr; /* of the task that acted */
	struct str_ref path;	  /* in the default hierarchy, from its root */
	__u64 id;
	__u64 parent_id;
	__u64 container_cgroup_id; /* the container it is or lies in; 0: none */
	__u64 target_start_ns;	   /* cgroup_attach_task: the task moved; else 0 */
	__u32 target_tgid;
	__u32 target_tid;
	__u8 container_by; /* CONTAINER_* */
	__u8 pad[7];
};

struct mount_record {
	struct record_header hdr;
	struct str_ref source; /* device; of a bind, the path bound, inside its file system */
	struct str_ref fstype;
	struct str_ref target; /* resolved; as passed where RECORD_FROM_USER_MEMORY is set */
	struct file_ref target_file;
	__u64 flags;	   /* MS_*; of the mount for the new API, in MS_* bits too */
	__s32 result;	   /* 0 or -errno */
	__u32 source_dev;  /* super block's device, major << 20 | minor; 0: not known */
	__u32 fs_pid_ns;   /* procfs: inode number of the pid namespace it shows; else 0 */
	__u8 block_device; /* 1: the super block lies on a block device */
	__u8 resolved;	   /* 1: source, type and target come from the kernel's mount */
	__u8 pad[2];
};

struct dup_record {
	struct record_header hdr;
	struct endpoints ends;
	__s32 old_fd; /* -1: not known */
	__s32 new_fd; /* 0, 1 or 2 */
};

struct connect_record {
	struct record_header hdr;
	struct str_ref path; /* unix: the name; a leading NUL (abstract) is shown as '@' */
	struct endpoints ends;
	__s32 fd;     /* -1: not known */
	__s32 result; /* 0 or -errno */
};

/*
 * A system call whose arguments say what it is about. What each word of `known` is, which string is
 * which, and what `file` and the target are, is the event's: said where its sensor fills them.
 */
#define NR_CALL_ARGS 6
struct call_record {
	struct record_header hdr;
	struct str_ref text[2];
	struct file_ref file;
	__u64 arg[NR_CALL_ARGS]; /* as passed; of 32-bit calls the lower halves */
	__u64 known[3];		 /* what the kernel resolved */
	__s64 result;		 /* 0 or more, or -errno */
	__u64 target_start_ns;	 /* the process acted on; 0: none, or not known */
	__u32 target_tgid;
	__u32 target_tid;
};

struct socket_record {
	struct record_header hdr;
	struct endpoints ends; /* of the new socket, socketpair's first; inode 0: none */
	__u32 domain;	       /* as asked for: AF_*, SOCK_* with its flags, IPPROTO_* */
	__u32 type;
	__u32 protocol;
	__s32 fd;      /* -1: none, or not known */
	__s32 peer_fd; /* socketpair: the other one */
	__s32 result;  /* 0 or -errno; of socket: the descriptor */
};

struct bind_record {
	struct record_header hdr;
	struct str_ref path;   /* unix: the name; a leading NUL (abstract) is shown as '@' */
	struct endpoints ends; /* of a bind that failed, the local end is what was asked for */
	__s32 fd;	       /* -1: not known */
	__s32 result;	       /* 0 or -errno */
	__s32 backlog;	       /* listen: as asked for */
	__u32 pad;
};

struct accept_record {
	struct record_header hdr;
	struct str_ref path;   /* unix: the name the listening socket is bound to */
	struct endpoints ends; /* of the new socket; where it failed, of the one that listens */
	__s32 fd;	       /* the new one; -1: it failed, or not known */
	__s32 listen_fd;       /* -1: not known */
	__s32 result;	       /* the descriptor or -errno */
	__u32 flags;	       /* accept4: SOCK_CLOEXEC, SOCK_NONBLOCK */
	__u32 queue_len;       /* connections that still wait, once this one is taken */
	__u32 queue_max;
};

/* A message on a socket without a connection; remote end and name: what it was sent to, or who
 * sent it. */
struct message_record {
	struct record_header hdr;
	struct str_ref path; /* unix: the name, as passed */
	struct endpoints ends;
	__s32 fd;	    /* -1: not known */
	__s32 result;	    /* bytes, for …mmsg messages; or -errno */
	__u32 size;	    /* bytes asked for; (__u32)-1: not known */
	__u32 name_changed; /* 1: the last message went to or came from another peer */
};

struct recvfd_record {
	struct record_header hdr;
	struct str_ref path; /* of the file; of a unix socket the name it is bound to */
	struct file_ref file;
	struct endpoints ends; /* family 0: not a socket */
	__s32 fd;	       /* -1: not known */
	__u32 pad;
};

/* An open, or an attempt. Where it failed, or the file cannot be told, path is empty and known to
 * be, and file zero; dir is there only then, and only for a relative name. */
struct open_record {
	struct record_header hdr;
	struct str_ref path; /* of the file, as seen from the process's root */
	struct str_ref name; /* as passed, from the caller's memory; empty: open_by_handle_at */
	struct str_ref dir;  /* what the name is relative to */
	struct file_ref file;
	__u64 flags;   /* O_*, without the O_LARGEFILE that the kernel adds */
	__u64 resolve; /* RESOLVE_* of openat2 */
	__u32 mode;    /* as passed; 0 where nothing may be made */
	__s32 dirfd;   /* AT_FDCWD where the call has none; open_by_handle_at: mount_fd */
	__s32 result;  /* the descriptor or -errno */
	__u32 pad;
};

/* Ids in the initial user namespace; bit n of a set is capability n. */
struct credentials {
	__u32 uid, euid, suid, fsuid;
	__u32 gid, egid, sgid, fsgid;
	__u64 cap_inheritable;
	__u64 cap_permitted;
	__u64 cap_effective;
};
ABI_ASSERT(sizeof(struct credentials) == 56);

/* credentials_record.by: what the task was doing when its credentials changed. */
enum {
	CREDENTIALS_BY_OTHER,
	CREDENTIALS_BY_EXEC,
	CREDENTIALS_BY_SETUID, /* the setuid family */
	CREDENTIALS_BY_CAPSET,
	CREDENTIALS_BY_NAMESPACE, /* setns, unshare: of a user namespace */
};

struct credentials_record {
	struct record_header hdr;  /* of the thread, its ids as they are afterwards */
	struct credentials before; /* only where before_known is 1 */
	struct credentials after;
	__u8 before_known;
	__u8 by; /* CREDENTIALS_BY_* */
	__u8 pad[6];
};

/*
 * A name is made, changed or removed, or a file's mode is: rename, unlink, mkdir, link, chmod and
 * their siblings, failed ones included. new_… only where the call has a second name. Only where a
 * path is empty and known to be, the name counts and, if that is relative, its directory.
 */
struct path_record {
	struct record_header hdr;
	struct str_ref path; /* what the kernel resolved, as seen from the process's root */
	struct str_ref name; /* as passed; of symlink what the link says */
	struct str_ref dir;  /* what the name is relative to */
	struct str_ref new_path;
	struct str_ref new_name;
	struct str_ref new_dir;
	struct file_ref file; /* of path, before a rename or removal; ino 0: not known */
	__u64 flags;	      /* as passed: RENAME_*, AT_* */
	__u32 mode;	      /* as passed: mkdir, chmod */
	__s32 dirfd;	      /* AT_FDCWD where the call has none; fchmod: the descriptor */
	__s32 new_dirfd;
	__s32 result; /* 0 or -errno */
};

/* node_record.times */
enum {
	TIMES_UNKNOWN, /* they could not be read */
	TIMES_NOW,     /* the caller gave none */
	TIMES_GIVEN,
};

/* A file time as passed. */
struct file_time {
	__s64 s;
	__u32 ns; /* utimensat: or UTIME_NOW, UTIME_OMIT; utimes: of whatever microseconds */
	__u32 pad;
};

/* The same of calls that make a device or set what an inode holds: mknod, chown, utimensat and
 * their siblings. What is not of the call is 0. */
struct node_record {
	struct path_record call; /* of fchown the file is the descriptor's */
	__u32 dev;		 /* mknod: as passed, in the encoding of stat(2) */
	__u32 uid;		 /* chown: as passed; (__u32)-1: left as it is */
	__u32 gid;
	__u32 times;		/* utimensat…: TIMES_* */
	struct file_time atime; /* only with TIMES_GIVEN */
	struct file_time mtime;
};

ABI_ASSERT(sizeof(struct exec_record) == 112 + 7 * 8 + 24 + 3 * 88 + 16 + 24 + 32);
ABI_ASSERT(sizeof(struct fork_record) == 112 + 56);
ABI_ASSERT(sizeof(struct exit_record) == 112 + 8);
ABI_ASSERT(sizeof(struct cgroup_record) == 112 + 8 + 48);
ABI_ASSERT(sizeof(struct mount_record) == 112 + 24 + 24 + 24);
ABI_ASSERT(sizeof(struct dup_record) == 112 + 56 + 8);
ABI_ASSERT(sizeof(struct connect_record) == 112 + 8 + 56 + 8);
ABI_ASSERT(sizeof(struct socket_record) == 112 + 56 + 24);
ABI_ASSERT(sizeof(struct bind_record) == 112 + 8 + 56 + 16);
ABI_ASSERT(sizeof(struct accept_record) == 112 + 8 + 56 + 24);
ABI_ASSERT(sizeof(struct message_record) == 112 + 8 + 56 + 16);
ABI_ASSERT(sizeof(struct recvfd_record) == 112 + 8 + 24 + 56 + 8);
ABI_ASSERT(sizeof(struct open_record) == 112 + 24 + 24 + 32);
ABI_ASSERT(sizeof(struct call_record) == 112 + 16 + 24 + 48 + 24 + 24);
ABI_ASSERT(sizeof(struct credentials_record) == 112 + 2 * 56 + 8);
ABI_ASSERT(sizeof(struct path_record) == 112 + 48 + 24 + 24);
ABI_ASSERT(sizeof(struct node_record) == 208 + 16 + 2 * 16);

/* No record is larger: three paths, argv and the fixed part fit with room to spare, and nearly
 * always the environment. With its scratch_head it is as large as a per-CPU map's value can be. */
#define RECORD_MAX 32760

#endif
