#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the monitor at random moments under 1,000 alerts a second, with a durable subscriber and every sink:
what was stored reaches each of them, and what was not is inside a gap that was told."""

import bisect
import collections
import json
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

from harness import ROOT, Daemon, Follower, wait_until
from peers import Certificates, OtlpReceiver, Rsyslog, Webhook, free_port
from times import seconds

SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))
KILLS = 3 if SCALE == 1 else 10 * SCALE
RATE = 200 if SCALE == 1 else 1000  # alerts a second
# A third of them are of a priority that is synced before it is sent.
RULES = """
- rule: Synced
  desc: A file made, of weight.
  condition: evt.type in (open, openat, openat2) and fd.name startswith "{where}/" and fd.name endswith "-s"
  output: "%fd.name"
  priority: Warning
- rule: Soon
  desc: A file made, of less weight.
  condition: evt.type in (open, openat, openat2) and fd.name startswith "{where}/" and fd.name endswith "-u"
  output: "%fd.name"
  priority: Notice
"""
# Not ordered: after a kill, what the old connection still held is read beside what comes over the new one.
UNORDERED = {"udp", "tcp", "tls"}


class Tally:
    """Which alerts somebody got: (cursor, id, number of the file) in the order of arrival."""

    def __init__(self, cursor, name):
        self.cursor, self.id = re.compile(cursor), re.compile(name)
        self.got = []

    def add(self, text):
        """One alert in the consumer's own format; False if it is none of ours, or not whole."""
        cursor, name = self.cursor.search(text), self.id.search(text)
        number = re.search(r"/(\d+)-[su]\b", text)
        if cursor and name and number:
            self.got.append((int(cursor[1]), sys.intern(name[1]), int(number[1])))

    def newest(self):
        return max((cursor for cursor, _, _ in self.got[-2000:]), default=0)


def of_json():
    return Tally(r'"cursor":\s*(\d+)', r'"id":\s*"([^"]+)"')


def of_syslog():
    return Tally(r' cursor="(\d+)"', r'\[nezuban@32473 id="([^"]+)"')


class FileTally:
    """The same of a file that grows."""

    def __init__(self, path, tally):
        self.path, self.tally, self.rest, self.offset = path, tally, "", 0

    def read(self):
        if self.path.exists():
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
            self.offset += len(data)
            *lines, self.rest = (self.rest + data.decode(errors="replace")).split("\n")
            for line in lines:
                self.tally.add(line)
        return self.tally


class Subscriber(Follower):
    """`nezuban watch --name`: over every restart of the monitor, the same process."""

    def __init__(self, command):
        self.tally = of_json()
        super().__init__(command)

    def _read(self):
        for line in self.process.stdout:
            if line.startswith('{"gap"'):
                self.gaps.append(json.loads(line)["gap"])
            else:
                self.tally.add(line)


class Delivery(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        where = tempfile.TemporaryDirectory(prefix="nezuban-opens-", dir="/dev/shm")
        self.addCleanup(where.cleanup)
        self.where = where.name
        (self.directory / "rules.yaml").write_text(RULES.format(where=self.where))
        self.tallies = {}

    def peers(self):
        """A peer for every kind of sink; gives the sinks' configuration."""
        certificates = Certificates(self.directory)
        cert, key = certificates.sign("server", "IP:127.0.0.1")
        rsyslog = Rsyslog()
        self.addCleanup(rsyslog.remove)
        ports = {name: free_port() for name in ("udp", "tcp", "tls")}
        socket = self.directory / "syslog"
        rsyslog.add("unix", "imuxsock", f'Socket="{socket}" ParseTrusted="off" UseSysTimeStamp="off"')
        rsyslog.add("udp", "imudp", f'port="{ports["udp"]}" address="127.0.0.1" rcvbufSize="16m"')
        rsyslog.add("tcp", "imptcp", f'port="{ports["tcp"]}"')
        rsyslog.add_tls("tls", ports["tls"], cert, key, certificates.path("ca.pem"))
        rsyslog.start()
        for name in ("unix", *ports):
            self.tallies[name] = FileTally(rsyslog.directory / name, of_syslog()).read
        self.tallies["file"] = FileTally(self.directory / "alerts", of_json()).read
        webhook, hook = of_json(), Webhook(on_body=lambda body: [webhook.add(line) for line in body.splitlines()])
        self.addCleanup(hook.close)
        self.tallies["webhook"] = lambda: webhook
        otlp = Tally(r'"sequence":(\d+)', r'"finding_info":\{[^}]*"uid":"([^"]+)"')
        receiver = OtlpReceiver(on_record=lambda record: otlp.add(record.body.string_value))
        self.addCleanup(receiver.close)
        self.tallies["otlp"] = lambda: otlp
        return [{"name": "file", "type": "file", "path": str(self.directory / "alerts"), "max_bytes": 0},
                {"name": "stdout", "type": "stdout"},
                {"name": "unix", "type": "syslog", "transport": "unix", "address": str(socket)},
                {"name": "tls", "type": "syslog", "transport": "tls", "address": f"127.0.0.1:{ports['tls']}",
                 "tls_ca": certificates.path("ca.pem")},
                *({"name": name, "type": "syslog", "transport": name, "address": f"127.0.0.1:{ports[name]}"}
                  for name in ("udp", "tcp")),
                {"name": "webhook", "type": "webhook", "url": hook.url, "body": "lines"},
                {"name": "otlp", "type": "otlp", "address": f"127.0.0.1:{receiver.port}", "plaintext": True,
                 "body": "json"}]

    def start(self, wait=True):
        daemon = Daemon("--config", self.directory / "nezuban.yaml", rules=self.directory / "rules.yaml",
                        store=self.directory / "store", socket_path=self.directory / "run" / "s", wait=wait)
        self.addCleanup(daemon.remove)
        return daemon

    def watch(self, daemon, *arguments):
        follower = Subscriber.watch(daemon, "--from", "oldest", *arguments)
        self.addCleanup(follower.stop)
        return follower

    def kill_many_times(self):
        """Under load, at random moments, some before it watches. The subscriber, and when the monitor watched."""
        watched, self.starts = [], []
        for kill in range(KILLS):
            begun = time.time()
            daemon = self.start(wait=kill % 4 != 3)
            since = time.time()
            if kill % 4 != 3:
                self.starts.append(since - begun)
            if kill == 0:
                subscriber = self.watch(daemon, "--name", "siem", "--wait")
            time.sleep(random.uniform(0, 2))
            if kill % 4 != 3:
                watched.append((since, time.time()))
            daemon.stop(signal.SIGKILL)
            FileTally(daemon.directory / "log", self.stdout).read()
            daemon.remove()
        return subscriber, watched

    def test_kill_9_under_load_loses_nothing_outside_of_a_gap(self):
        (self.directory / "nezuban.yaml").write_text(json.dumps(
            {"sinks": [{"retry_max_ms": 100, **sink} for sink in self.peers()], "store_max_bytes": 4 << 30,
             "sensors": "tracepoint"}))  # which start sooner
        log = self.directory / "opens"
        opens = subprocess.Popen([sys.executable, ROOT / "tests" / "e2e" / "opens.py", self.where, str(RATE), log])
        self.addCleanup(opens.kill)
        begun = time.time()
        self.stdout = of_json()
        subscriber, watched = self.kill_many_times()
        daemon = self.start()
        self.tallies["stdout"] = FileTally(daemon.directory / "log", self.stdout).read
        time.sleep(1)
        opens.terminate()
        opens.wait()
        took = time.time() - begun
        self.tallies["subscriber"] = lambda: subscriber.tally
        made = {int(n): (float(a), float(b)) for n, a, b in map(str.split, log.read_text().splitlines())}

        stored = self.watch(daemon)
        last = max(made)
        wait_until(lambda: stored.tally.got and stored.tally.got[-1][2] == last, "the last alert, in the store", 300)
        self.assertEqual([c for c, _, _ in stored.tally.got], sorted({c for c, _, _ in stored.tally.got}))
        newest = stored.tally.newest()
        print(f"\n{KILLS} kills in {took:.0f} s, {len(made)} files made ({len(made) / took:.0f}/s), "
              f"{len(stored.tally.got)} alerts stored; a start took {statistics.median(self.starts):.1f} s, "
              f"{max(self.starts):.1f} at most", flush=True)
        for name, tally in sorted(self.tallies.items()):
            wait_until(lambda: tally().newest() >= newest, f"the last alert, at {name}", 300)
            self.compare(name, tally().got, stored.tally.got)
        self.losses(made, stored, watched)

    def compare(self, name, got, stored):
        """Everything that is stored came, nothing else, and again only after a kill."""
        expected = {cursor: identity for cursor, identity, _ in stored}
        wrong = [(c, i) for c, i, _ in got if expected.get(c) != i]
        missing = set(expected) - {c for c, _, _ in got}
        back = sum(after[0] <= before[0] for before, after in zip(got, got[1:]))
        most = max(collections.Counter(c for c, _, _ in got).values())
        print(f"  {name}: {len(got) - len(expected)} came again, in {back} steps back, one at most {most} times",
              flush=True)
        self.assertEqual(wrong, [], f"at {name}, of another store or id")
        self.assertEqual(missing, set(), f"stored, but not at {name}")
        if name not in UNORDERED:
            self.assertLessEqual(back, KILLS, f"{name}: once for each kill")

    def losses(self, made, stored, watched):
        """Whatever did not come is from a time that a gap tells of."""
        gaps = {(seconds(g["first_time"]), seconds(g["last_time"])) for g in stored.gaps}
        spans = merged(gaps)
        came = {number for _, _, number in stored.tally.got}
        first = min(came)
        lost = [n for n in made if n > first and n not in came]
        outside = [n for n in lost if not overlaps(spans, *made[n])]
        # What was on its way when the kill came: how long it was.
        begins = [begin for begin, _ in watched]
        windows = ((made[n][0], bisect.bisect_left(begins, made[n][0]) - 1) for n in lost)
        late = [watched[at][1] - when for when, at in windows if at >= 0 and when < watched[at][1]]
        print(f"  {len(lost)} were lost, all but {len(outside)} inside {len(gaps)} gaps; {len(late)} of them while it "
              f"watched, at most {max(late, default=0) * 1000:.0f} ms before a kill", flush=True)
        self.assertEqual(outside, [])
        self.assertGreaterEqual(len(gaps), KILLS)
        self.assertGreater(len(came), KILLS)


def merged(spans):
    """Those that overlap as one, in order."""
    result = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1]:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def overlaps(spans, before, after):
    index = bisect.bisect_right([first for first, _ in spans], after) - 1
    return index >= 0 and spans[index][1] >= before


if __name__ == "__main__":
    unittest.main(verbosity=2)
