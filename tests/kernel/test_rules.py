#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules about what no machine lets a test do: boots a kernel in qemu, where a container loads a module, and a
process is made root by it as an exploit of the kernel would. usage: test_rules.py NEZUBAN [KERNEL]
"""

import shutil
import sys
import unittest

import guest


class Rules(unittest.TestCase):
    nezuban, kernel = None, "6.1"

    @classmethod
    def setUpClass(cls):
        with guest.tree_with(cls.nezuban) as tree:
            # No more of them than it takes: under emulation it is the sensors' loading that takes time.
            (tree / "nezuban" / "rules").mkdir()
            for rules in ("00-common.yaml", "breakout_kernel.yaml"):
                shutil.copy(guest.ROOT / "rules" / "default" / rules, tree / "nezuban" / "rules")
            (tree / "etc").mkdir(exist_ok=True)
            (tree / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
            (tree / "etc" / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
            cls.printed = guest.boot(cls.kernel, tree, "attack.sh", "--module", guest.HERE / "grantroot")
        cls.alerts = guest.alerts(cls.printed)

    def expect(self, rule, **fields):
        wanted = {name.replace("_", "."): value for name, value in fields.items()}
        found = [a for a in self.alerts if a["rule"] == rule and a["origin"] == guest.CONTAINER
                 and all(a["output_fields"].get(name) == value for name, value in wanted.items())]
        self.assertEqual(len(found), 1, f"{rule} with {wanted}\n{self.printed}")
        self.assertEqual(found[0]["uncertain"], [])

    def test_a_module_that_is_loaded(self):
        self.expect("Container loads code into the node's kernel", proc_exepath="/bin/busybox", user_uid=0)

    def test_a_user_id_that_becomes_0(self):
        self.assertIn("Uid:\t65534\t65534\t65534\t65534\nUid:\t0\t0\t0\t0\n", self.printed)
        self.expect("Process became root without a program or call that explains it", proc_exepath="/bin/busybox")


if __name__ == "__main__":
    Rules.nezuban, *kernels = sys.argv[1:]
    Rules.kernel = (kernels or ["6.1"])[0]
    unittest.main(argv=sys.argv[:1], verbosity=2)
