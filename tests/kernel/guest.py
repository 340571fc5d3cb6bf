# SPDX-License-Identifier: Apache-2.0
"""The monitor in a guest of scripts/kernel-test: what is put into it, and what it said there."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "kernel"
CONTAINER = "7" * 64  # whose cgroup make_pod of monitor.sh makes


def put_with_libraries(program, tree, name="nezuban"):
    """As /nezuban/NAME; stripped, as all of it is loaded into the guest's memory. Libraries that are there stay as they are: they may
    be links, which would lead out of the tree."""
    (tree / "nezuban").mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "-o", tree / "nezuban" / name, program], check=True)
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True)
    if libraries.returncode != 0 and "not a dynamic executable" not in libraries.stderr:
        raise AssertionError(libraries.stderr)
    for line in libraries.stdout.splitlines():
        for file in (word for word in line.split() if word.startswith("/")):
            target = tree / file.lstrip("/")
            if os.path.lexists(target):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(file), target)


def put_rules(where, *names):
    """The named ones of the default rules, or all."""
    default = ROOT / "rules" / "default"
    where.mkdir(parents=True)
    for name in names or sorted(each.name for each in default.glob("*.yaml") if not each.name.endswith(".test.yaml")):
        shutil.copy(default / name, where)


@contextlib.contextmanager
def tree_with(program):
    """A directory to be put over the guest's root, with the monitor in it."""
    with tempfile.TemporaryDirectory(prefix="nezuban-guest-") as name:
        tree = pathlib.Path(name)
        tree.chmod(0o755)
        put_with_libraries(program, tree)
        shutil.copy(HERE / "monitor.sh", tree / "nezuban")
        yield tree


def boot(kernel, tree, script, *options, arguments=(), timeout_s=800):
    """Runs the script of this folder in the guest; what it printed. Raises AssertionError where it failed."""
    run = subprocess.run(
        [ROOT / "scripts" / "kernel-test", "--kernel", kernel, "--timeout", str(timeout_s), "--tree", tree, *options, "--",
         HERE / script, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
    if run.returncode != 0:
        raise AssertionError(f"the guest ended with {run.returncode}:\n{run.stdout}")
    return run.stdout


def alerts(printed, prefix="alert"):
    """Those of the lines `PREFIX {JSON}`."""
    return [json.loads(line[len(prefix) + 1:]) for line in printed.splitlines() if line.startswith(prefix + " {")]
