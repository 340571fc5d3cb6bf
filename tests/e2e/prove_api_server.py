#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Owners and namespaces of real pods (containerd's CRI) from a real kube-apiserver, with the rights of the chart.

The objects are made through the API as a Deployment's controllers and a kubelet would make them, which do not run
here. Too long to build for CI: scripts/prove runs it. NEZUBAN_HELM is helm, which renders the rights.
"""

import json
import os
import subprocess
import tempfile
import time
import unittest

from containerd import Containerd
from harness import BINARY, ROOT, Daemon, Follower, wait_until
from kubernetes import Kubernetes

SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))
HELM = os.environ["NEZUBAN_HELM"]
NAMESPACES, APPS = "/api/v1/namespaces", "/apis/apps/v1/namespaces"
POLL = 0.5  # longer than the monitor's by far
BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/nezuban"
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "job", "image": "tools"}]}}
SELECTED = {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}

RULES = """
- rule: in production
  desc: d
  priority: notice
  condition: evt.type = execve and container.id != host and proc.name = id and not k8s.ns.label[env] = test
  output: "pod=%k8s.pod.name workload=%k8s.workload.kind/%k8s.workload.name rs=%k8s.rs.name team=%k8s.deployment.label[team]
    env=%k8s.ns.label[env] same=%k8smeta.deployment.name"
"""


class ApiServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nz-api-"))
        cls.kubernetes = Kubernetes()
        cls.addClassCleanup(cls.kubernetes.remove)
        cls.containerd = Containerd()
        cls.addClassCleanup(cls.containerd.remove)
        k = cls.kubernetes
        k.make(NAMESPACES, "Namespace", "nezuban")
        k.make(NAMESPACES, "Namespace", "shop", labels={"env": "prod"})
        chart = subprocess.run([HELM, "template", "nezuban", ROOT / "deploy" / "helm" / "nezuban", "--namespace", "nezuban",
                                "--kube-version", "1.33.0", "--set", "apiServer.enabled=true"], check=True, capture_output=True, text=True)
        k.apply(chart.stdout)
        token = f"{cls.directory}/token"
        with open(token, "w", encoding="ascii") as file:
            file.write(k.token("nezuban", "nezuban"))
        cls.deployment = k.make(f"{APPS}/shop/deployments", "Deployment", "web", labels={"team": "checkout"}, spec=SELECTED)
        cls.replicas = 0
        cls.replica_set = cls.another_replica_set()
        with open(f"{cls.directory}/rules.yaml", "w", encoding="ascii") as file:
            file.write(RULES)
        cls.recording = f"{cls.directory}/recording"
        cls.daemon = Daemon("--host-root", cls.containerd.root, "--api-server", k.url, "--api-server-ca", k.ca,
                            "--api-server-token", token, "--node", "node-1", "--record", cls.recording,
                            rules=f"{cls.directory}/rules.yaml")
        cls.addClassCleanup(cls.daemon.remove)
        cls.watch = Follower.watch(cls.daemon)
        cls.addClassCleanup(cls.watch.stop)

    @classmethod
    def another_replica_set(cls):
        cls.replicas += 1
        return cls.kubernetes.make(f"{APPS}/shop/replicasets", "ReplicaSet", f"web-{cls.replicas}", owner=cls.deployment,
                                   spec=SELECTED)

    def object(self, name, node="node-1", owner=None):
        spec = dict(TEMPLATE["spec"], nodeName=node)
        return self.kubernetes.make(f"{NAMESPACES}/shop/pods", "Pod", name, owner=owner or self.replica_set, spec=spec)["uid"]

    def run_pod(self, name, uid):
        """Its container's first program is the one that the rule looks for."""
        pod = self.containerd.pod(name, "shop", uid=uid)
        self.addCleanup(self.containerd.remove_pod, pod[0])
        return self.containerd.container(pod, "job", "/bin/sh", "-c", "/bin/id; exec /bin/sleep 1000")

    def expect(self, container, count=1):
        return self.watch.wait_for(lambda a: a["container_id"] == container, f"an alert of {container}", count)[-1]

    def count(self, name):
        return self.daemon.status()[f"api_server_{name}"]

    def assert_whole(self, alert, pod, replica_set=None):
        self.assertEqual(alert["uncertain"], [])
        name = (replica_set or self.replica_set)["name"]
        self.assertIn(f"pod={pod} workload=Deployment/web rs={name} team=checkout env=prod same=web", alert["output"])

    def test_1_the_first_exec_names_owner_and_namespace(self):
        self.object("elsewhere", node="node-2")
        waits = []
        for number in range(5 * SCALE):
            name = f"web-{number}"
            container = self.run_pod(name, self.object(name))
            alert = self.expect(container)
            self.assert_whole(alert, name)
            waits.append(self.watch.arrived[self.watch.alerts.index(alert)] - self.time_of(alert))
        waits.sort()
        print(f"{len(waits)} pods; from the exec to the alert: median {1000 * waits[len(waits) // 2]:.0f} ms, "
              f"longest {1000 * waits[-1]:.0f} ms", flush=True)
        self.assertEqual(self.count("pods"), 5 * SCALE, "this node's only")
        self.assertEqual((self.count("asked"), self.count("reachable"), self.count("refused")), (1, 1, 0))

    @staticmethod
    def time_of(alert):
        whole, _, rest = alert["time"].rstrip("Z").partition(".")
        seconds = time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone
        return seconds + float(f"0.{rest or 0}")

    def wait_for_change(self, before):
        """And for those who judge events to take it, which they do at their next poll."""
        wait_until(lambda: self.count("events") > before, "the change to be told")
        time.sleep(POLL)

    def test_2_a_label_that_changes_counts(self):
        container = self.run_pod("label-0", self.object("label-0"))
        self.assert_whole(self.expect(container), "label-0")
        kind = "application/merge-patch+json"
        before = self.count("events")
        self.kubernetes.call("PATCH", f"{NAMESPACES}/shop", {"metadata": {"labels": {"env": "test"}}}, kind)
        self.wait_for_change(before)
        self.containerd.exec(container, "/bin/id")
        before = self.count("events")
        self.kubernetes.call("PATCH", f"{NAMESPACES}/shop", {"metadata": {"labels": {"env": "prod"}}}, kind)
        self.wait_for_change(before)
        self.containerd.exec(container, "/bin/id")
        self.assert_whole(self.expect(container, 2), "label-0")
        time.sleep(1)
        self.assertEqual(len(self.watch.matching(lambda a: a["container_id"] == container)), 2, "none in between")

    def test_3_without_the_server_alerts_go_out_and_it_is_found_again(self):
        known = self.run_pod("known-0", self.object("known-0"))
        self.assert_whole(self.expect(known), "known-0")
        self.kubernetes.stop()
        wait_until(lambda: not self.count("reachable"), "its end to be noticed")
        self.containerd.exec(known, "/bin/id")
        self.assert_whole(self.expect(known, 2), "known-0")
        stranger = self.run_pod("unknown-0", "11111111-2222-3333-4444-555555555555")
        alert = self.expect(stranger)
        self.assertIn("k8s.ns.label[env]", alert["uncertain"])
        self.assertEqual(alert["pod"]["name"], "unknown-0", "what the runtime says")
        self.assertLess(self.watch.arrived[self.watch.alerts.index(alert)] - self.time_of(alert), 5)
        self.kubernetes.start()
        wait_until(lambda: self.count("reachable"), "it to be found again", timeout=90)
        back = self.run_pod("back-0", self.object("back-0"))
        self.assert_whole(self.expect(back), "back-0")

    def test_4_a_right_that_is_taken_is_said_once_and_counted(self):
        said = "the API server does not tell of replicasets: status 403"
        self.assertEqual(self.daemon.read_log().count(said), 0)
        binding = self.kubernetes.call("GET", BINDING)
        self.kubernetes.call("DELETE", BINDING)
        replica_set = self.another_replica_set()
        wait_until(lambda: self._refused(), "the right to be gone")
        container = self.run_pod("poor-0", self.object("poor-0", owner=replica_set))
        alert = self.expect(container)
        self.assertIn(f"rs={replica_set['name']} team=<NA>", alert["output"], "its name the pod says")
        wait_until(lambda: self.count("refused") >= 3, "it to ask again")
        self.assertEqual(self.daemon.read_log().count(said), 1)
        for key in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
            binding["metadata"].pop(key, None)
        self.kubernetes.call("POST", BINDING.rsplit("/", 1)[0], binding)
        wait_until(lambda: "the API server tells of replicasets again" in self.daemon.read_log(), "the right", timeout=90)
        self.containerd.exec(container, "/bin/id")
        self.assert_whole(self.expect(container, 2), "poor-0", replica_set)

    def _refused(self):
        """Rights are taken some milliseconds after the binding is gone."""
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": "system:serviceaccount:nezuban:nezuban", "resourceAttributes": {
                "verb": "get", "group": "apps", "resource": "replicasets", "namespace": "shop"}}}
        answer = self.kubernetes.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return not answer["status"]["allowed"]

    def test_5_the_rights_are_no_more(self):
        for group, resource, verb, allowed in (
                ("", "pods", "list", True), ("", "namespaces", "watch", True), ("apps", "replicasets", "get", True),
                ("", "secrets", "get", False), ("", "configmaps", "list", False), ("", "pods", "create", False),
                ("", "pods", "delete", False), ("apps", "replicasets", "list", False), ("", "nodes", "list", False),
                ("", "serviceaccounts", "get", False)):
            review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
                "user": "system:serviceaccount:nezuban:nezuban",
                "resourceAttributes": {"verb": verb, "group": group, "resource": resource, "namespace": "shop"}}}
            answer = self.kubernetes.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
            self.assertEqual(answer["status"]["allowed"], allowed, f"{verb} {resource}")

    def test_6_a_recording_gives_the_same_alerts(self):
        self.assertEqual(self.daemon.stop(), 0)
        replay = subprocess.run([BINARY, "replay", self.recording, "--rules", f"{self.directory}/rules.yaml", "--output",
                                 "json"], check=True, capture_output=True, text=True)
        replayed = sorted(json.loads(line)["output"] for line in replay.stdout.splitlines())
        self.assertEqual(replayed, sorted(a["output"] for a in self.watch.alerts))
        self.assertGreater(len(replayed), 5 * SCALE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
