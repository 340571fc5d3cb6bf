#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The evasions of tests/e2e/test_evasion.py under object sensors, which need a kernel that has trampolines: boots one in
qemu, where each way raises the alert that the plain one does. usage: test_evasion.py NEZUBAN EVADE [KERNEL]
"""

import pathlib
import shutil
import sys
import unittest

import guest

sys.path.insert(0, str(guest.ROOT / "tests" / "e2e"))
import evasions  # noqa: E402

WAYS = evasions.WAYS + evasions.WAYS_OF_OBJECT_SENSORS
PORT, DECOY, SHELL_PORTS = 7001, 7002, range(7010, 7020)  # of evasion.sh


class Evasion(unittest.TestCase):
    nezuban, evade, kernel = None, None, "6.12"

    @classmethod
    def setUpClass(cls):
        cls.commands = [words.format(port=PORT, decoy=DECOY) for _, words in WAYS]
        with guest.tree_with(cls.nezuban) as tree:
            guest.put_rules(tree / "nezuban" / "rules")
            (tree / "nezuban" / "evasion.yaml").write_text(evasions.RULES.format(inode="INODE", port=PORT))
            (tree / "container" / "bin").mkdir(parents=True)
            for name in ("evade", "evil"):
                shutil.copy(cls.evade, tree / "container" / "bin" / name)
            shutil.copy("/bin/busybox", tree / "container" / "bin")
            (tree / "container" / "ways.sh").write_text(evasions.script(cls.commands))
            (tree / "container" / "shells.sh").write_text(
                "".join(f"/bin/evade {way} {port}\n" for way, port in zip(evasions.SHELLS, SHELL_PORTS)))
            cls.printed = guest.boot(cls.kernel, tree, "evasion.sh", arguments=["object"])
        cls.alerts = guest.alerts(cls.printed)

    def test_the_sensors_are_the_object_ones(self):
        lines = [line.split() for line in self.printed.splitlines() if line.startswith("doctor ")]
        kinds = {words[1]: " ".join(words[2:]) for words in lines if len(words) > 2}
        for event in ("open", "connect", "mount", "dup", "rename", "unlink", "mkdir", "link", "chmod"):
            self.assertIn("object", kinds.get(event, ""), self.printed)

    def test_every_way_raises_the_alert_of_the_plain_one(self):
        for number, ((rule, _), command) in enumerate(zip(WAYS, self.commands)):
            with self.subTest(command):
                self.assertIn(f"way {number} {evasions.status(command)}\n", self.printed)
                self.assertTrue(list(filter(evasions.matcher(rule, command, guest.CONTAINER), self.alerts)), f"{rule}: {command}")

    def test_every_way_to_put_a_shell_on_a_connection(self):
        for way, port in zip(evasions.SHELLS, SHELL_PORTS):
            with self.subTest(way):
                self.assertTrue([a for a in self.alerts if a["rule"] == "Reverse shell" and a["origin"] == guest.CONTAINER
                                 and str(port) in a["output_fields"]["proc.stdin.name"]], way)


if __name__ == "__main__":
    Evasion.nezuban, Evasion.evade, *kernels = sys.argv[1:]
    Evasion.kernel = (kernels or ["6.12"])[0]
    unittest.main(argv=sys.argv[:1], verbosity=2)
