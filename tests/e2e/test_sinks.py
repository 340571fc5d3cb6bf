#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts of the real daemon at real peers: nothing is lost while a peer is down, slow or bad."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from harness import Daemon, wait_until

RULE = """
- rule: Marked exec
  desc: An exec with a mark in its arguments.
  condition: evt.type = execve and proc.args startswith sink-mark
  output: "%proc.name %proc.args"
  priority: Warning
  tags: [T1059.004, mitre_execution]
"""


class Sinks(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        (self.directory / "rules.yaml").write_text(RULE)
        self.acts = 0

    def start(self, *sinks):
        """A daemon whose only rule is ours, with these sinks."""
        config = self.directory / "nezuban.yaml"
        config.write_text(json.dumps({"sinks": [{"retry_max_ms": 100, **sink} for sink in sinks]}))
        self.daemon = Daemon("--config", config, rules=self.directory / "rules.yaml")
        self.addCleanup(self.daemon.remove)

    def act(self, count=1):
        """Marked execs; gives their marks."""
        marks = [f"sink-mark-{self.acts + i}" for i in range(count)]
        self.acts += count
        for mark in marks:
            subprocess.run(["true", mark], check=True)
        return marks

    def sink(self, index=0):
        return self.daemon.status()["sinks"][index]

    def wait_until_sent(self, count, index=0):
        wait_until(lambda: self.sink(index)["sent"] >= count, f"{count} alerts sent")


class File(Sinks):
    def test_lines_survive_logrotate(self):
        path = self.directory / "alerts.jsonl"
        self.start({"name": "archive", "type": "file", "path": str(path)})
        marks = self.act(3)
        self.wait_until_sent(3)
        path.rename(self.directory / "rotated")
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.daemon.status()["rules"]["generation"] == 2, "the signal to be handled")
        marks += self.act(2)
        self.wait_until_sent(5)
        lines = [json.loads(line) for name in ("rotated", path.name)
                 for line in (self.directory / name).read_text().splitlines()]
        self.assertEqual([a["output_fields"]["proc.args"] for a in lines], marks)
        self.assertEqual(len(path.read_text().splitlines()), 2)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_a_sink_that_cannot_work_is_told_at_the_start(self):
        config = self.directory / "bad.yaml"
        config.write_text("sinks:\n  - {name: a, type: file, path: /nowhere/at/all}\n")
        out = subprocess.run([os.environ["NEZUBAN_BIN"], "run", "--config", config, "--rules",
                              self.directory / "rules.yaml", "--socket", self.directory / "s"],
                             capture_output=True, text=True)
        self.assertEqual(out.returncode, 2)
        self.assertIn("sink a: open /nowhere/at/all: No such file or directory", out.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
