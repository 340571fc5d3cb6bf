# SPDX-License-Identifier: Apache-2.0
"""What the monitor costs on this machine: ratios of a workload with it to the same without it.

Goes round without the monitor, with a single program on sys_exit that does nothing (which is what the kernel itself
takes from whoever has calls watched as they end), with a monitor that has no rules, and with the default rules, so that
a machine that gets slower or faster on the way does not count. Prints the median and the range of the ratios of the
rounds, the daemon's CPU time and memory, what each program in the kernel takes by the kernel's own count, how many
records a second one ingest thread takes, and how long an alert takes from its event to a gRPC client.

    overhead.py NEZUBAN WORKLOAD [--pairs N]
"""

import argparse
import atexit
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

from programs import program_costs

# kind, acts per run
ACTS = [("forkexec", 1000), ("open", 300000), ("connect", 10000), ("getpid", 2000000), ("pipe", 300000),
        ("stat", 300000)]
RULES = pathlib.Path(__file__).resolve().parents[2] / "rules" / "default"
NO_RULE = "- list: nothing\n  items: []\n"
EACH_OPEN = """
- rule: Each open
  desc: What costs the ingest thread a record for each open, and no alert.
  condition: evt.type in (open, openat, openat2) and fd.name = /nowhere and proc.aname[5] = nobody
  output: "%fd.name"
  priority: Notice
"""
MARKER_RULE = """
- rule: Marked exec
  desc: An exec made to measure how long its alert takes.
  condition: evt.type = execve and proc.args contains nezuban-latency-mark
  output: "%proc.args"
  priority: Notice
"""
CLOCK_TICK = os.sysconf("SC_CLK_TCK")


class Monitor:
    def __init__(self, binary, directory, rules=None, *options):
        """`rules`: the text of a file of them; None: the default ones, and the marker's."""
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=directory))
        own = self.directory / "own.yaml"
        own.write_text(MARKER_RULE if rules is None else rules)
        self.address = f"unix://{self.directory}/run/nezuban.sock"
        self.log = open(self.directory / "log", "w+b")
        self.process = subprocess.Popen(
            [binary, "run", "--store", self.directory / "store", "--socket", self.directory / "run" / "nezuban.sock",
             *(["--rules", RULES] if rules is None else []), "--rules", own, "--output", "none", *options],
            stdout=self.log, stderr=self.log)
        atexit.register(self.process.kill)  # whatever goes wrong
        deadline = time.monotonic() + 120
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


class EmptyProbe:
    def __init__(self, workload):
        self.process = subprocess.Popen([pathlib.Path(workload).with_name("empty_probe")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "attached\n":
            raise SystemExit("the empty program is not attached")

    def cpu_seconds(self):
        return 0

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def run(workload, kind, count):
    out = subprocess.run([workload, kind, str(count)], check=True, capture_output=True, text=True)
    return float(out.stdout)


STATES = {"without": None, "empty": lambda options, directory: EmptyProbe(options.workload),
          "no rules": lambda options, directory: Monitor(options.nezuban, directory, NO_RULE),
          "default": lambda options, directory: Monitor(options.nezuban, directory)}


def measure_overhead(options, directory):
    taken = {(state, kind): [] for state in STATES for kind, _ in ACTS}
    cpu = dict.fromkeys(taken, 0.0)
    for _ in range(options.pairs):
        for state, start in STATES.items():
            monitor = start(options, directory) if start else None
            for kind, count in ACTS:
                before = monitor.cpu_seconds() if monitor else 0
                taken[state, kind].append(run(options.workload, kind, count))
                time.sleep(0.1)
                cpu[state, kind] += monitor.cpu_seconds() - before if monitor else 0
            if monitor:
                monitor.stop()
    print(f"{options.pairs} rounds; ratio = with / without")
    print(f"{'act':10} {'state':9} {'without ns':>12} {'with ns':>12} {'ratio':>7}  {'range':15} {'added ns':>9} "
          f"{'daemon us/act':>14}")
    for kind, count in ACTS:
        base = taken["without", kind]
        for state in list(STATES)[1:]:
            now = taken[state, kind]
            ratios = sorted(w / b for w, b in zip(now, base))
            print(f"{kind:10} {state:9} {statistics.median(base):12.1f} {statistics.median(now):12.1f} "
                  f"{statistics.median(ratios):7.3f}  {ratios[0]:.3f} .. {ratios[-1]:.3f} "
                  f"{statistics.median(now) - statistics.median(base):9.1f} "
                  f"{cpu[state, kind] / options.pairs / count * 1e6:14.2f}")


def programs_of(monitor):
    """Those of its process: name -> (runs, nanoseconds)."""
    own = set()
    for info in pathlib.Path(f"/proc/{monitor.process.pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            own.update(int(line.split()[1]) for line in info.read_text().splitlines() if line.startswith("prog_id:"))
    listed = json.loads(subprocess.run(["bpftool", "prog", "show", "--json"], check=True, capture_output=True).stdout)
    sums = {}
    for program in listed:
        if program["id"] in own:
            runs, ns = sums.get(program.get("name"), (0, 0))
            sums[program.get("name")] = runs + program.get("run_cnt", 0), ns + program.get("run_time_ns", 0)
    return sums


def measure_programs(monitor, options):
    """By the kernel's own statistics. What on_sys_exit goes on to counts as its own."""
    switch = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
    switch.write_text("1")
    try:
        for kind, count in ACTS:
            before = programs_of(monitor)
            run(options.workload, kind, count)
            print(f"programs run by {kind}: {program_costs(before, programs_of(monitor), count, ' ns')}")
    finally:
        switch.write_text("0")


def measure_ingest(options, directory):
    """What one ingest thread takes: every open of two processes that do nothing else is a record it judges."""
    monitor = Monitor(options.nezuban, directory, EACH_OPEN, "--flood-rate", "0")

    def counted():
        status = json.loads(subprocess.run([options.nezuban, "status", "--json", "--address", monitor.address],
                                           check=True, capture_output=True).stdout)
        opens = next(event for event in status["events"] if event["event"] == "open")
        return int(opens["delivered"]), sum(int(count) for count in opens.get("dropped", {}).values())

    cpu, begun, (taken, lost) = monitor.cpu_seconds(), time.monotonic(), counted()
    count = options.opens
    load = [subprocess.Popen([options.workload, "open", str(count)], stdout=subprocess.DEVNULL) for _ in range(2)]
    for process in load:
        process.wait()
    took = time.monotonic() - begun
    time.sleep(1)
    cpu = monitor.cpu_seconds() - cpu
    taken_now, lost_now = counted()
    monitor.stop()
    taken, lost = taken_now - taken, lost_now - lost
    print(f"ingest: {taken} records of {2 * count} opens in {took:.1f} s, {lost} lost; "
          f"{taken / cpu / 1000:.0f} thousand a second of its CPU time")


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
    parser.add_argument("--opens", type=int, default=1000000)
    parser.add_argument("--memory-execs", type=int, default=100000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nezuban-bench-") as directory:
        measure_overhead(options, directory)
        measure_ingest(options, directory)
        monitor = Monitor(options.nezuban, directory)
        measure_programs(monitor, options)
        measure_memory(monitor, options)
        measure_latency(monitor, options)
        monitor.stop()


if __name__ == "__main__":
    main()
