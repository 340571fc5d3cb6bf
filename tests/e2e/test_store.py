# SPDX-License-Identifier: Apache-2.0
"""Alerts outlive the monitor and its clients: kill -9 under load, a full disk, a damaged file, a cursor kept."""

import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BINARY, PATIENCE, Daemon, Follower, wait_until
from times import seconds

# Every third alert is of a priority that is synced before it is sent.
RULES = """
- rule: Synced
  desc: An exec with the mark.
  condition: evt.type = execve and proc.args startswith "{mark}-" and proc.args endswith "-s"
  output: "%proc.args"
  priority: Warning
- rule: Soon
  desc: The same, of less weight.
  condition: evt.type = execve and proc.args startswith "{mark}-" and proc.args endswith "-u"
  output: "%proc.args"
  priority: Notice
"""


SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))


def damage(directory, ways):
    """Damages a file of the store; what it did."""
    files = [path for path in directory.iterdir() if path.name.startswith("alerts.db") and path.stat().st_size > 0]
    path = ways.choice(sorted(files))
    place = ways.randrange(path.stat().st_size)
    if ways.random() < 0.25:
        os.truncate(path, place)
        return f"{path.name} cut off at {place}"
    count = ways.choice([1, 16, 512, 8192])
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(ways.randbytes(count))
    return f"{count} bytes of {path.name} at {place}"


class Load:
    """Marked execs, a few hundred a second, each numbered, with the time at which it was made."""

    def __init__(self, mark):
        self.mark = mark
        self.made = {}  # number: (before, after), seconds since the epoch
        self.stopping = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        number = 0
        while not self.stopping:
            number += 1
            suffix = "s" if number % 3 == 0 else "u"
            before = time.time()
            subprocess.run(["/bin/true", f"{self.mark}-{number}-{suffix}"], check=True)
            self.made[number] = (before, time.time())

    def stop(self):
        self.stopping = True
        self.thread.join()


def covers(gap, cursor, when):
    return (gap["first_cursor"] <= cursor <= gap["last_cursor"]
            and seconds(gap["first_time"]) <= when <= seconds(gap["last_time"]))


class Store(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.store = self.directory / "store"
        self.mark = f"mark{os.getpid()}{random.randrange(10**6)}"
        self.rules = self.directory / "rules.yaml"
        self.rules.write_text(RULES.format(mark=self.mark))

    def start(self, *arguments, store=None):
        daemon = Daemon(*arguments, rules=self.rules, store=store or self.store)
        self.addCleanup(daemon.remove)
        return daemon

    def watch(self, daemon, *arguments):
        follower = Follower.watch(daemon, *arguments)
        self.addCleanup(follower.stop)
        return follower

    def make(self, first, last, suffix="s"):
        for number in range(first, last + 1):
            subprocess.run(["/bin/true", f"{self.mark}-{number}-{suffix}"], check=True)

    def numbers(self, follower):
        return [int(a["output_fields"]["proc.args"].split("-")[1]) for a in list(follower.alerts)
                if a["source"] == "syscall"]

    def test_kill_9_loses_nothing_outside_of_a_gap(self):
        kills = 3  # many, and with sinks: test_delivery.py
        load = Load(self.mark)
        self.addCleanup(load.stop)
        got, gaps = [], []
        for _ in range(kills):
            daemon = self.start()
            follower = self.watch(daemon, "--name", "siem", "--from", "oldest")
            time.sleep(random.uniform(0.2, 2.0))
            daemon.stop(signal.SIGKILL)
            time.sleep(random.uniform(0, 0.3))
            follower.stop()
            got += follower.alerts
            gaps += follower.gaps
            daemon.remove()
        daemon = self.start()
        follower = self.watch(daemon, "--name", "siem", "--from", "oldest")
        time.sleep(1)
        load.stop()
        end = max(load.made)
        wait_until(lambda: end in self.numbers(follower), "the last alert")
        got += follower.alerts
        gaps += follower.gaps
        # What anybody ever got was in the file before: it still is.
        everything = self.watch(daemon, "--from", "oldest")
        wait_until(lambda: end in self.numbers(everything), "the last alert, in the file")
        kept = {alert["cursor"] for alert in list(everything.alerts)}
        self.assertEqual([a["cursor"] for a in got if a["cursor"] not in kept], [])

        # That it was killed, the next start tells; after the last one nobody was.
        told = [alert for alert in list(everything.alerts) if alert["rule"] == "Monitor was cut off"]
        self.assertEqual([alert["priority"] for alert in told], ["Critical"] * kills)
        self.assertEqual(daemon.stop(), 0)
        after = self.watch(self.start(), "--from", "oldest")
        wait_until(lambda: end in self.numbers(after), "the last alert, after a stop")
        self.assertEqual(len([a for a in list(after.alerts) if a["rule"] == "Monitor was cut off"]), kills)

        by_number, cursors = {}, {}
        got = [alert for alert in got if alert["source"] == "syscall"]
        for alert in got:
            by_number.setdefault(int(alert["output_fields"]["proc.args"].split("-")[1]), set()).add(alert["id"])
            self.assertEqual(cursors.setdefault(alert["cursor"], alert["id"]), alert["id"], "a cursor used twice")
        spans = [(seconds(gap["first_time"]), seconds(gap["last_time"])) for gap in gaps]
        begun = min(seconds(alert["time"]) for alert in got)
        lost = [n for n, (before, _) in load.made.items() if n not in by_number and before > begun]
        outside = [n for n in lost
                   if not any(first <= load.made[n][1] and load.made[n][0] <= last for first, last in spans)]
        twice = len(got) - sum(len(ids) for ids in by_number.values())
        print(f"\n{kills} kills, {len(load.made)} alerts due: {len(by_number)} came, {twice} of them again after a "
              f"restart; {len(lost)} lost, all but {len(outside)} inside {len(set(spans))} reported gaps", flush=True)
        self.assertEqual(outside, [])
        self.assertGreaterEqual(len(set(spans)), kills)
        self.assertGreater(len(by_number), kills)

    def test_a_cursor_is_resumed_where_it_was(self):
        daemon = self.start()
        self.make(1, 20)
        first = self.watch(daemon, "--from", "oldest")
        first.wait_for(lambda a: True, "the alerts", 20)
        self.assertEqual(self.numbers(first), list(range(1, 21)))
        cursor = first.alerts[9]["cursor"]
        second = self.watch(daemon, "--from", str(cursor))
        second.wait_for(lambda a: True, "the alerts behind the cursor", 10)
        self.assertEqual(self.numbers(second), list(range(11, 21)))
        self.assertEqual(daemon.stop(), 0)
        again = self.start()
        third = self.watch(again, "--from", str(cursor))
        third.wait_for(lambda a: True, "the alerts of the run before", 10)
        self.assertEqual(self.numbers(third), list(range(11, 21)))
        wait_until(lambda: third.gaps, "the time without a monitor, as a gap")
        self.assertEqual({gap["reason"] for gap in third.gaps}, {"the monitor was not running"})
        refused = subprocess.run([BINARY, "watch", "--address", again.address, "--from", str(2**60)],
                                 capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("is none of this store's", refused.stderr)

    def test_a_full_disk_is_told_and_survived(self):
        small = self.directory / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
        (small / "ballast").write_bytes(b"x" * (600 << 10))
        daemon = self.start(store=small / "store")
        follower = self.watch(daemon, "--from", "oldest")
        number = 0
        while "store fails" not in daemon.read_log() and number < 3000:
            self.make(number + 1, number + 50)
            number += 50
        self.assertIn("full", daemon.read_log())
        follower.wait_for(lambda a: a["source"] == "nezuban" and "full" in a["output"], "the fault, as an alert")
        self.make(number + 1, number + 10)
        wait_until(lambda: number + 10 in self.numbers(follower), "alerts with a full disk")
        self.assertEqual(self.numbers(follower), list(range(1, number + 11)))
        (small / "ballast").unlink()
        wait_until(lambda: "works again" in daemon.read_log(), "the store to work again")
        self.assertEqual(daemon.stop(), 0)
        again = self.start(store=small / "store")
        later = self.watch(again, "--from", "oldest")
        wait_until(lambda: number + 10 in self.numbers(later), "what was written after the disk had room")
        self.assertEqual(self.numbers(later), list(range(1, number + 11)))

    def test_a_damaged_file_is_set_aside(self):
        daemon = self.start()
        self.make(1, 10)
        wait_until(lambda: daemon.status()["alerts"] >= 10, "the alerts")
        self.assertEqual(daemon.stop(), 0)
        path = self.store / "alerts.db"
        with open(path, "r+b") as file:
            file.seek(0)
            file.write(os.urandom(64))
        again = self.start()
        self.assertIn("set aside as", again.read_log())
        self.assertTrue(list(self.store.glob("alerts.db.damaged-*")))
        follower = self.watch(again, "--from", "oldest")
        self.make(11, 20)
        wait_until(lambda: 20 in self.numbers(follower), "alerts in the new store")
        self.assertEqual(self.numbers(follower), list(range(11, 21)))
        self.assertEqual(follower.gaps[0]["reason"], "the store was damaged")

    def filled(self, how):
        """A copy of a store with alerts 1 to 300 that the monitor left when it ended so; and of each its cursor and
        the time of its event."""
        daemon = self.start()
        follower = self.watch(daemon, "--from", "oldest")
        self.make(1, 300)
        wait_until(lambda: daemon.status()["store_alerts"] >= 300, "the alerts, in the store")
        follower.wait_for(lambda a: True, "the alerts", 300)
        time.sleep(0.2)  # all of them are on their way to the file within 100 ms
        daemon.stop(how)
        kept = self.directory / how.name
        self.store.rename(kept)
        return kept, {number: (alert["cursor"], seconds(alert["time"]))
                      for number, alert in zip(self.numbers(follower), follower.alerts)}

    def test_a_file_damaged_anywhere_stops_nothing(self):
        """Bytes overwritten, or the end cut off, at a place of chance: it starts, says so, and goes on."""
        kept = [self.filled(signal.SIGTERM), self.filled(signal.SIGKILL)]  # the latter with its write-ahead log
        outcomes = collections.Counter()
        for seed in range(3 if SCALE == 1 else 5 * SCALE):
            with self.subTest(seed=seed):
                shutil.rmtree(self.store, ignore_errors=True)
                directory, alerts = kept[seed % 2]
                shutil.copytree(directory, self.store)
                what = damage(self.store, random.Random(seed))
                outcome = self.go_on_with_damage(what, alerts)
                print(f"\n  seed {seed}: {what}: {outcome}", end="", flush=True)
                outcomes[outcome] += 1
        print(f"\n  {sum(outcomes.values())} places: {dict(outcomes)}", flush=True)

    def go_on_with_damage(self, what, alerts):
        daemon = self.start("--sensors", "tracepoint")
        follower = self.watch(daemon, "--from", "oldest")
        self.make(1000, 1000)
        wait_until(lambda: 1000 in self.numbers(follower), f"an alert after {what}")
        came = self.numbers(follower)
        self.assertEqual(came, sorted(set(came)), what)
        lost = set(alerts) - set(came)
        # SQLite takes a log that ends sooner for one that was not written: a time without a monitor, not damage.
        outside = {n: alerts[n] for n in sorted(lost) if not any(covers(gap, *alerts[n]) for gap in follower.gaps)}
        self.assertEqual(outside, {}, f"{what}; gaps {follower.gaps}")
        status = daemon.status()
        aside = bool(list(self.store.glob("alerts.db.damaged-*")))
        if any(gap["reason"] == "the store was damaged" for gap in follower.gaps):
            self.assertGreater(status["store_damaged"] + status["store_faults"], 0, what)
        if aside:
            self.assertIn("set aside as", daemon.read_log())
            follower.wait_for(lambda a: a["source"] == "nezuban" and "damaged" in a["output"], "the fault, as an alert")
        follower.stop()
        self.assertEqual(daemon.stop(), 0, what)
        daemon.remove()
        return "set aside" if aside else "rows lost" if lost else "nothing lost"

    def test_a_directory_that_cannot_be_used_stops_nothing(self):
        self.store.write_text("a file")
        daemon = self.start()
        follower = self.watch(daemon, "--from", "oldest")
        self.make(1, 10)
        wait_until(lambda: 10 in self.numbers(follower), "alerts without a store")
        self.assertIn("the alert store fails", daemon.read_log())
        self.assertEqual(daemon.stop(), 0)

    def test_a_later_version_is_refused(self):
        daemon = self.start()
        self.assertEqual(daemon.stop(), 0)
        data = bytearray((self.store / "alerts.db").read_bytes())
        data[60:64] = (9).to_bytes(4, "big")  # the header's user_version
        (self.store / "alerts.db").write_bytes(data)
        refused = subprocess.run([BINARY, "run", "--store", self.store, "--socket", self.directory / "run" / "s",
                                  "--rules", self.rules], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("schema version 9", refused.stderr)
        self.assertIn("move the file away", refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
