# SPDX-License-Identifier: Apache-2.0
"""The Debian package on a machine that has only what it depends on: installed, upgraded, removed, purged."""

import pathlib
import subprocess
import tempfile
import unittest

from image import run

CONFIG = "etc/nezuban/nezuban.yaml"
OWN_RULES = "etc/nezuban/rules.d/own.yaml"
STATE = "var/lib/nezuban/alerts.db"
# systemd-analyze's measure, from 0 (shut in) to 100: what is left is what watching a node takes.
MOST_EXPOSURE = 38


class Package(unittest.TestCase):
    """Who runs it derives a class of it that has the `image`."""

    image = None

    def setUp(self):
        self.machine = self.image.machine()
        self.addCleanup(self.machine.remove)

    def next_version(self):
        """The package of a release after this one, whose configuration has a line more."""
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="nz-n-")))
        run("dpkg-deb", "-R", self.image.package, directory / "tree")
        control = directory / "tree" / "DEBIAN" / "control"
        control.write_text(control.read_text().replace("Version: 0.1.0", "Version: 0.1.0+next"))
        with open(directory / "tree" / CONFIG, "a", encoding="utf-8") as config:
            config.write("log_level: info\n")
        run("dpkg-deb", "-Zgzip", "-b", directory / "tree", self.machine.root / "tmp" / "next.deb")
        return "/tmp/next.deb"

    def in_use(self):
        """As it is after some days: a changed configuration, rules of its own, alerts."""
        root = self.machine.root
        with open(root / CONFIG, "a", encoding="utf-8") as config:
            config.write("priority: Notice\n")
        (root / OWN_RULES).write_text("[]\n")
        (root / STATE).parent.mkdir(parents=True, exist_ok=True)
        (root / STATE).write_text("alerts")

    def status(self):
        return self.machine.run("dpkg-query", "-W", "-f", "${Version} ${Status}", "nezuban")

    def test_what_it_depends_on_is_enough(self):
        self.assertIn("0.1.0", self.machine.run("nezuban", "--version"))
        self.assertIn("rules", self.machine.run("nezuban", "--help"))
        for rules in "default", "strict":
            self.machine.run("nezuban", "rules", "check", f"/usr/share/nezuban/rules/{rules}")
        self.assertEqual(self.machine.run("dpkg", "--verify", "nezuban"), "")
        self.assertEqual(self.machine.run("dpkg", "--audit"), "")

    def test_everything_in_etc_is_a_configuration_file(self):
        listed = self.machine.run("dpkg-query", "-W", "-f", "${Conffiles}", "nezuban")
        root = self.machine.root
        files = {f"/{path.relative_to(root)}" for path in (root / "etc" / "nezuban").rglob("*") if path.is_file()}
        self.assertEqual({line.split()[0] for line in listed.splitlines()}, files)

    def test_an_upgrade_keeps_what_was_changed(self):
        self.in_use()
        before = (self.machine.root / CONFIG).read_text()
        self.machine.run("dpkg", "--force-confdef", "-i", self.next_version())
        self.assertEqual(self.status(), "0.1.0+next install ok installed")
        self.assertEqual((self.machine.root / CONFIG).read_text(), before)
        self.assertIn("log_level", (self.machine.root / f"{CONFIG}.dpkg-dist").read_text())
        for kept in OWN_RULES, STATE:
            self.assertTrue((self.machine.root / kept).exists(), kept)

    def test_only_a_purge_takes_the_alerts_and_never_somebodys_rules(self):
        self.in_use()
        self.machine.run("dpkg", "--remove", "nezuban")
        self.assertFalse((self.machine.root / "usr/bin/nezuban").exists())
        for kept in CONFIG, OWN_RULES, STATE:
            self.assertTrue((self.machine.root / kept).exists(), kept)
        self.machine.run("dpkg", "--purge", "nezuban")
        for gone in CONFIG, "var/lib/nezuban", "lib/systemd/system/nezuban.service":
            self.assertFalse((self.machine.root / gone).exists(), gone)
        self.assertTrue((self.machine.root / OWN_RULES).exists())

    def test_systemd_is_told_what_changes(self):
        """By a systemctl that writes down what it is asked: there is no systemd to talk to."""
        root = self.machine.root
        (root / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        systemctl = root / "usr/bin/systemctl"
        self.assertFalse(systemctl.exists())
        systemctl.write_text('#!/bin/sh\necho "$@" >>/tmp/told\n')
        systemctl.chmod(0o755)

        def told(*command):
            (root / "tmp/told").write_text("")
            self.machine.run("dpkg", *command)
            return (root / "tmp/told").read_text().splitlines()

        upgrade = told("--force-confdef", "-i", self.next_version())
        self.assertNotIn("stop nezuban.service", upgrade, "the old one watches until the new one is in place")
        self.assertEqual(upgrade[-2:], ["daemon-reload", "try-restart nezuban.service"])
        removed = told("--remove", "nezuban")
        self.assertEqual((removed[0], removed[-1]), ("stop nezuban.service", "daemon-reload"))
        wants = root / "etc/systemd/system/multi-user.target.wants/nezuban.service"
        wants.parent.mkdir(parents=True, exist_ok=True)
        wants.symlink_to("/lib/systemd/system/nezuban.service")
        self.assertEqual(told("--purge", "nezuban"), ["daemon-reload"])
        self.assertFalse(wants.is_symlink(), "nothing is started at the next boot")
        # New on this machine: who has looked at its configuration starts it.
        self.assertEqual(told("-i", "/tmp/next.deb"), ["daemon-reload"])

    def test_the_unit_says_what_systemd_knows_and_shuts_the_monitor_in(self):
        unit = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "nezuban.service"
        text = (self.machine.root / "lib/systemd/system/nezuban.service").read_text()
        # Verified where the program is: this machine has it elsewhere.
        unit.write_text(text.replace("/usr/bin/nezuban", str(self.machine.root / "usr/bin/nezuban")))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        self.assertEqual([line for line in said.stderr.splitlines() if "nezuban" in line], [])
        self.assertEqual(said.returncode, 0, said.stderr)
        run("systemd-analyze", "security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSURE}", unit)
