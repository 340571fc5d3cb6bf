#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exceptions and lists of the rules that ship do something that a test beside them holds: without any one row of
an exception's values, or with a list emptied, some test must fail. An exception without values, which users
fill in, is filled in with what a matching event of a test says: that event must no longer match.
`rule_exceptions.py NEZUBAN` prints what no test holds, and fails.

Changes that cannot touch each other's tests are tried at once: one of each rule, or of each file.
"""

import copy
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
SETS = ("rules/default", "rules/strict")
NOTHING = "/nothing/is/called/this"

# Values of fields that a test's matching event does not name.
FILLER = {"user.uid": 4242, "fd.rport": 4242, "container.origin": "3ad7b26ded6d"}

# Not held, with the reason.
NOT_HELD = {
    "strict.yaml: Program started with a preloaded library: libraries: [['strict_preloaded_libraries', '']]":
        "its list is for users to fill in",
}

# YAML 1.1 has a type of its own for "=".
yaml.SafeLoader.add_constructor("tag:yaml.org,2002:value", yaml.SafeLoader.construct_yaml_str)


def failures(nezuban, files):
    """(file, rule, name) of the tests that fail."""
    with tempfile.TemporaryDirectory(prefix="nezuban-rules-") as name:
        where = pathlib.Path(name)
        for file, content in files.items():
            (where / file).write_text(yaml.safe_dump(content, sort_keys=False))
        done = subprocess.run([nezuban, "rules", "test", "--junit", where / "out.xml", where],
                              capture_output=True, text=True)
        if ": error: " in done.stdout + done.stderr:
            raise AssertionError(f"the changed rules are refused:\n{done.stdout}{done.stderr}")
        cases = xml.etree.ElementTree.parse(where / "out.xml").getroot().iter("testcase")
        return {(pathlib.Path(case.get("file")).name, case.get("classname"), case.get("name"))
                for case in cases if case.find("failure") is not None}


def tests_of(file):
    return file.replace(".yaml", ".test.yaml")


def rules(files):
    return [(file, at, item) for file, items in files.items() if not file.endswith(".test.yaml")
            for at, item in enumerate(items) if "rule" in item]


def rows_of(exception):
    """Of one field the values are one row."""
    rows = [slice(n, n + 1) for n in range(len(exception.get("values", [])))]
    return rows if isinstance(exception["fields"], list) else [slice(None)] * bool(rows)


def rows_not_held(nezuban, files):
    """Takes the first row of every rule away, then the second, …"""
    rows = [[(file, at, number, row) for number, exception in enumerate(rule.get("exceptions", []))
             for row in rows_of(exception)] for file, at, rule in rules(files)]
    for at_once in itertools.zip_longest(*rows):
        changed = copy.deepcopy(files)
        for file, at, number, row in filter(None, at_once):
            del changed[file][at]["exceptions"][number]["values"][row]
        failed = {rule for _, rule, _ in failures(nezuban, changed)}
        for file, at, number, row in filter(None, at_once):
            exception = files[file][at]["exceptions"][number]
            yield (files[file][at]["rule"] in failed,
                   f"{file}: {files[file][at]['rule']}: {exception['name']}: {exception['values'][row]}")


def has_items(item):
    """One that users fill in has nothing to take away."""
    return "list" in item and item["items"]


def nothing_like(items):
    """Of their type, else the rules are refused."""
    if isinstance(items[0], int):
        return 65535
    if re.match(r"\d+\.\d+\.", items[0]):
        return "192.0.2.255"
    return "KEYCTL_DH_COMPUTE" if items[0].startswith("KEYCTL_") else NOTHING


def lists_not_held(nezuban, files):
    """Empties the first list of every file, …; those of the file that all others use one by one."""
    lists = [[(file, at) for at, item in enumerate(items) if has_items(item)]
             for file, items in files.items() if not file.startswith("00-")]
    rounds = list(itertools.zip_longest(*lists))
    rounds += [((file, at),) for file, items in files.items() if file.startswith("00-")
               for at, item in enumerate(items) if has_items(item)]
    for at_once in rounds:
        changed = copy.deepcopy(files)
        for file, at in filter(None, at_once):
            changed[file][at]["items"] = [nothing_like(changed[file][at]["items"])]
        failed = {file for file, _, _ in failures(nezuban, changed)}
        for file, at in filter(None, at_once):
            held = tests_of(file) in failed if tests_of(file) in files else bool(failed)
            yield held, f"{file}: list {files[file][at]['list']}"


def as_list(value):
    return value if isinstance(value, list) else [value]


def first(value):
    return as_list(value)[0]


def filled(exception, events):
    """The exception with a row of values for each event."""
    fields = as_list(exception["fields"])
    comps = as_list(exception.get("comps", ["="] * len(fields)))
    rows = []
    for event in events:
        values = [first(event[field]) for field in fields]
        row = [[value] if comp in ("in", "pmatch", "intersects") or "anyof" in comp else value
               for value, comp in zip(values, comps)]
        rows.append(row if isinstance(exception["fields"], list) else row[0])
    return {**exception, "values": rows}


def empty_not_held(nezuban, files):
    """Fills the first empty exception of every rule, then the second, …"""
    empty = [[(file, at, number) for number, exception in enumerate(rule.get("exceptions", []))
              if not exception.get("values")] for file, at, rule in rules(files)]
    for at_once in itertools.zip_longest(*empty):
        before = {file: content for file, content in files.items() if not file.endswith(".test.yaml")}
        after = copy.deepcopy(before)
        matching, excepted = [], []
        for file, at, number in filter(None, at_once):
            rule, exception = files[file][at]["rule"], files[file][at]["exceptions"][number]
            events = [{**{field: FILLER.get(field, "/quiet") for field in as_list(exception["fields"])}, **event}
                      for test in files[tests_of(file)]["tests"] if test["rule"] == rule
                      for event in test.get("match", [])]
            events = [event for event in events if None not in (first(event[f]) for f in as_list(exception["fields"]))]
            after[file][at]["exceptions"][number] = filled(exception, events)
            matching.append({"rule": rule, "match": events})
            excepted.append({"rule": rule, "no_match": events})
        failed = [failures(nezuban, {**tried, "a.test.yaml": {"tests": tests}})
                  for tried, tests in ((before, matching), (after, excepted))]
        for test, (file, at, number) in zip(matching, filter(None, at_once)):
            held = any(("a.test.yaml", test["rule"], f"match {n}") not in failed[0]
                       and ("a.test.yaml", test["rule"], f"no_match {n}") not in failed[1]
                       for n in range(1, len(test["match"]) + 1))
            yield held, f"{file}: {test['rule']}: {files[file][at]['exceptions'][number]['name']}"


def main(nezuban):
    verdicts = []
    for directory in SETS:
        files = {file.name: json.loads(json.dumps(yaml.safe_load(file.read_text(encoding="utf-8"))))  # no aliases
                 for file in sorted((ROOT / directory).glob("*.yaml"))}
        if failed := failures(nezuban, files):
            raise AssertionError(f"{directory} as it is: {failed}")
        for trial in (rows_not_held, lists_not_held, empty_not_held):
            for held, what in trial(nezuban, files):
                verdicts.append((held, what))
                if not held and what not in NOT_HELD:
                    print(f"no test holds {what}", flush=True)
    stale = [what for what in NOT_HELD if (False, what) not in verdicts]
    missed = sum(not held for held, _ in verdicts) + len(stale) - len(NOT_HELD)
    print(*(f"held, or not there: {what}" for what in stale), f"{len(verdicts)} exceptions and lists; {missed} not held", sep="\n")
    return missed > 0 or len(verdicts) < 150


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
