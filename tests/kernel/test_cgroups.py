#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Containers where cgroup v1 is: boots a kernel in qemu with a v1 hierarchy besides v2 whose numbers collide, and then
with nothing else. usage: test_cgroups.py NEZUBAN [KERNEL]
"""

import sys
import unittest

import guest


RULES = """
- rule: Marked
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args startswith "true mark-"
  output: "%proc.args"
"""


class Cgroups(unittest.TestCase):
    nezuban, kernel = None, "6.1"

    @classmethod
    def setUpClass(cls):
        with guest.tree_with(cls.nezuban) as tree:
            (tree / "nezuban" / "rules.yaml").write_text(RULES)
            cls.printed = guest.boot(cls.kernel, tree, "cgroups.sh")

    def check(self, part, mark, container, origin):
        found = [(a["container_id"], a["origin"]) for a in guest.alerts(self.printed, part)
                 if a["output_fields"]["proc.args"] == f"true {mark}"]
        self.assertEqual(found, [(container, origin)], f"{part} {mark}\n{self.printed}")

    def test_only_the_default_hierarchy_counts_where_there_is_one(self):
        self.assertIn("collides\n", self.printed)
        self.check("hybrid", "mark-host", "host", "host")
        self.check("hybrid", "mark-container", guest.CONTAINER, guest.CONTAINER)

    def test_v1_alone_tells_them_by_proc(self):
        for mark in ("mark-early", "mark-first", "mark-child"):
            self.check("v1", mark, guest.CONTAINER, guest.CONTAINER)
        self.check("v1", "mark-host", "host", "host")

    def test_v1_alone_keeps_the_origin(self):
        self.check("v1", "mark-escaped", "host", guest.CONTAINER)

    def test_v1_alone_is_said_to_be_slower(self):
        self.assertIn("containers are told by /proc/PID/cgroup, which is slower", self.printed)


if __name__ == "__main__":
    Cgroups.nezuban, *kernels = sys.argv[1:]
    Cgroups.kernel = (kernels or ["6.1"])[0]
    unittest.main(argv=sys.argv[:1], verbosity=2)
