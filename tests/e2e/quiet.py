# SPDX-License-Identifier: Apache-2.0
"""What the suites of ordinary work stand on: what they did must have raised no alert of Warning or above but
those listed in EXPECTED, each with its reason. Notices are counted and told, and what the monitor took.
"""

import ctypes
import os
import pathlib
import shutil
import subprocess
import time

from watched import Watched

SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))
SEVERE = {"Emergency", "Alert", "Critical", "Error", "Warning"}

# Rule, what its output has in it, and why that alert is right.
EXPECTED = [
    ("Node's credentials read by an unexpected program", "file=/etc/shadow command=cat /etc/shadow",
     "an administrator looks at the password hashes with cat: nothing tells him from an intruder"),
]

MARKER = "Container writes where the node's kernel takes a program from"

PR_SET_CHILD_SUBREAPER = 36


class Quiet(Watched):
    told = 0  # alerts of the whole class

    @classmethod
    def setUpClass(cls):
        # Services that leave their parent are still this process's descendants.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # Rules are judged here, not what the monitor loses where a busy machine gives it no time.
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        try:
            super().setUpClass()
        finally:
            os.setpriority(os.PRIO_PROCESS, 0, 0)
        cls.addClassCleanup(cls.tell_cost, cls.cpu_seconds(), time.monotonic())

    @classmethod
    def cpu_seconds(cls):
        stat = pathlib.Path(f"/proc/{cls.daemon.process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @classmethod
    def tell_cost(cls, cpu, since):
        used, minutes = cls.cpu_seconds() - cpu, (time.monotonic() - since) / 60
        print(f"\nthe monitor took {used:.1f} s of CPU time in {minutes:.1f} minutes: {used / minutes:.1f} a minute; "
              f"{cls.told} alerts: {60 * cls.told / minutes:.0f} an hour", flush=True)

    def setUp(self):
        self.work = self.directory / "work"
        self.work.mkdir(exist_ok=True)
        self.begun = len(self.watch.alerts)
        self.started = time.monotonic()
        self.ours = set()

    def tearDown(self):
        shutil.rmtree(self.work, ignore_errors=True)
        marker = self.wait_for_the_end()
        alerts = [a for a in self.watch.alerts[self.begun:]
                  if self.is_ours(a) and a["origin"] not in marker and not self.comes_after_others(a)]
        wrong = [f"{a['priority']} {a['rule']}: {a['output']}" for a in alerts
                 if a["priority"] in SEVERE and not self.is_expected(a)]
        notices = [a["rule"] for a in alerts if a["priority"] not in SEVERE]
        type(self).told += len(alerts)
        seconds = time.monotonic() - self.started
        told = ", ".join(f"{notices.count(rule)} {rule!r}" for rule in sorted(set(notices)))
        print(f"\n{self.id()}: {len(alerts)} alerts in {seconds:.0f} s, {len(notices)} of them notices"
              + (f": {told}" if told else ""), flush=True)
        for rule in sorted(set(notices)):
            print("  for one: " + next(a["output"] for a in alerts if a["rule"] == rule), flush=True)
        self.assertEqual(wrong, [])

    def wait_for_the_end(self):
        """Until an alert came for what happened just now: what comes is behind it. Where so much happens at once
        that the monitor lags or has to leave events out, and says so, that takes more than one attempt."""
        markers = []
        for _ in range(5):
            marker = self.run_privileged("exec 3<>/proc/sys/kernel/core_pattern")
            markers.append(marker.id)
            try:
                # Not another rule's: one that comes later would be taken for the next test's.
                self.watch.wait_for(lambda a: a["origin"] in markers and a["rule"] == MARKER, "the marker")
                return markers
            except AssertionError:
                lost = {e["event"]: e["dropped"] for e in self.daemon.status()["events"] if any(e["dropped"].values())}
                print(f"\nno alert for the marker yet; lost so far: {lost}", flush=True)
        raise AssertionError("the monitor does not come to an end")

    def is_ours(self, alert):
        """Of one whose ancestors are not known up to the first, nobody can say that it is not; one of the monitor's own
        names a cgroup, if any."""
        if alert["source"] == "nezuban" and alert["container_id"] not in ("", "host"):
            return alert["container_id"] in self.ours
        return self.is_surely_ours(alert) or [p["pid"] for p in alert["ancestors"][-1:]] != [1]

    def is_surely_ours(self, alert):
        return (alert["origin"] in self.ours or alert["container_id"] in self.ours
                or os.getpid() in [p["pid"] for p in alert["ancestors"]])

    def comes_after_others(self, alert):
        """What others do on this machine may make something of ours right to be told: their alert has that time."""
        others = {a["time"] for a in self.watch.alerts if not self.is_ours(a)}
        return any(related["time"] in others for related in alert.get("related", ()))

    @staticmethod
    def is_expected(alert):
        return any(alert["rule"] == rule and what in alert["output"] for rule, what, _ in EXPECTED)

    def run_all(self, *commands):
        """What does not come about is quiet, too: all must succeed."""
        failed = []
        for command in commands:
            done = subprocess.run(["bash", "-c", command], cwd=self.work, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300,
                                  env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
            if done.returncode != 0:
                failed.append((command, done.returncode, done.stderr.decode(errors="replace")[-500:]))
        self.assertEqual(failed, [])
