#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""opens.py DIRECTORY RATE LOG: makes and removes files DIRECTORY/N-s (every third) and DIRECTORY/N-u, RATE a second,
until SIGTERM. LOG then has a line for each: N, and between which times it was made, in seconds since the epoch."""

import os
import signal
import sys
import time


def main(directory, rate, log):
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    made = []
    begun = time.monotonic()
    while not stopped:
        number = len(made) + 1
        path = f"{directory}/{number}-{'u' if number % 3 else 's'}"
        before = time.time()
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        made.append((before, time.time()))
        os.unlink(path)
        time.sleep(max(0.0, begun + number / float(rate) - time.monotonic()))
    with open(log, "w", encoding="utf-8") as file:
        for number, (before, after) in enumerate(made, 1):
            file.write(f"{number} {before!r} {after!r}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
