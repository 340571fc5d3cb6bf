# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema that `nezuban rules schema` prints, in the hands of a real validator: every rule
file of the tree validates, what loading refuses or warns of does not."""
import glob
import json
import os
import subprocess
import unittest

import jsonschema
import yaml

BINARY = os.environ["NEZUBAN_BIN"]
SOURCE = os.environ["NEZUBAN_SOURCE"]

RULE = {"rule": "r", "desc": "d", "condition": "evt.type=execve", "output": "o", "priority": "Info"}


# YAML 1.1 gives a bare = a meaning of its own; here it is an operator.
yaml.SafeLoader.add_constructor("tag:yaml.org,2002:value", yaml.SafeLoader.construct_yaml_str)


def rule(**keys):
    return [{key: value for key, value in {**RULE, **keys}.items() if value is not ...}]


GOOD = {
    "a rule": rule(),
    "nothing": None,
    "a null item": [None],
    "exceptions": rule(exceptions=[
        {"name": "a", "fields": "proc.name", "comps": "in", "values": ["x", 5]},
        {"name": "b", "fields": ["proc.name", "proc.pid"], "values": [["x", 1], [["y", "z"], 2]]},
        {"name": "c"}]),
    "an override": [{"rule": "r", "condition": "and x", "override": {"condition": "append"}}],
    "append": [{"rule": "r", "append": True, "condition": "and x"}],
    "a switch": [{"rule": "r", "enabled": False}],
    "versions": [{"required_engine_version": 26}, {"required_engine_version": "0.57.0"},
                 {"required_plugin_versions": [{"name": "container", "version": "0.4.0"}]}],
    "a list": [{"list": "l", "items": ["a", 1, True]}],
    "tags": rule(tags=["a", "b"]),
    "a sequence": rule(after={"rule": "a", "within": "5s", "same": ["container.id"]}, alert=False),
    "a sequence of anything": rule(after={"rule": "a", "within": "500ms", "same": []}),
    "a count": rule(count={"at_least": 3, "within": "10m", "by": ["proc.pid"], "distinct": "fd.rip"}),
    "a count taken away": [{"rule": "r", "count": None, "override": {"count": "replace"}}],
}

BAD = {
    "no sequence": {"rule": "r"},
    "no map": ["x"],
    "an unknown key": rule(tag=["a"]),
    "no condition": rule(condition=...),
    "an empty text": rule(output="  "),
    "a priority": rule(priority="low"),
    "tags": rule(tags="a"),
    "a null tag list": rule(tags=None),
    "enabled": rule(enabled="perhaps"),
    "only append: false": [{"rule": "r", "append": False, "condition": "x"}],
    "append of what can't be": [
        {"rule": "r", "priority": "Debug", "override": {"priority": "append"}}],
    "an unknown override": [{"rule": "r", "override": {"name": "replace"}}],
    "a macro's name": [{"macro": "a-b", "condition": "x"}],
    "a macro without condition": [{"macro": "a"}],
    "a list in a list": [{"list": "l", "items": [["a"]]}],
    "a null item of a list": [{"list": "l", "items": [None]}],
    "a list without items": [{"list": "l"}],
    "an exception without name": rule(exceptions=[{"fields": "proc.name"}]),
    "an exception's key": rule(exceptions=[{"name": "a", "value": ["x"]}]),
    "an exception's values": rule(exceptions=[{"name": "a", "values": "x"}]),
    "a version": [{"required_engine_version": "new"}],
    "a plugin": [{"required_plugin_versions": [{"name": "container"}]}],
    "no item of any kind": [{"x": 1}],
    "a sequence without a rule": rule(after={"within": "5s"}),
    "a time without unit": rule(after={"rule": "a", "within": "5"}),
    "no time at all": rule(count={"at_least": 3, "within": "0s"}),
    "a count of none": rule(count={"at_least": 0, "within": "5s"}),
    "a count's key": rule(count={"at_least": 3, "within": "5s", "of": "fd.rip"}),
    "a count appended": [{"rule": "r", "count": {"at_least": 3, "within": "5s"},
                          "override": {"count": "append"}}],
}


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        out = subprocess.run([BINARY, "rules", "schema"], check=True, stdout=subprocess.PIPE)
        schema = json.loads(out.stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        cls.validator = jsonschema.Draft7Validator(schema)

    def test_good(self):
        for name, document in GOOD.items():
            with self.subTest(name):
                self.assertEqual([e.message for e in self.validator.iter_errors(document)], [])

    def test_bad(self):
        for name, document in BAD.items():
            with self.subTest(name):
                self.assertFalse(self.validator.is_valid(document))

    def test_rule_files_of_the_tree(self):
        files = [f for f in glob.glob(SOURCE + "/rules/**/*.yaml", recursive=True)
                 if not f.endswith(".test.yaml")]
        self.assertGreater(len(files), 3)
        for path in files + [SOURCE + "/tests/fuzz/corpus/rule_file/everything"]:
            with open(path, encoding="utf-8") as file:
                for document in yaml.safe_load_all(file):
                    with self.subTest(path):
                        errors = [f"{list(e.absolute_path)}: {e.message[:200]}"
                                  for e in self.validator.iter_errors(document)]
                        self.assertEqual(errors, [])


if __name__ == "__main__":
    unittest.main()
