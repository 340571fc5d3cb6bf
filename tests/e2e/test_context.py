# SPDX-License-Identifier: Apache-2.0
"""Which pod and which image, from the first exec on: a real containerd with its CRI plugin, hand-made
images, pods made as a kubelet makes them, and the runtime hanging, dead, restarted or talking nonsense.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import socket
import tempfile
import threading
import time
import unittest

from containerd import ANOTHER, IMAGE, Containerd
from harness import Container, wait_until
from watched import OwnMonitor, mark

SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))
IN_A_ROW, AT_ONCE = (300, 20) if SCALE > 1 else (5, 3)

# The marker is an argument of what runs in the container, and of nothing on the node.
RULES = """
- rule: Marked
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args contains nezuban-mark- and container.id != host
  output: "%proc.cmdline %proc.name | pod=%k8s.pod.name ns=%k8s.ns.name image=%container.image.repository"
- rule: Put into a container
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args contains nezuban-mark- and proc.is_exec_session = true
  output: "%proc.cmdline | %proc.exec_session.cmdline | %proc.exec_session.runtime"
- rule: Marked outside of the system
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args contains nezuban-mark- and not k8s.ns.name in (kube-system)
  output: "%proc.cmdline | %k8s.pod.uid %container.image.tag %k8s.pod.labels %container.privileged %container.mounts"
"""


class Context(OwnMonitor):
    rules_text = RULES

    @classmethod
    def setUpClass(cls):
        cls.containerd = Containerd()
        cls.addClassCleanup(cls.containerd.remove)

    def found_by_itself(self):
        return self.daemon("--host-root", str(self.containerd.root))

    def marked(self, watch, word, rule="Marked"):
        return watch.wait_for(lambda a: a["rule"] == rule and word in a["output"], f"{rule}: {word}")[0]

    def check_named(self, alert, pod, namespace="shop", name="job"):
        self.assertEqual(alert["uncertain"], [], alert)
        self.assertEqual((alert["pod"]["name"], alert["pod"]["namespace"]), (pod, namespace), alert)
        self.assertEqual((alert["container_image"], alert["container_name"]), (IMAGE, name), alert)
        self.assertEqual(alert["origin_pod"], alert["pod"])

    def run_marked(self, pod_name, namespace="shop", **options):
        """A pod whose only container runs one command; gives its mark."""
        word = mark()
        pod = self.containerd.pod(pod_name, namespace)
        container = self.containerd.container(pod, "job", "/bin/true", word, **options)
        self.assertEqual(self.containerd.wait_ended(container), 0)
        self.containerd.remove_pod(pod[0])
        return word, container

    def check_many(self, run_all, count):
        daemon, watch = self.found_by_itself()
        names = [f"pod-{number}" for number in range(count)]
        waited = []
        for name, (word, container) in zip(names, run_all(names)):
            alert = self.marked(watch, word)
            self.check_named(alert, name)
            self.assertEqual(alert["container_id"], container)
            self.assertIn(f"pod={name} ns=shop image=localhost/tools", alert["output"])
            place = watch.alerts.index(alert)
            waited.append(watch.arrived[place] - alert["output_fields"]["evt.time"] / 1e9)
        status = daemon.status()
        self.assertEqual(status["alerts_without_metadata"], 0)
        if ANOTHER:
            self.assertGreater(status["metadata_events"], 0, "it has a stream of events")
        waited.sort()
        print(f"\n{count} containers: from the exec to the alert {1e3 * waited[len(waited) // 2]:.0f} ms, "
              f"at most {1e3 * waited[-1]:.0f} ms; slowest lookup {status['metadata_slowest_ms']} ms, "
              f"{status['metadata_events']} events of the runtime's")
        print("each, ms:", " ".join(f"{1e3 * one:.0f}" for one in waited))

    def test_one_after_the_other(self):
        self.check_many(lambda names: [self.run_marked(name) for name in names], IN_A_ROW)

    def test_several_at_a_time(self):
        def run_all(names):
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                return list(pool.map(self.run_marked, names))

        self.check_many(run_all, 2 * AT_ONCE)

    def test_what_the_runtime_tells_reaches_rules(self):
        _, watch = self.found_by_itself()
        pod = self.containerd.pod("web-0", privileged=True, tier="front")
        word = mark()
        self.containerd.container(pod, "job", "/bin/true", word, privileged=True,
                                  mounts=[("/tmp", "/host-tmp", True)])
        alert = self.marked(watch, word, "Marked outside of the system")
        self.check_named(alert, "web-0")
        fields = alert["output_fields"]
        self.assertEqual(fields["k8s.pod.uid"], pod[1].metadata.uid)
        self.assertEqual(fields["container.image.tag"], "v1")
        self.assertEqual(fields["k8s.pod.labels"], "tier:front")
        self.assertIs(fields["container.privileged"], True)
        self.assertEqual(fields["container.mounts"], "/tmp:/host-tmp::false:private")

    def test_an_exception_for_a_namespace_holds_from_the_first_exec_on(self):
        _, watch = self.found_by_itself()
        word, _ = self.run_marked("dns-0", "kube-system")
        self.check_named(self.marked(watch, word), "dns-0", "kube-system")
        later, _ = self.run_marked("web-1")
        self.marked(watch, later, "Marked outside of the system")
        self.assertEqual(watch.matching(lambda a: word in a["output"] and a["rule"] != "Marked"), [])

    def test_containers_of_nobodys_pod_do_not_wait(self):
        daemon, watch = self.found_by_itself()
        word = mark()
        container = Container("/bin/true", word)
        self.addCleanup(container.remove)
        container.start().finish()
        alert = self.marked(watch, word, "Marked outside of the system")
        self.assertEqual(alert["uncertain"], [])
        self.assertNotIn("pod", alert)
        self.assertEqual(daemon.status()["held_expired"], 0)

    def test_commands_put_into_a_running_container(self):
        _, watch = self.found_by_itself()
        pod = self.containerd.pod("web-2")
        own, put, put_too, by_hand = (mark() for _ in range(4))
        container = self.containerd.container(pod, "job", "/bin/sh", "-c", f"/bin/true {own}; sleep 1000")
        self.marked(watch, own)
        self.containerd.exec(container, "/bin/sh", "-c", f"/bin/true {put}; true")
        alert = self.marked(watch, put, "Put into a container")
        self.check_named(alert, "web-2")
        self.assertTrue(any(a["name"].startswith("containerd-shim") for a in alert["ancestors"]), alert)
        self.containerd.ctr("-n", "k8s.io", "tasks", "exec", "--exec-id", "x", container, "/bin/true", put_too)
        alert = self.marked(watch, put_too, "Put into a container")
        self.check_named(alert, "web-2")
        self.assertEqual(alert["output_fields"]["proc.exec_session.cmdline"], f"true {put_too}")
        self.assertIn(" exec ", alert["output_fields"]["proc.exec_session.runtime"])
        plain = Container("/bin/sleep", "1000")
        self.addCleanup(plain.remove)
        plain.start()
        wait_until(lambda: plain.exec("/bin/true", by_hand).returncode == 0, "runc exec")
        self.marked(watch, by_hand, "Put into a container")
        wrong = watch.matching(lambda a: a["rule"] == "Put into a container" and own in a["output"])
        self.assertEqual(wrong, [], "the container's own")

    def test_a_cgroup_called_like_another_container_is_not_that_container(self):
        _, watch = self.found_by_itself()
        victim = self.containerd.container(self.containerd.pod("victim-0"), "job", "/bin/sleep", "1000")
        word = mark()
        script = f"""set -e
            busybox mkdir -p /cg && busybox mount -t cgroup2 none /cg
            own=$(busybox sed -n s/^0:://p /proc/self/cgroup)
            for name in {victim} cri-containerd-{victim}.scope; do
              busybox mkdir /cg$own/$name && echo /cg$own/$name >>/made && echo $$ >/cg$own/$name/cgroup.procs && /bin/true {word} $name
            done; sleep 1000"""
        pod = self.containerd.pod("attacker-0", privileged=True)
        attacker = self.containerd.container(pod, "job", "/bin/sh", "-c", script, privileged=True)
        self.addCleanup(self.leave_cgroups, attacker)
        alerts = watch.wait_for(lambda a: a["rule"] == "Marked" and f"true {word} " in a["output"], "both", 2)
        for alert in alerts:
            self.check_named(alert, "attacker-0")
            self.assertEqual((alert["container_id"], alert["origin"]), (attacker, attacker), alert)

    def leave_cgroups(self, container):
        """Removes those that it made: where its own is the node's root, nobody else would."""
        left = self.containerd.exec(container, "/bin/sh", "-c", """set -e
            for made in $(busybox cat /made); do
              for pid in $(busybox cat $made/cgroup.procs); do echo $pid >$made/../cgroup.procs; done
              busybox rmdir $made
            done""")
        self.assertEqual(left.exit_code, 0, left.stderr)

    def test_nor_is_one_in_a_cgroup_namespace_of_its_own(self):
        """In there it is the root that it sees, and may call what is below it as it likes."""
        _, watch = self.daemon("--cri-socket", "none")
        victim = Container("/bin/sleep", "1000")
        self.addCleanup(victim.remove)
        victim.start()
        word, end = mark(), self.directory / "end"
        end.mkdir()
        # An execve in each, and more of them in the last, until it is told to leave and to remove them.
        script = f"""set -e
            mkdir /cg && mount -t cgroup2 none /cg
            for name in {victim.id} docker-{victim.id}.scope cri-containerd-{victim.id}.scope; do
              mkdir /cg/$name; echo $$ >/cg/$name/cgroup.procs; /bin/true {word} $name
            done
            exec /usr/bin/unshare --cgroup sh -c 'cat /proc/self/cgroup; until [ -e /end/now ]; do /bin/true {word} again; sleep 0.2; done
              echo $$ >/cg/cgroup.procs; for name in /cg/*{victim.id}*; do busybox rmdir $name; done; echo all-done'"""
        attacker = Container("unshare", "--cgroup", "/bin/sh", "-c", script, privileged=True,
                             mounts={"/end": end})
        self.addCleanup(attacker.remove)
        attacker.start()

        def check(follower, what, count):
            for alert in follower.wait_for(lambda a: a["rule"] == "Marked" and f"{word} {what} true |" in a["output"], what, count):
                self.assertEqual((alert["container_id"], alert["origin"]), (attacker.id, attacker.id), alert)

        try:
            check(watch, "again", 1)
            for name in (victim.id, f"docker-{victim.id}.scope", f"cri-containerd-{victim.id}.scope"):
                check(watch, name, 1)
            # One that finds all this when it starts says the same.
            check(self.daemon("--cri-socket", "none")[1], "again", 2)
        finally:
            (end / "now").touch()
        code, printed = attacker.finish()
        self.assertEqual(code, 0, printed)
        self.assertIn("0::/\n", printed, "the last is the root that it sees")
        self.assertIn("all-done", printed)

    def test_a_runtime_that_is_restarted_is_listened_to_again(self):
        daemon, watch = self.found_by_itself()

        def check_told(names):
            told = daemon.status()["metadata_events"]
            for number in range(2):  # what is asked of the first tells that somebody is there
                word, _ = self.run_marked(f"{names}-{number}")
                self.check_named(self.marked(watch, word), f"{names}-{number}")
            if ANOTHER:
                wait_until(lambda: daemon.status()["metadata_events"] > told, f"the runtime to tell of {names} unasked")

        check_told("first")
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.containerd.stop(how)
            self.containerd.start()
            check_told(how.name.lower())

    def test_a_runtime_that_hangs_lies_or_dies_blocks_nothing(self):
        """One container, watched by a monitor that knows nothing but a socket, which leads elsewhere."""
        pod = self.containerd.pod("long-0")
        self.addCleanup(self.containerd.remove_pod, pod[0])
        word = mark()
        self.containerd.container(pod, "job", "/bin/sh", "-c", f"while sleep 0.2; do /bin/true {word}; done")
        directory = pathlib.Path(tempfile.mkdtemp(prefix="nz-s-"))
        leads_to = directory / "socket"
        with contextlib.ExitStack() as stack:
            silent = stack.enter_context(Peer(directory / "silent", None))
            garbage = stack.enter_context(Peer(directory / "garbage", os.urandom(4096)))
            leads_to.symlink_to(silent.path)
            daemon, watch = self.daemon("--cri-socket", str(leads_to), "--host-root", str(directory))

            def point(path):
                (directory / "new").symlink_to(path)
                (directory / "new").rename(leads_to)

            def next_alert():
                begun = time.time_ns()
                return watch.wait_for(lambda a: a["rule"] == "Marked" and word in a["output"]
                                      and a["output_fields"]["evt.time"] > begun, "the next alert")[0]

            def check_marked_uncertain():
                alert = next_alert()
                self.assertIn("k8s.pod.name", alert["uncertain"])
                self.assertNotIn("pod", alert)

            check_marked_uncertain()
            point(garbage.path)
            wait_until(lambda: garbage.peers > 0, "the monitor to meet the peer that talks nonsense")
            check_marked_uncertain()
            point(self.containerd.socket)
            self.containerd.process.send_signal(signal.SIGSTOP)
            self.addCleanup(self.containerd.process.send_signal, signal.SIGCONT)
            check_marked_uncertain()
            self.containerd.process.send_signal(signal.SIGCONT)
            wait_until(lambda: not next_alert()["uncertain"], "the alerts to name their pod")
            self.check_named(next_alert(), "long-0")
            status = daemon.status()
            self.assertGreater(status["metadata_failed"], 0)
            self.assertGreater(status["alerts_without_metadata"], 2)

            self.containerd.stop(signal.SIGKILL)
            self.containerd.start()
            other, _ = self.run_marked("after-0")
            self.check_named(self.marked(watch, other), "after-0")


class Peer:
    """Takes connections to a unix socket, says `words` to each, and no more."""

    def __init__(self, path, words):
        self.path, self.words, self.peers = path, words, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        self.held = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                self.held.append(peer)
                self.peers += 1
                if self.words is not None:
                    peer.sendall(self.words)
                    peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for peer in self.held:
            peer.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
