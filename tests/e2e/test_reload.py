#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules loaded again while events come: every event is judged once, by the old rules or by the new."""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from harness import Daemon, Follower, Listener, wait_until

RULE = """
- rule: Marked exec
  desc: An exec with a mark in its arguments.
  condition: evt.type = execve and proc.args startswith reload-mark
  output: "{name} %proc.args"
  priority: Notice
"""
CONNECT_RULE = """
- rule: Marked connection
  desc: A connection to a port.
  condition: evt.type = connect and fd.rport = {port}
  output: "connected"
  priority: Notice
"""


class Acts(threading.Thread):
    """Marked execs, numbered, one after the other, until stopped."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            subprocess.run(["true", f"reload-mark-{self.count}"], check=True)
            self.count += 1

    def stop(self):
        self.stopping.set()
        self.join()


class Reload(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def start(self, rules, *arguments):
        self.daemon = Daemon(*arguments, rules=rules)
        self.addCleanup(self.daemon.remove)
        self.watch = Follower.watch(self.daemon)
        self.addCleanup(self.watch.stop)
        wait_until(lambda: self.daemon.status()["subscribers"] == 1, "the subscriber")

    def hang_up(self):
        self.daemon.process.send_signal(signal.SIGHUP)

    def generation(self):
        return self.daemon.status()["rules"]["generation"]

    def version(self):
        return self.daemon.status()["rules"]["version"]

    def wait_for_another_version(self, than, what):
        """A slow machine may load the same files twice on the way to the new ones."""
        return wait_until(lambda: (lambda v: v if v != than else None)(self.version()), what)

    def act(self, text):
        subprocess.run(["true", f"reload-mark-{text}"], check=True)

    def expect(self, output):
        self.watch.wait_for(lambda a: a["output"].endswith(output), output)

    def test_under_load_no_event_is_lost_or_judged_twice(self):
        rules = self.directory / "rules.yaml"
        rules.write_text(RULE.format(name="g1"))
        self.start(rules)
        acts = Acts()
        acts.start()
        try:
            for generation in range(2, 8):
                before = acts.count
                wait_until(lambda: acts.count >= before + 20, "some acts")
                rules.write_text(RULE.format(name=f"g{generation}"))
                self.hang_up()
                wait_until(lambda: self.generation() == generation, "the rules to be loaded")
            before = acts.count
            wait_until(lambda: acts.count >= before + 20, "some acts")
        finally:
            acts.stop()
        self.watch.wait_for(lambda a: a["rule"] == "Marked exec", "all alerts", count=acts.count)
        told = [a["output"].split(" Notice ")[1].split() for a in self.watch.alerts]
        self.assertEqual([mark for _, mark in told], [f"reload-mark-{i}" for i in range(acts.count)])
        generations = [int(name[1:]) for name, _ in told]
        self.assertEqual(generations, sorted(generations))
        self.assertEqual(set(generations), set(range(1, 8)))

    def test_bad_rules_are_refused_and_the_old_ones_stay(self):
        rules = self.directory / "rules.yaml"
        rules.write_text(RULE.format(name="old"))
        self.start(rules)
        before = self.daemon.status()["rules"]
        self.assertEqual((before["generation"], before["count"], before["error"]), (1, 1, ""))
        rules.write_text(RULE.format(name="new").replace("proc.args", "proc.arrgs"))
        self.hang_up()
        refused = wait_until(lambda: (lambda s: s if s["error"] else None)(self.daemon.status()["rules"]), "the refusal")
        self.assertIn(f"{rules}:4:", refused["error"])
        self.assertIn("proc.arrgs", refused["error"])
        self.assertEqual(refused["version"], before["version"])
        self.assertIn("did you mean 'proc.aargs'", self.daemon.read_log())
        self.act("still")
        self.expect("old reload-mark-still")
        rules.write_text(RULE.format(name="new"))
        self.hang_up()
        wait_until(lambda: self.generation() == 2, "the rules to be loaded")
        after = self.daemon.status()["rules"]
        self.assertEqual(after["error"], "")
        self.assertNotEqual(after["version"], before["version"])
        self.act("again")
        self.expect("new reload-mark-again")

    def test_the_kernel_delivers_what_the_new_rules_want(self):
        listener = Listener()
        self.addCleanup(listener.close)
        rules = self.directory / "rules.yaml"
        rules.write_text(RULE.format(name="old"))
        self.start(rules)
        rules.write_text(CONNECT_RULE.format(port=listener.port))
        self.hang_up()
        wait_until(lambda: "generation 2" in self.daemon.read_log(), "the rules to be loaded")
        subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{listener.port}"], check=True)
        self.expect("connected")

    def test_the_configuration_is_taken_over_where_it_can_be(self):
        rules, config = self.directory / "rules.yaml", self.directory / "nezuban.yaml"
        rules.write_text(RULE.format(name="%static.colour"))
        config.write_text("static_fields: [colour=red]\n")
        self.start(rules, "--config", config)
        self.act("1")
        self.expect("red reload-mark-1")
        config.write_text("static_fields: [colour=blue]\nlog_level: debug\nstore_max_bytes: 2000000\n")
        self.hang_up()
        wait_until(lambda: self.generation() == 2, "the rules to be loaded")
        self.act("2")
        self.expect("blue reload-mark-2")
        log = self.daemon.read_log()
        self.assertIn("log_level has changed: taken over", log)
        self.assertIn("store_max_bytes has changed: that takes a restart", log)
        config.write_text("static_feilds: [colour=green]\n")
        self.hang_up()
        wait_until(lambda: self.generation() == 3, "the rules to be loaded")
        self.assertIn("did you mean 'static_fields'", self.daemon.read_log())
        self.act("3")
        self.expect("blue reload-mark-3")

    def test_watched_files_are_loaded_when_they_change(self):
        rules = self.directory / "rules"
        rules.mkdir()
        (rules / "a.yaml").write_text(RULE.format(name="first"))
        self.start(rules, "--watch-rules", "true")
        first = self.version()
        (rules / "a.yaml").write_text(RULE.format(name="second"))
        second = self.wait_for_another_version(first, "a file written in place")
        (self.directory / "new").write_text(RULE.format(name="third"))
        os.rename(self.directory / "new", rules / "a.yaml")
        self.wait_for_another_version(second, "a file put in its place")
        self.act("x")
        self.expect("third reload-mark-x")

    def test_a_config_map_is_loaded_when_it_is_swapped(self):
        """As the kubelet does it: rules/x.yaml → ..data/x.yaml, ..data → ..1, then ..data → ..2 by rename."""
        rules = self.directory / "rules"
        for name in ("..1", "..2"):
            (rules / name).mkdir(parents=True)
            (rules / name / "x.yaml").write_text(RULE.format(name=f"from{name}"))
        (rules / "..data").symlink_to("..1")
        (rules / "x.yaml").symlink_to("..data/x.yaml")
        self.start(rules, "--watch-rules", "true")
        before = self.version()
        (rules / "..data_tmp").symlink_to("..2")
        os.rename(rules / "..data_tmp", rules / "..data")
        self.wait_for_another_version(before, "the swap to be noticed")
        self.act("y")
        self.expect("from..2 reload-mark-y")


if __name__ == "__main__":
    unittest.main(verbosity=2)
