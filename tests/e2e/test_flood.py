#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A container that opens files as fast as the node can, to hide what another does meanwhile: each vital act of
the other is alerted, the flood itself is, by name, and what was not looked at is counted to the record."""

import os
import pathlib
import shutil
import tempfile
import unittest

from harness import TOOLS, Listener, wait_until
from evasions import CGROUP, PREPARATION, RULES, SECRET, WAYS
from watched import Watched

SECONDS = 8 * int(os.environ.get("NEZUBAN_SCALE", "1"))
LIMIT = 5000  # opens and the like a second of one cgroup, far below what any machine can make
# What is in the lane that no flood reaches: the rest shares a ring with it.
VITAL = {"Executed", CGROUP, *(f"Called {name}" for name in (
    "unshare", "setns", "chroot", "umount2", "ptrace", "pidfd_open", "keyctl", "io_uring_setup", "userfaultfd",
    "setuid", "setresgid", "fsopen", "open_tree", "memfd_create"))}
# The plain way of each act.
PLAIN = {rule: words for rule, words in reversed(WAYS) if not words.startswith("exec")}


class Flood(Watched):
    runtime = (*Watched.runtime, "--flood-rate", str(LIMIT), "--flood-burst", str(LIMIT))

    @classmethod
    def setUpClass(cls):
        cls.node = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-flood-"))
        cls.addClassCleanup(shutil.rmtree, cls.node)
        (cls.node / "secret-a").write_text("secret\n")
        cls.peer = Listener()
        cls.peer.socket.listen(4096)
        cls.addClassCleanup(cls.peer.close)
        rules = cls.node / "flood.yaml"
        rules.write_text(RULES.format(inode=(cls.node / "secret-a").stat().st_ino, port=cls.peer.port))
        cls.extra_rules = (rules,)
        super().setUpClass()

    def opens(self):
        return next(event for event in self.daemon.status()["events"] if event["event"] == "open")

    def missed(self, wanted):
        return len(wanted - {(a["rule"], a["origin"]) for a in list(self.watch.alerts)})

    def lost_for_want_of_room(self):
        """Its own limit keeps a cgroup's flood from the ring, as far as the monitor gets its time to empty that."""
        return sum(event["dropped"]["ring full"] for event in self.daemon.status()["events"])

    def act(self, number):
        """A container in which each act is done once."""
        script = PREPARATION + "".join(f"/bin/evade {words.format(port=self.peer.port)} || echo failed {words}\n"
                                       for words in PLAIN.values()) + "/bin/evade exec /bin/evil exec\n"
        container = self.make_container("/bin/sh", "-c", script, privileged=True, mounts={"/node": self.node})
        shutil.copy(TOOLS / "evade", container.rootfs / "bin" / "evil")
        code, printed = container.start().finish()
        self.assertNotIn("failed", printed, f"round {number}")
        self.assertEqual(code, 98, printed)  # of the last, which says how it is used
        return container

    def test_nothing_hides_behind_a_flood(self):
        before = self.opens()
        flood = self.container("/bin/evade", "open-flood", "/dev/null", str(SECONDS))
        containers = []
        while flood.process.poll() is None:
            containers.append(self.act(len(containers)))
        self.assertGreater(len(containers), 1)
        containers.pop()  # in whose time the flood ended
        code, printed = flood.finish()
        self.assertEqual(code, 0, printed)
        made = int(printed.split()[0])
        self.watch.wait_for(lambda a: a["rule"] == "Flood of events from a cgroup" and a["container_id"] == flood.id,
                            "the flood by name")
        for number, container in enumerate(containers):
            for rule in VITAL:
                with self.subTest(rule, round=number):
                    self.watch.wait_for(lambda a: a["rule"] == rule and a["origin"] == container.id, rule)
        others = {(rule, container.id) for container in containers for rule in set(PLAIN) - VITAL}
        wait_until(lambda: self.missed(others) <= self.lost_for_want_of_room(), "what no loss accounts for")
        missed = self.missed(others)
        after = self.opens()
        seen = after["seen"] - before["seen"]
        dropped = {why: count - before["dropped"][why] for why, count in after["dropped"].items()}
        delivered = after["delivered"] - before["delivered"]
        print(f"\n{made / SECONDS:.0f} opens a second for {SECONDS} s; {len(containers)} times {len(VITAL)} vital acts "
              f"beside them, each alerted; of {len(others)} others, {missed} were not; of {seen} opens "
              f"{delivered} were delivered, dropped: { {why: count for why, count in dropped.items() if count} }", flush=True)
        filtered = after["filtered"] - before["filtered"]
        self.assertGreaterEqual(delivered + filtered + sum(dropped.values()), made, "every open is accounted for")
        self.assertGreaterEqual(dropped["flood"], made - LIMIT * (SECONDS + 3))


if __name__ == "__main__":
    unittest.main(verbosity=2)
