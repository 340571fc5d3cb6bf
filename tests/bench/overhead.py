# SPDX-License-Identifier: Apache-2.0
"""What the monitor costs on this machine: ratios of a workload with it to the same without it.

Alternates without and with the monitor, so that a machine that gets slower or faster on the way
does not count. Prints the median and the range of the ratios of the pairs, the daemon's CPU time and
memory, and how long an alert takes from its event to a gRPC client.

    overhead.py NEZUBAN WORKLOAD [--pairs N]
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import threading
import time

# kind, acts per run
ACTS = [("forkexec", 1000), ("connect", 10000), ("getpid", 2000000), ("pipe", 300000)]
RULES = pathlib.Path(__file__).resolve().parents[2] / "rules" / "default"
MARKER_RULE = """
- rule: Marked exec
  desc: An exec made to measure how long its alert takes.
  condition: evt.type = execve and proc.args contains nezuban-latency-mark
  output: "%proc.args"
  priority: Notice
"""
CLOCK_TICK = os.sysconf("SC_CLK_TCK")


class Monitor:
    def __init__(self, binary, directory):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=directory))
        rule = self.directory / "marked.yaml"
        rule.write_text(MARKER_RULE)
        self.address = f"unix://{self.directory}/run/nezuban.sock"
        self.log = open(self.directory / "log", "w+b")
        self.process = subprocess.Popen(
            [binary, "run", "--store", self.directory / "store", "--socket", self.directory / "run" / "nezuban.sock", "--rules", RULES,
             "--rules", rule, "--output", "none"], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while b"watching" not in (self.directory / "log").read_bytes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((self.directory / "log").read_text())
            time.sleep(0.05)

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICK

    def rss_mb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.log.close()


def run(workload, kind, count):
    out = subprocess.run([workload, kind, str(count)], check=True, capture_output=True, text=True)
    return float(out.stdout)


def measure_overhead(options, directory):
    without = {kind: [] for kind, _ in ACTS}
    with_it = {kind: [] for kind, _ in ACTS}
    cpu = {kind: 0.0 for kind, _ in ACTS}
    for _ in range(options.pairs):
        for kind, count in ACTS:
            without[kind].append(run(options.workload, kind, count))
        monitor = Monitor(options.nezuban, directory)
        for kind, count in ACTS:
            before = monitor.cpu_seconds()
            with_it[kind].append(run(options.workload, kind, count))
            time.sleep(0.1)
            cpu[kind] += monitor.cpu_seconds() - before
        monitor.stop()
    print(f"{options.pairs} pairs, alternating; ratio = with / without")
    print(f"{'act':10} {'without ns':>12} {'with ns':>12} {'ratio':>7}  {'range':15} {'added ns':>9} {'daemon us/act':>14}")
    for kind, count in ACTS:
        ratios = sorted(w / b for w, b in zip(with_it[kind], without[kind]))
        base, now = statistics.median(without[kind]), statistics.median(with_it[kind])
        print(f"{kind:10} {base:12.1f} {now:12.1f} {statistics.median(ratios):7.3f}  "
              f"{ratios[0]:.3f} .. {ratios[-1]:.3f} {now - base:9.1f} "
              f"{cpu[kind] / options.pairs / count * 1e6:14.2f}")


def measure_latency(monitor, options):
    """Execs one by one on an idle machine; event time and arrival share the wall clock."""
    watch = subprocess.Popen([options.nezuban, "watch", "--json", "--rule", "Marked exec", "--address",
                              monitor.address], stdout=subprocess.PIPE, text=True)
    delays = []

    def read():
        for line in watch.stdout:
            now = time.time_ns()
            value = json.loads(line)
            if "output_fields" in value:
                delays.append((now - int(value["output_fields"]["evt.time"])) / 1e6)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    time.sleep(1)
    for i in range(options.execs):
        subprocess.run(["/bin/true", f"nezuban-latency-mark-{i}"], check=True)
        time.sleep(0.005)
    time.sleep(1)
    watch.send_signal(signal.SIGINT)
    watch.wait(timeout=10)
    delays.sort()
    print(f"exec to alert at the gRPC client, {len(delays)} of {options.execs}: "
          f"median {statistics.median(delays):.2f} ms, p90 {delays[int(len(delays) * .9)]:.2f} ms, "
          f"p99 {delays[int(len(delays) * .99)]:.2f} ms")


def measure_memory(monitor, options):
    at_start = monitor.rss_mb()
    before = monitor.cpu_seconds()
    run(options.workload, "forkexec", options.memory_execs)
    time.sleep(0.5)
    print(f"RSS at start {at_start:.1f} MB, after {options.memory_execs} execs {monitor.rss_mb():.1f} MB; "
          f"{monitor.cpu_seconds() - before:.2f} s of CPU for them")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nezuban")
    parser.add_argument("workload")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--execs", type=int, default=1000)
    parser.add_argument("--memory-execs", type=int, default=100000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nezuban-bench-") as directory:
        measure_overhead(options, directory)
        monitor = Monitor(options.nezuban, directory)
        measure_memory(monitor, options)
        measure_latency(monitor, options)
        monitor.stop()


if __name__ == "__main__":
    main()
