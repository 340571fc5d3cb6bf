#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule that ships is expected by a test that does the act for real: a rule that no test of tests/e2e (or
tests/kernel) waits for fails this. `live_rules.py NEZUBAN --table` prints which test waits for which rule.

A test waits for a rule if the rule's name reaches a call of expect… or wait_for: as an argument, or by a local
name or a table that the test goes through; that of a silent rule, if it is compared with what an alert is related to. What must not come (none_of, a comparison) does not count.
"""

import ast
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
WAITS = re.compile(r"(expect\w*|wait_for|check_shell)$")

# What no test can do for real, with the reason. A rule that has a test must not be here.
NOT_LIVE = {}


def test_files():
    """Those that ctest runs, and what runs in qemu."""
    registered = (ROOT / "tests/e2e/CMakeLists.txt").read_text(encoding="utf-8")
    lists = re.findall(r"^set\((?:alone|loads|others) ([^)]*)\)", registered, re.MULTILINE)
    names = [name for names in lists for name in names.split()]
    return [ROOT / f"tests/e2e/test_{name}.py" for name in names] + sorted((ROOT / "tests/kernel").glob("*.py"))


def texts(node, constants):
    """All texts below a node; names of the module's constants stand for their values."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.Name) and part.id in constants:
            yield from texts(constants[part.id], {name: value for name, value in constants.items() if name != part.id})


def waits_for(function, constants):
    """The texts that reach a call of WAITS in a function."""
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    waits = [call for call in calls if WAITS.match(call.func.attr)]
    if not waits:
        return set()
    # A silent rule is seen by the alerts that come after it.
    related = [call for call in calls if call.func.attr == "assertEqual" and "related" in texts(call, {})]
    sources = [argument for call in waits + related for argument in call.args]
    for node in ast.walk(function):
        if isinstance(node, ast.For):
            sources.append(node.iter)
        elif isinstance(node, ast.Assign) and not isinstance(node.value, (ast.Set, ast.Call)):
            sources.append(node.value)
    return {text for source in sources for text in texts(source, constants)}


def tests_by_text():
    found = {}
    for file in test_files():
        module = ast.parse(file.read_text(encoding="utf-8"))
        constants = {}
        for node in module.body:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    for name, value in pairs(target, node.value):
                        constants[name] = value
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                for text in waits_for(node, constants):
                    found.setdefault(text, set()).add(f"{file.stem}.{node.name}")
    return found


def pairs(target, value):
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for name, part in zip(target.elts, value.elts):
            yield name.id, part


def rules(nezuban):
    listed = subprocess.run([nezuban, "rules", "list", "--json", ROOT / "rules/default", ROOT / "rules/strict"],
                            check=True, capture_output=True, text=True).stdout
    return [json.loads(line)["rule"] for line in listed.splitlines()]


def main(nezuban, *options):
    shipped, tests = rules(nezuban), tests_by_text()
    if "--table" in options:
        for rule in sorted(shipped):
            print(f"{rule}: {', '.join(sorted(tests.get(rule, [])))}")
    wrong = [f"no live test waits for the rule '{rule}'" for rule in shipped
             if rule not in tests and rule not in NOT_LIVE]
    wrong += [f"'{rule}' is no rule that ships, or has a live test" for rule in NOT_LIVE
              if rule not in shipped or rule in tests]
    print("\n".join(wrong) or f"{len(shipped)} rules; not done for real: {len(NOT_LIVE)}")
    return bool(wrong) or len(shipped) < 80


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
