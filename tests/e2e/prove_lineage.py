#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who is whose child, on real processes: numbers that are used again, records that were lost, a million
short lives, and containers of crun on a pure cgroup v2."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time
import unittest

from harness import Container, wait_until
from watched import OwnMonitor, mark

SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))
LIVES = 1_000_000 if SCALE > 1 else 5_000

RULES = """
- rule: Marked
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args startswith nezuban-mark-
  output: "%proc.cmdline | %proc.pcmdline | %container.id %container.type"
- rule: Opened
  desc: d
  priority: warning
  condition: evt.type in (open, openat) and fd.name contains nezuban-mark-
  output: "%proc.cmdline | %proc.pcmdline | healed=%proc.healed"
"""

CLONE3 = 435  # on every architecture


class CloneArgs(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in (
        "flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls", "set_tid",
        "set_tid_size", "cgroup")]


def run_as(pid, *command):
    """Runs the command in a process of that number, which must be free."""
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = ctypes.c_int32(pid)
    args = CloneArgs(exit_signal=signal.SIGCHLD, set_tid=ctypes.addressof(wanted), set_tid_size=1)
    child = libc.syscall(CLONE3, ctypes.byref(args), ctypes.sizeof(args))
    if child == 0:
        try:
            os.execv(command[0], command)
        finally:
            os._exit(127)
    if child != pid:
        raise OSError(ctypes.get_errno(), f"clone3 gave {child}")
    return os.waitpid(pid, 0)[1]


class Lineage(OwnMonitor):
    rules_text = RULES

    def test_a_number_that_is_used_again_is_another_process(self):
        _, watch = self.daemon()
        word = mark()
        free = subprocess.Popen(["/bin/true"])
        free.wait()
        for turn in range(23):
            shell = f"turn={turn}; /bin/true {word} {turn}; :"
            self.assertEqual(run_as(free.pid, "/bin/sh", "-c", shell), 0)
        alerts = watch.wait_for(lambda a: word in a["output"], "an alert of each", 23)
        for turn, alert in enumerate(alerts):
            self.assertIn(f"true {word} {turn} | sh -c turn={turn};", alert["output"])

    def test_numbers_in_a_small_pid_namespace(self):
        """Those that come after the 301st have the numbers of those before them: there are two or three."""
        _, watch = self.daemon()
        word = mark()
        script = ("echo 303 >/proc/sys/kernel/pid_max && for i in $(seq 400); do "
                  f"if [ $i -gt 377 ]; then sh -c \"turn=$i; /bin/true {word} $i; :\"; else (:); fi; done")
        subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script], check=True)
        alerts = watch.wait_for(lambda a: word in a["output"], "an alert of each", 23)
        for turn, alert in enumerate(alerts, 378):
            self.assertIn(f"true {word} {turn} | sh -c turn={turn};", alert["output"])

    def test_what_was_lost_is_found_and_marked(self):
        daemon, watch = self.daemon("--vital-ring-bytes", "65536")
        word = mark()
        go = self.directory / "go"
        os.mkfifo(go)
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            subprocess.run(["sh", "-c", "i=0; while [ $i -lt 2000 ]; do (:); i=$((i+1)); done"], check=True)
            # Started when there is no room for it: neither its parent nor itself is seen.
            parent = subprocess.Popen(["sh", "-c", f"sh -c 'read x <{go}; : >{self.directory}/{word}; read x <{go}'; :"])
            time.sleep(0.5)
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        self.addCleanup(parent.wait)
        self.addCleanup(parent.kill)
        wait_until(lambda: daemon.status()["table_heals"] > 0, "the table to be healed")
        status = daemon.status()
        self.assertGreater(status["records_missing"], 1000)
        self.assertGreater(status["processes_healed"], 1)
        go.write_text("\n")
        alert = watch.wait_for(lambda a: a["rule"] == "Opened" and word in a["output"], "the open")[0]
        self.assertIn("sh -c read x", alert["output"])
        self.assertIn("| sh -c sh -c 'read x", alert["output"])
        self.assertIn("healed=true", alert["output"])
        go.write_text("\n")

    def test_short_lives_leave_nothing(self):
        daemon, _ = self.daemon()
        before = daemon.status()
        begun = time.monotonic()
        loops = [subprocess.Popen(["sh", "-c", f"i=0; while [ $i -lt {LIVES // 2} ]; do (:); i=$((i+1)); done"])
                 for _ in range(2)]
        for loop in loops:
            self.assertEqual(loop.wait(), 0)
        took = time.monotonic() - begun
        wait_until(lambda: daemon.status()["processes"] < before["processes"] + 200, "the table to be small again")
        after = daemon.status()
        forks = next(e for e in after["events"] if e["event"].startswith("fork") or "clone" in e["event"])
        self.assertGreaterEqual(forks["seen"], LIVES)
        rss = int(pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1]) * 4096
        living = sum(entry.name.isdigit() for entry in pathlib.Path("/proc").iterdir())
        print(f"\n{LIVES} processes in {took:.0f} s: {before['processes']} known before, {after['processes']} after, "
              f"{living} live; {after['processes_evicted']} forgotten early, {after['records_missing']} records lost, "
              f"{rss >> 20} MiB resident")
        self.assertLess(after["processes"], living + 200)

    def test_containers_of_crun_on_pure_cgroup2(self):
        _, watch = self.daemon()
        word = mark()
        # By the name it is given nobody could tell whose it is: by who cloned a process into its cgroup.
        container = Container("/bin/true", word, name="shop-" + word[-12:], runtime="crun")
        self.addCleanup(container.remove)
        container.start().process.wait()
        alert = watch.wait_for(lambda a: a["rule"] == "Marked" and word in a["output"], "the alert")[0]
        self.assertIn(f"| {container.id[:12]} crun", alert["output"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
