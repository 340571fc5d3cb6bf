# SPDX-License-Identifier: Apache-2.0
"""The manifest by the schemas of Kubernetes, and that it is what the chart gives.

helm itself takes minutes to build: tests/helm/check.sh has it judge the chart, from scripts/prove.
"""

import json
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import yaml

from harness import ROOT

CHART = ROOT / "deploy" / "helm" / "nezuban"
MANIFEST = ROOT / "deploy" / "kubernetes" / "nezuban.yaml"
# appArmorProfile is known from 1.30 on.
VERSIONS = ("1.30", "1.33", "1.37")


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nz-k-", dir="/dev/shm"))
        subprocess.run([ROOT / "tests" / "helm" / "schemas.sh", cls.directory], check=True, stdout=subprocess.DEVNULL)

    def validate(self, version, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            return subprocess.run([f"{self.directory}/bin/kubernetes-validate", "--strict", "-k", version, file.name],
                                  capture_output=True, text=True, check=False)

    def test_kubernetes_knows_every_key(self):
        text = MANIFEST.read_text()
        resources = len(list(yaml.safe_load_all(text)))
        for version in VERSIONS:
            said = self.validate(version, text)
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
            self.assertEqual((said.stdout + said.stderr).count(" passed for "), resources, version)

    def test_a_wrong_key_is_found(self):
        for right, wrong in (("hostPID:", "hostPid:"), ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: yeah")):
            said = self.validate(VERSIONS[-1], MANIFEST.read_text().replace(right, wrong))
            self.assertNotEqual(said.returncode, 0, wrong)

    def test_the_manifest_is_the_chart_rendered(self):
        subprocess.run([ROOT / "scripts" / "manifest", "--check"], check=True)

    def test_the_chart_values_satisfy_its_schema(self):
        schema = json.loads((CHART / "values.schema.json").read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        jsonschema.validate(values, schema)
        self.assertEqual(set(values) | {"global"}, set(schema["properties"]), "what can be set, and what is allowed")
        everything = yaml.safe_load((ROOT / "tests" / "helm" / "everything.yaml").read_text())
        jsonschema.validate(everything, schema)
        self.assertLessEqual(set(values) - set(everything), set(), "values that the chart's test leaves out")

    def test_no_right_at_the_api_server_unless_asked_for(self):
        documents = list(yaml.safe_load_all(MANIFEST.read_text()))
        self.assertNotIn("ClusterRole", {document["kind"] for document in documents})
        pod, = (d["spec"]["template"]["spec"] for d in documents if d["kind"] == "DaemonSet")
        self.assertIs(pod["automountServiceAccountToken"], False)
        # What the chart gives with apiServer.enabled: tests/helm/check.sh; without helm its template says the rights.
        template = (CHART / "templates" / "account.yaml").read_text()
        rules, = re.findall(r"^rules:\n((?:  .*\n)+)", template, re.M)
        rights = {(group, resource): rule["verbs"] for rule in yaml.safe_load(rules)
                  for group in rule["apiGroups"] for resource in rule["resources"]}
        self.assertEqual(rights, {
            ("", "pods"): ["list", "watch"], ("", "namespaces"): ["list", "watch"],
            ("", "replicationcontrollers"): ["get"], ("apps", "replicasets"): ["get"],
            ("apps", "deployments"): ["get"], ("batch", "jobs"): ["get"]})

    def test_one_version_everywhere(self):
        version = re.search(r"project\(nezuban VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
        self.assertEqual((chart["version"], chart["appVersion"]), (version, version))
        self.assertIn(f'image: "nezuban:{version}"', MANIFEST.read_text())


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
