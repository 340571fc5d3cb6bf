# SPDX-License-Identifier: Apache-2.0
"""What BPF programs took, by the kernel's own statistics."""


def program_costs(before, after, count, unit=""):
    """In words, the costliest first: of each program that ran at least every other time of `count`, what a run took and how
    often it ran each time. `before`, `after`: name -> (runs, nanoseconds)."""
    rows = [(name, runs - before.get(name, (0, 0))[0], ns - before.get(name, (0, 0))[1]) for name, (runs, ns) in after.items()]
    shown = sorted((row for row in rows if row[1] >= count / 2), key=lambda row: -row[2])
    return ", ".join(f"{name} {ns / runs:.0f}{unit} x {runs / count:.1f}" for name, runs, ns in shown) or "no program runs"
