#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What object sensors cost, where time says nothing: instructions executed, counted by an emulator whose clock goes on by
a nanosecond with each. Boots a kernel in qemu, and prints for each act what it takes without the monitor and with each
kind of sensor under the default rules, and what each program takes. usage: prove_cost.py NEZUBAN WORKLOAD [KERNEL]
"""

import collections
import json
import sys

import guest

sys.path.insert(0, str(guest.ROOT / "tests" / "bench"))
from programs import program_costs  # noqa: E402

KINDS = ("object", "tracepoint")


def boot(nezuban, workload, kernel):
    with guest.tree_with(nezuban) as tree:
        guest.put_rules(tree / "nezuban" / "rules")
        guest.put_with_libraries("/usr/sbin/bpftool", tree, "bpftool")
        guest.put_with_libraries(workload, tree, "workload")
        return guest.boot(kernel, tree, "cost.sh", "--count-instructions", timeout_s=3600)


def programs(printed, part):
    """name -> (runs, instructions) of the line `PART [bpftool's JSON]`."""
    line = next(line for line in printed.splitlines() if line.startswith(part + " ["))
    return {p["name"]: (p.get("run_cnt", 0), p.get("run_time_ns", 0)) for p in json.loads(line[len(part) + 1:])}


def main():
    nezuban, workload, *kernels = sys.argv[1:]
    printed = boot(nezuban, workload, (kernels or ["6.12"])[0])
    acts = collections.defaultdict(dict)
    for line in printed.splitlines():
        if line.startswith("act "):
            _, state, act, count, taken = line.split()
            acts[act][state] = (int(count), float(taken))
    if not acts or any(len(row) != 1 + len(KINDS) for row in acts.values()):
        raise SystemExit(printed)
    print(f"{'instructions':14} {'without':>10}" + "".join(f" {kind:>11} {'ratio':>6}" for kind in KINDS))
    for act, row in acts.items():
        without = row["without"][1]
        print(f"{act:14} {without:10.0f}" + "".join(f" {row[kind][1]:11.0f} {row[kind][1] / without:6.2f}" for kind in KINDS))
    for kind in KINDS:
        for act, row in acts.items():
            before, after = (programs(printed, f"{when}-{kind}-{act}") for when in ("before", "after"))
            print(f"{kind}, {act}: {program_costs(before, after, row[kind][0])}")


if __name__ == "__main__":
    main()
