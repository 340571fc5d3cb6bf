# SPDX-License-Identifier: Apache-2.0
"""Acts, plain and hidden, and the alert that each must raise: what `evade` (evade/) is told to do, for whoever has a
container to do it in.
"""

RULES = """
- rule: Opened by name
  desc: The file that this is about, by its path.
  condition: evt.type in (open, openat, openat2) and fd.name = /node/secret-a
  output: opened | file=%fd.name pid=%proc.pid exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Opened by any name
  desc: The same file, whatever it is called.
  condition: evt.type in (open, openat, openat2) and fd.ino = {inode}
  output: opened | file=%fd.name pid=%proc.pid exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Connected
  desc: To the port that this is about.
  condition: evt.type = connect and fd.sport = {port}
  output: connected | connection=%fd.name exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Connected to what has no address
  desc: A virtual machine's host or another socket that is none of IP's and has no name either.
  condition: evt.type = connect and not fd.type in (ipv4, ipv6, unix)
  output: connected | result=%evt.res exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Executed
  desc: The program that this is about.
  condition: evt.type in (execve, execveat) and proc.exepath = /bin/evil
  output: executed | pid=%proc.pid exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Directory made
  desc: One whose name begins as this says.
  condition: evt.type in (mkdir, mkdirat) and fs.path.name startswith /tmp/made
  output: made | exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Name removed
  desc: One that begins as this says.
  condition: evt.type in (unlink, unlinkat) and fs.path.name startswith /tmp/removed
  output: removed | exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Name changed
  desc: One that begins as this says.
  condition: evt.type in (rename, renameat, renameat2) and fs.path.source startswith /tmp/from
  output: renamed | exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
- rule: Name added
  desc: One that leads to the file that this is about.
  condition: >
    evt.type in (link, linkat, symlink, symlinkat) and fs.path.source startswith /tmp/added
    and fs.path.target = /tmp/what
  output: added | exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
"""

# Calls that a 32-bit program makes by other numbers, and what must be told of them besides their name. In evade/calls.c.
# Not here: what has rows of its own below; kill, which is seen as it is delivered, by whichever call; module and kexec
# loading, which would change the machine (tests/bpf/ makes these calls, both ways, in vain).
CALLS = {
    "unshare": "evt.args contains CLONE_NEWUTS",
    "setns": "evt.failed = false",
    "chroot": "evt.args contains /tmp",
    "umount2": "evt.args contains /tmp/um",
    "chmod": "fs.path.name = /tmp/what",
    "chown": "fs.path.name = /tmp/what",
    "mknod": "fs.path.name startswith /tmp/node",
    "utimensat": "fs.path.name = /tmp/what",
    "ptrace": "evt.args contains PTRACE_TRACEME",
    "pidfd_open": "evt.failed = false",
    "memfd_create": "evt.args contains payload",
    "keyctl": "evt.failed = false",
    "io_uring_setup": "evt.failed = false",
    "userfaultfd": "evt.failed = false",
    "setuid": "evt.failed = false",
    "setresgid": "evt.failed = false",
    "fsopen": "evt.args contains tmpfs",
    "open_tree": "evt.args contains /tmp",
    "socket": "evt.args contains AF_PACKET",
    "bind": "evt.failed = false",
    "listen": "evt.failed = false",
    "accept4": "evt.failed = true",
    "dup3": "evt.failed = false",
    "mmap": "evt.failed = false",
    "bpf": "evt.args contains BPF_MAP_CREATE",
    "perf_event_open": "evt.failed = false",
    "seccomp": "evt.failed = false",
    "capset": "evt.failed = false",
    "pivot_root": "evt.args contains /tmp",
    "process_vm_readv": "evt.failed = false",
    "process_vm_writev": "evt.failed = false",
    "pidfd_getfd": "evt.failed = true",
    "mount_setattr": "evt.args contains /proc",
    "fspick": "evt.args contains /proc",
    "add_key": "evt.failed = false",
}
OTHER_NAMES = {"mmap": "mmap2"}  # what i386 calls it
PATHS = {"umount2": "/tmp/um{}", "mknod": "/tmp/node{}"}
RULES += "".join(f"""
- rule: Called {name}
  desc: In the way that this is about.
  condition: evt.type in ({name}, {OTHER_NAMES.get(name, name)}) and {condition}
  output: called | arguments=%evt.args exe=%proc.exe command=%proc.cmdline
  priority: NOTICE
""" for name, condition in CALLS.items())

SECRET = "/node/secret-a"
NAMELESS = "Program without a name executed in a container"
CGROUP = "Container mounts a cgroup hierarchy"

# The rule, and the words of each command; {port} and {decoy} are listened to. The first row of a
# rule is the plain way.
WAYS = (
    ("Opened by name", f"open {SECRET}"),
    ("Opened by name", f"open-openat2 {SECRET}"),
    ("Opened by name", f"open-dirfd {SECRET}"),
    ("Opened by name", f"open-cwd {SECRET}"),
    ("Opened by name", f"open-int80 {SECRET}"),
    ("Opened by name", f"open-uring {SECRET}"),
    ("Opened by name", f"open-sqpoll {SECRET}"),
    ("Opened by name", f"open-rewritten {SECRET} b"),
    ("Opened by name", f"open-faulted {SECRET}"),
    ("Opened by name", f"open-deep {SECRET}"),
    ("Opened by name", "open /node/soft"),
    ("Opened by name", "open /node/../bin/../node/./secret-a"),
    ("Opened by name", f"open /proc/self/root{SECRET}"),
    ("Opened by name", f"move-unshare {SECRET}"),
    ("Opened by name", f"move-setns {SECRET} /proc/self/ns/uts"),
    ("Opened by name", f"move-clone3 {SECRET} /tmp/cg"),
    ("Opened by name", f"move-cgroup {SECRET} /tmp/cg/cgroup.procs"),
    ("Opened by any name", f"open {SECRET}"),
    ("Opened by any name", "open /node/hard"),
    ("Opened by any name", "open /tmp/bound"),
    ("Opened by any name", "open-int80 /node/hard"),
    ("Opened by any name", f"open-long {SECRET} /node"),
    ("Opened by name", f"open-long {SECRET} /node"),
    ("Connected", "connect {port}"),
    ("Connected", "connect-int80 {port}"),
    ("Connected", "connect-socketcall {port}"),
    ("Connected", "connect-uring {port}"),
    ("Connected", "connect-sqpoll {port}"),
    ("Connected", "connect-fastopen {port}"),
    ("Connected", "connect-fastopen-later {port}"),
    ("Connected", "connect-rewritten {port} {decoy}"),
    ("Connected", "connect-faulted {port} {decoy}"),
    ("Connected", "datagram {port}"),
    ("Connected", "datagram-sendto {port}"),
    ("Connected", "datagram-sendmsg {port}"),
    ("Connected", "datagram-sendmmsg {port}"),
    ("Connected", "datagram-raw {port}"),
    ("Connected", "datagram-socketcall {port}"),
    ("Connected", "datagram-uring {port}"),
    ("Connected", "datagram-sqpoll {port}"),
    ("Executed", "exec /bin/evil exec"),
    ("Executed", "exec-fexecve /bin/evil exec-fexecve"),
    ("Executed", "exec-empty-path /bin/evil exec-empty-path"),
    ("Executed", "exec-proc-fd /bin/evil exec-proc-fd"),
    ("Executed", "exec-int80 /bin/evil exec-int80"),
    ("Executed", "exec-rewritten /bin/evil exec-rewritten k"),
    ("Executed", "exec-faulted /bin/evil exec-faulted"),
    ("Executed", "exec-disguised /bin/evil kworker/0:1"),
    ("Executed", "exec /tmp/innocent innocent"),
    ("Executed", "exec /tmp/script /tmp/script"),
    (NAMELESS, "exec-memfd /bin/evil evil from-memory"),
    (NAMELESS, "exec-unlinked /bin/evil evil from-nowhere"),
    ("Directory made", "mkdir /tmp/made-0"),
    ("Directory made", "mkdir-int80 /tmp/made-1"),
    ("Directory made", "mkdir-uring /tmp/made-2"),
    ("Directory made", "mkdir-sqpoll /tmp/made-4"),
    ("Directory made", "mkdir-dirfd /tmp/made-5"),
    ("Directory made", "mkdir /node/.././tmp/made-6"),
    ("Directory made", "mkdir-long /tmp/long"),
    ("Name removed", "unlink /tmp/removed-0"),
    ("Name removed", "unlink-int80 /tmp/removed-1"),
    ("Name removed", "unlink-uring /tmp/removed-2"),
    ("Name removed", "unlink-sqpoll /tmp/removed-4"),
    ("Name removed", "unlink-dirfd /tmp/removed-5"),
    ("Name removed", "unlink /node/.././tmp/removed-6"),
    ("Name removed", "unlink-long /tmp/long"),
    ("Name changed", "rename /tmp/from-0 /tmp/to-0"),
    ("Name changed", "rename-int80 /tmp/from-1 /tmp/to-1"),
    ("Name changed", "rename-uring /tmp/from-2 /tmp/to-2"),
    ("Name changed", "rename-sqpoll /tmp/from-4 /tmp/to-4"),
    ("Name changed", "rename-dirfd /tmp/from-5 /tmp/to-5"),
    ("Name changed", "rename /node/.././tmp/from-6 /node/.././tmp/to-6"),
    ("Name changed", "rename-long /tmp/long"),
    ("Name added", "link /tmp/what /tmp/added-0"),
    ("Name added", "link-int80 /tmp/what /tmp/added-1"),
    ("Name added", "link-uring /tmp/what /tmp/added-2"),
    ("Name added", "link-sqpoll /tmp/what /tmp/added-7"),
    ("Name added", "link-dirfd /tmp/what /tmp/added-8"),
    ("Name added", "link /node/.././tmp/what /node/.././tmp/added-9"),
    ("Name added", "link-long /tmp/long /tmp/what"),
    ("Name added", "symlink /tmp/what /tmp/added-3"),
    ("Name added", "symlink-int80 /tmp/what /tmp/added-4"),
    ("Name added", "symlink-uring /tmp/what /tmp/added-14"),
    ("Name added", "symlink-sqpoll /tmp/what /tmp/added-5"),
    (CGROUP, "mount /tmp/m0"),
    (CGROUP, "mount-int80 /tmp/m1"),
    (CGROUP, "mount-new-api /tmp/m2"),
    (CGROUP, "mount-rewritten /tmp/m3"),
    (CGROUP, "mount-faulted /tmp/m4"),
    *((f"Called {name}", f"{way} {name} {PATHS.get(name, '').format(number)}".strip())
      for name in CALLS for number, way in enumerate(("call", "call-int80"))),
)

# Apart, as guests have no such sockets. Not by an io_uring: what tracepoint sensors see of its connects is what TCP does
# then, and of vsocks there is nothing like it.
VSOCK = "Connected to what has no address"
WAYS_OF_VSOCK = ((VSOCK, "vsock 9"), (VSOCK, "vsock-int80 9"), (VSOCK, "vsock-socketcall 9"))

# What object sensors alone tell: at a call's exit its names are the caller's memory again, and what they led to when it
# began is nowhere. Another thread may have rewritten them, and symbolic links on the way (/proc/self/root is one) may lead
# elsewhere by then: names are told as they were passed.
WAYS_OF_OBJECT_SENSORS = (
    ("Directory made", "mkdir-faulted /tmp/made-3"),
    ("Name removed", "unlink-faulted /tmp/removed-3"),
    ("Name changed", "rename-faulted /tmp/from-3 /tmp/to-3"),
    ("Name added", "link-faulted /tmp/what /tmp/added-6"),
    *((rule, words.format(*(f"{way}/{name}" for name in names)))
      for number, way in enumerate(("/tmp/linked", "/tmp/aside/../tmp", "/proc/self/root/tmp"), 10)
      for rule, words, names in (
          ("Directory made", "mkdir {}", (f"made-{number}",)),
          ("Name removed", "unlink {}", (f"removed-{number}",)),
          ("Name changed", "rename {} {}", (f"from-{number}", f"to-{number}")),
          ("Name added", "link {} {}", ("what", f"added-{number}")))),
)

PREPARATION = """
mkdir -p /tmp/long /tmp/cg /tmp/m0 /tmp/m1 /tmp/m2 /tmp/m3 /tmp/m4 /tmp/um0 /tmp/um1
mount -t cgroup2 none /tmp/cg
for i in 0 1; do mount -t tmpfs none /tmp/um$i; done
for i in 0 1 2 3 4 5 6 10 11 12; do : >/tmp/removed-$i; : >/tmp/from-$i; done
: >/tmp/what
: >/tmp/bound
mount -o bind /node/secret-a /tmp/bound
/bin/busybox ln -s /bin/evil /tmp/innocent
/bin/busybox ln -s /tmp /tmp/linked
/bin/busybox ln -s /node /tmp/aside
echo '#!/bin/evil' >/tmp/script
/bin/busybox chmod 755 /tmp/script
"""

# How the shell gets its connection. The last listens itself.
SHELLS = ("shell-dup2", "shell-dup", "shell-fcntl", "shell-int80", "shell-passed")

PROGRAM_SAYS_USAGE = 98  # what /bin/evil ends with


def script(commands):
    """Does them all, and prints "way NUMBER STATUS" after each."""
    return PREPARATION + "".join(f"/bin/evade {command}; echo way {number} $?\n"
                                 for number, command in enumerate(commands))


def status(command):
    """What such a command ends with where its act is done."""
    return PROGRAM_SAYS_USAGE if command.startswith("exec") else 0


def matcher(rule, command, container):
    """Whether an alert is that of this act, done in the container of that id."""
    executes = command.startswith("exec")
    mark = command.split()[3 if rule == NAMELESS else 2] if executes else f"evade {command}"
    # A path that is too long to be told leaves the rule open that asks for it.
    uncertain = "-long " in command and rule != "Opened by any name"

    def matches(alert):
        values = alert["output_fields"]
        return (alert["rule"] == rule and alert["origin"] == container and bool(alert["uncertain"]) == uncertain
                and (mark in (values.get("proc.exe"), values["proc.cmdline"]) or values["proc.cmdline"].endswith(" " + mark)))

    return matches
