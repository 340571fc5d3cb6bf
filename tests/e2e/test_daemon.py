# SPDX-License-Identifier: Apache-2.0
"""The daemon's good and bad days: how it starts, what it refuses, what it leaves behind, what it counts."""

import os
import pathlib
import random
import signal
import stat
import subprocess
import tempfile
import time
import unittest

from harness import BINARY, PATIENCE, ROOT, Daemon, Follower, wait_until

EXEC_RULE = """
- rule: Marked exec
  desc: An exec with a mark in its arguments.
  condition: evt.type = execve and proc.args contains {mark}
  output: "%proc.cmdline"
  priority: Notice
"""


def attached_programs():
    """Names of the BPF programs on this machine that are ours."""
    shown = subprocess.run(["bpftool", "prog", "show"], check=True, capture_output=True, text=True).stdout
    return [line for line in shown.splitlines() if " name on_" in line]


def nezuban(*arguments, **options):
    return subprocess.run([BINARY, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE * 2, **options)


class Starting(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def start(self, *arguments, **options):
        daemon = Daemon(*arguments, **options)
        self.addCleanup(daemon.remove)
        return daemon

    def test_stops_cleanly_and_leaves_nothing(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            daemon = self.start()
            self.assertEqual(stat.S_IMODE(daemon.socket.stat().st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(daemon.socket.parent.stat().st_mode), 0o700)
            self.assertNotEqual(attached_programs(), [])
            self.assertEqual(daemon.stop(how), 0)
            self.assertEqual(list(daemon.socket.parent.iterdir()), [])
            wait_until(lambda: attached_programs() == [], "the programs to be gone")

    def test_a_signal_during_load_leaves_nothing_attached(self):
        for _ in range(7):
            process = subprocess.Popen([BINARY, "run", "--store", "memory", "--socket", self.directory / "run" / "s", "--output", "none",
                                        "--rules", ROOT / "rules" / "default"], stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.0, 0.8))
            process.send_signal(signal.SIGTERM)
            self.assertIn(process.wait(timeout=PATIENCE), (0, -signal.SIGTERM))
            wait_until(lambda: attached_programs() == [], "the programs to be gone")
            self.assertFalse((self.directory / "run" / "s").exists())

    def test_a_live_daemons_socket_is_refused(self):
        daemon = self.start()
        second = nezuban("run", "--store", "memory", "--socket", str(daemon.socket), "--rules", str(ROOT / "rules" / "default"))
        self.assertEqual(second.returncode, 2)
        self.assertIn(f"pid {daemon.process.pid}", second.stderr)
        self.assertGreater(daemon.status()["rules_loaded"], 0)

    def test_a_dead_daemons_socket_is_replaced(self):
        daemon = self.start()
        daemon.stop(signal.SIGKILL)
        self.assertTrue(daemon.socket.exists())
        again = subprocess.Popen([BINARY, "run", "--store", "memory", "--socket", daemon.socket, "--rules", ROOT / "rules" / "default",
                                  "--output", "none"], stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: "watching" in again.stderr.readline(), "the second daemon")
            self.assertGreater(daemon.status()["rules_loaded"], 0)
        finally:
            again.send_signal(signal.SIGTERM)
            self.assertEqual(again.wait(timeout=PATIENCE), 0)
            again.stderr.close()

    def test_every_error_of_bad_rules_is_told_and_nothing_attached(self):
        one = self.write("one.yaml", "- rule: a\n  desc: d\n  condition: proc.nmae = x\n  output: o\n  priority: Notice\n")
        two = self.write("two.yaml", "- rule: b\n  desc: d\n  condition: proc.name startswit x\n  output: '%proc.nope'\n"
                                     "  priority: loud\n")
        ended = nezuban("run", "--store", "memory", "--socket", str(self.directory / "run" / "s"), "--rules", str(one), "--rules", str(two))
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn(f"{one}:3:14: error:", ended.stderr)
        self.assertIn("did you mean 'proc.name'?", ended.stderr)
        for line in (f"{two}:3:", f"{two}:4:", f"{two}:5:"):
            self.assertIn(line, ended.stderr)
        self.assertEqual(attached_programs(), [])
        self.assertFalse((self.directory / "run").exists())

    def test_bad_options_are_refused(self):
        config = self.write("nezuban.yaml", "sockett: /x\nsensors: all\n")
        for arguments, wanted in (
            (["run", "--config", str(config)], [f"{config}:1:1: error: unknown key 'sockett', did you mean 'socket'?",
                                               f"{config}:2:10: error: sensors: expected one of"]),
            (["run", "--sensors", "many"], ["--sensors: expected one of auto object tracepoint"]),
            (["run", "--no-such-option"], ["--no-such-option"]),
            (["no-such-command"], ["unknown command 'no-such-command'"]),
            (["statsu"], ["unknown command 'statsu', did you mean 'status'?"]),
            (["run", "--rules", "/nonexistent"], ["/nonexistent"]),
            (["run", "--store", "memory", "--listen", "0.0.0.0:0", "--socket", str(self.directory / "run" / "s")], ["expected 127.0.0.1:PORT"]),
        ):
            ended = nezuban(*arguments)
            self.assertEqual(ended.returncode, 1, (arguments, ended.stderr))
            for text in wanted:
                self.assertIn(text, ended.stderr + ended.stdout)

    def test_missing_capabilities_are_named(self):
        for capability in ("bpf", "perfmon"):
            without = f"-{capability},-sys_admin"
            ended = subprocess.run(
                ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}", BINARY, "run", "--store", "memory", "--socket",
                 self.directory / "run" / "s", "--rules", ROOT / "rules" / "default"],
                capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(ended.returncode, 2, ended.stderr)
            self.assertIn(f"CAP_{capability.upper()}", ended.stderr)

    def test_three_capabilities_are_enough(self):
        rule = self.write("rule.yaml", EXEC_RULE.format(mark="few-capabilities"))
        daemon = Daemon.__new__(Daemon)
        daemon.directory = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-e2e-"))
        daemon.socket = daemon.directory / "run" / "nezuban.sock"
        daemon.log = open(daemon.directory / "log", "w+b")
        keep = "-all,+bpf,+perfmon,+sys_ptrace"
        daemon.process = subprocess.Popen(
            ["setpriv", f"--bounding-set={keep}", "--inh-caps=-all", BINARY, "run", "--store", "memory", "--socket", daemon.socket, "--rules",
             rule, "--output", "none"], stdin=subprocess.DEVNULL, stdout=daemon.log, stderr=daemon.log)
        self.addCleanup(daemon.remove)
        wait_until(daemon._ready, "the daemon with three capabilities")
        watch = Follower.watch(daemon)
        self.addCleanup(watch.stop)
        wait_until(lambda: daemon.status()["subscribers"] == 1, "the subscriber")
        subprocess.run(["true", "few-capabilities"], check=True)
        watch.wait_for(lambda a: "few-capabilities" in a["output"], "the marked exec")

    def test_a_closed_standard_output_is_refused(self):
        ended = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", BINARY, "run", "--store", "memory", "--socket", self.directory / "run" / "s",
                                "--rules", ROOT / "rules" / "default"], stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual(ended.returncode, 2, ended.stderr)
        self.assertIn("standard output is closed", ended.stderr)

    def test_nothing_takes_the_place_of_closed_streams(self):
        socket = self.directory / "run" / "s"
        process = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", BINARY, "run", "--store", "memory", "--socket", socket,
                                    "--rules", ROOT / "rules" / "default", "--output", "none"])
        try:
            wait_until(socket.exists, "the daemon to serve")
            for number in range(3):
                self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{number}"), "/")
        finally:
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=PATIENCE), 0)

    def test_a_pid_namespace_of_its_own_is_told(self):
        log = self.directory / "log"
        with log.open("w") as out:
            process = subprocess.Popen(
                ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", BINARY, "run", "--store", "memory", "--output", "none",
                 "--socket", self.directory / "run" / "s", "--rules", ROOT / "rules" / "default"], stderr=out)
        try:
            wait_until(lambda: "watching" in log.read_text(), "the daemon to be watching")
        finally:
            process.kill()
            process.wait(timeout=PATIENCE)
        self.assertIn("hostPID: true", log.read_text())

    def test_commands_without_a_daemon_say_so(self):
        address = f"unix://{self.directory}/none.sock"
        for command in (["status"], ["watch"]):
            ended = nezuban(*command, "--address", address)
            self.assertEqual(ended.returncode, 2, ended.stderr)
            self.assertIn("none.sock", ended.stderr)


class Counting(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.rule = pathlib.Path(directory.name) / "rule.yaml"
        self.rule.write_text(EXEC_RULE.format(mark="counted-exec"))

    def start(self, *arguments):
        daemon = Daemon(*arguments, rules=self.rule)
        self.addCleanup(daemon.remove)
        watch = Follower.watch(daemon)
        self.addCleanup(watch.stop)
        wait_until(lambda: daemon.status()["subscribers"] == 1, "the subscriber")
        return daemon, watch

    def totals(self, daemon, event="execve"):
        return next(e for e in daemon.status()["events"] if e["event"] == event)

    def test_every_marked_exec_gives_one_alert(self):
        daemon, watch = self.start()
        for i in range(101):
            subprocess.run(["true", f"counted-exec-{i}"], check=True)
        watch.wait_for(lambda a: a["rule"] == "Marked exec", "101 alerts", count=101)
        time.sleep(0.2)
        self.assertEqual(len(watch.alerts), 101)
        self.assertEqual(len({a["id"] for a in watch.alerts}), 101)
        self.assertEqual([a["output"].rsplit("-", 1)[1] for a in watch.alerts], [str(i) for i in range(101)])

    def test_what_is_lost_is_counted_and_told(self):
        daemon, watch = self.start("--vital-ring-bytes", "65536")
        os.kill(daemon.process.pid, signal.SIGSTOP)  # so that the ring must overflow
        try:
            for _ in range(211):
                subprocess.run(["true", "x" * 4000], check=True)
        finally:
            os.kill(daemon.process.pid, signal.SIGCONT)
        time.sleep(0.5)  # until the ring has room again
        subprocess.run(["true", "counted-exec-after"], check=True)
        alert = watch.wait_for(lambda a: "counted-exec-after" in a["output"], "the exec after the loss")[0]
        self.assertGreater(alert["lost_before"], 0)
        totals = self.totals(daemon)
        lost = sum(count for count in totals["dropped"].values())
        self.assertGreater(totals["dropped"]["ring full"], 0)
        self.assertEqual(totals["seen"], totals["delivered"] + totals["filtered"] + lost)

    def test_events_no_rule_wants_stay_in_the_kernel(self):
        daemon, _ = self.start()
        before = self.totals(daemon, "connect")
        subprocess.run(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/1"], stderr=subprocess.DEVNULL, check=False)
        time.sleep(0.5)
        # Filtered where a sensor runs; where its system call is not even looked at, not counted.
        self.assertEqual(self.totals(daemon, "connect")["delivered"], before["delivered"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
