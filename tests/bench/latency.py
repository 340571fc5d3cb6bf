#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long an alert takes from its event to a gRPC client of a whole monitor, by what the store does before it is sent: as
ratios to the same without a store.

All monitors run by turns, in rounds, so that a machine that gets slower or faster on the way does not count.

    latency.py NEZUBAN [--rounds N] [--alerts N] [--rate N] [--store DIRECTORY]
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import threading
import time

RULE = """
- rule: Made
  desc: A file made to measure how long its alert takes.
  condition: evt.type in (open, openat, openat2) and fd.name startswith "{where}/"
  output: "%fd.name"
  priority: Notice
"""
# name: (has a store, store_sync). The alerts are of Notice.
MODES = {
    "memory only": (False, "Warning"),
    "on disk within 100 ms": (True, "Warning"),  # what the default is for such alerts
    "on disk first": (True, "Debug"),  # and for those of Warning and above
}
PATIENCE = 240


class Monitor:
    def __init__(self, options, directory, where, mode):
        has_store, sync = MODES[mode]
        (directory / "rules.yaml").write_text(RULE.format(where=where))
        (directory / "nezuban.yaml").write_text(json.dumps({"store_sync": sync, "rate_limit": 0}))
        self.log = open(directory / "log", "w+b")
        self.address = f"unix://{directory}/run/s"
        self.process = subprocess.Popen(
            [options.nezuban, "run", "--config", directory / "nezuban.yaml", "--rules", directory / "rules.yaml",
             "--socket", directory / "run" / "s", "--store", directory / "store" if has_store else "memory",
             "--output", "none", "--metrics", "none", "--sensors", "tracepoint"], stdout=self.log, stderr=self.log)
        self.directory = directory

    def wait_until_it_watches(self):
        log = self.directory / "log"
        self.wait_for(lambda: b"watching" in log.read_bytes(), log.read_text)

    def wait_for(self, condition, explain):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"latency.py: {explain()}")
            time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.log.close()


class Client:
    """The lines of `nezuban watch`, each with when it came."""

    def __init__(self, options, monitor):
        self.lines = []
        self.process = subprocess.Popen([options.nezuban, "watch", "--json", "--address", monitor.address],
                                        stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append((time.time_ns(), line))

    def milliseconds(self):
        """Of each file, by its name. Whoever looks on disturbs: only once all of them have come."""
        alerts = [(now, json.loads(line)) for now, line in self.lines if b'"Made"' in line]
        fields = [(now, alert["output_fields"]) for now, alert in alerts]
        return {f["fd.name"]: (now - int(f["evt.time"])) / 1e6 for now, f in fields}

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=PATIENCE)


def make_files(where, count, rate):
    begun = time.monotonic()
    for number in range(count):
        path = f"{where}/{number}"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        os.unlink(path)
        time.sleep(max(0.0, begun + (number + 1) / rate - time.monotonic()))


def measure(options, mode):
    """p50 and p99 in milliseconds."""
    with (tempfile.TemporaryDirectory(prefix="nezuban-latency-", dir=options.store) as name,
          tempfile.TemporaryDirectory(prefix="nezuban-opens-", dir="/dev/shm") as where):
        with contextlib.closing(Monitor(options, pathlib.Path(name), where, mode)) as monitor:
            monitor.wait_until_it_watches()
            with contextlib.closing(Client(options, monitor)) as client:
                make_files(where, 20, 20)  # until it follows
                client.lines.clear()
                make_files(where, options.alerts, options.rate)
                monitor.wait_for(lambda: len(client.lines) >= options.alerts, lambda: f"{len(client.lines)} alerts came")
    taken = sorted(client.milliseconds().values())
    if len(taken) != options.alerts:
        raise SystemExit(f"latency.py: {mode}: {len(taken)} of {options.alerts} alerts")
    return taken[len(taken) // 2], taken[len(taken) * 99 // 100]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nezuban")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--alerts", type=int, default=2000)
    parser.add_argument("--rate", type=int, default=200, help="a second")
    parser.add_argument("--store", default="/var/tmp", help="on a disk, where /tmp may be memory")
    options = parser.parse_args()
    taken = {mode: [] for mode in MODES}
    for _ in range(options.rounds):
        for mode, results in taken.items():
            results.append(measure(options, mode))
    print(f"event to client, {options.alerts} alerts at {options.rate}/s, {options.rounds} rounds; "
          "ratio to memory only, by round")
    print(f"{'':24} {'p50 ms':>7} {'ratio':>6} {'range':14} {'p99 ms':>7} {'ratio':>6} {'range':14}")
    first = next(iter(taken.values()))
    for mode, results in taken.items():
        print(f"{mode:24}", end="")
        for place in (0, 1):
            ratios = sorted(mine[place] / base[place] for mine, base in zip(results, first))
            print(f" {statistics.median(r[place] for r in results):7.2f} {statistics.median(ratios):6.2f} "
                  f"{ratios[0]:5.2f} .. {ratios[-1]:5.2f}", end="")
        print(flush=True)


if __name__ == "__main__":
    main()
