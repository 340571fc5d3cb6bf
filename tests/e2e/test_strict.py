#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The strict rules, each with the act it is about, in a real container; and a daemon that has both sets."""

import datetime
import os
import socket
import subprocess
import unittest

from harness import ROOT, Listener, wait_until
from watched import Watched

# The node's programs, for containers that need more than their image has.
PROGRAMS = {"/usr": "/usr", "/lib": "/lib", "/lib64": "/lib64"}


def moment(alert):
    """When its event happened, to the microsecond."""
    whole, fraction = alert["time"].rstrip("Z").split(".")
    return datetime.datetime.fromisoformat(f"{whole}.{fraction[:6]}+00:00")


class Strict(Watched):
    extra_rules = (ROOT / "rules" / "strict",)

    def test_files_of_a_container(self):
        container = self.container("/bin/sh", "-c", "cp /bin/busybox /bin/added && /bin/busybox chmod u+s /bin/added")
        container.finish()
        self.expect("Program directory of a container written to", container, fd_name="/bin/added")
        self.expect("File made to run as its owner", container)

    def test_a_library_that_was_written_and_preloaded(self):
        container = self.make_container(
            "/bin/sh", "-c", "cp /lib/x86_64-linux-gnu/libm.so.6 /tmp/own.so && LD_PRELOAD=/tmp/own.so /usr/bin/bash -c true",
            ro=PROGRAMS)
        container.on_overlay()
        container.start()
        self.assertEqual(container.finish(), (0, ""))
        self.expect("Program started with a preloaded library", container, proc_exepath="/usr/bin/bash")
        self.expect("Library written into the container loaded", container, fd_name="/tmp/own.so")

    def test_password_hashes_in_a_backup(self):
        backup = subprocess.Popen(["md5sum", "/etc/shadow"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.assertEqual(backup.wait(), 0)
        rule = "Password hashes copied or searched on the node"
        self.watch.wait_for(lambda a: a["rule"] == rule and a["pid"] == backup.pid, rule)

    def test_an_interpreter_that_connects(self):
        container = self.container("/bin/sh", "-c", "/bin/busybox timeout 5 "
                                   "/usr/bin/bash -c 'exec 3<>/dev/tcp/192.0.2.1/9'; true")
        container.finish()
        self.expect("Interpreter connects from a container", container)

    def test_who_calls_the_kubelet(self):
        kubelet = Listener(10250)
        self.addCleanup(kubelet.close)
        pod = self.container("/bin/sleep", "3600")
        wait_until(lambda: pod.exec("/bin/true").returncode == 0, "the pod")
        self.expect("Command started in a running container", pod)
        rule = "Command run in a container for an unlisted kubelet client"
        for client, joined in (("127.0.0.1", False), ("127.0.0.2", True)):
            with socket.create_connection(("127.0.0.1", 10250), source_address=(client, 0)):
                if joined:
                    called = datetime.datetime.now(datetime.timezone.utc)
                kubelet.accept()[0].close()
            self.assertEqual(pod.exec("/bin/id").returncode, 0)
            if joined:
                alert = self.expect(rule, pod)
                self.assertGreater(moment(alert), called, "not for the listed client")
                self.assertEqual([r["rule"] for r in alert["related"]],
                                 ["Kubelet API served to an unlisted client"])
        self.assertEqual(len(self.watch.matching(lambda a: a["rule"] == rule)), 1)
        served = "Kubelet API served to an unlisted client"
        self.watch.wait_for(lambda a: a["rule"] == served and a["output_fields"]["fd.cip"] == "127.0.0.2", "the client")
        self.assertEqual(self.watch.matching(lambda a: a["rule"] == served
                                             and a["output_fields"]["fd.cip"] == "127.0.0.1"), [])

    def test_a_terminal(self):
        pod = self.container("/bin/sleep", "3600")
        wait_until(lambda: pod.exec("/bin/true").returncode == 0, "the pod")
        leader, follower = os.openpty()
        session = subprocess.Popen([*pod.runtime, "exec", "-t", pod.id, "/bin/sh", "-c",
                                    "true"], stdin=follower, stdout=follower, stderr=follower, start_new_session=True)
        self.addCleanup(os.close, leader)
        os.close(follower)
        session.wait(timeout=30)
        self.expect("Terminal in a container", pod)
        # The runtime gave it.
        self.assertEqual(self.watch.matching(lambda a: a["rule"] == "Shell on a terminal made in the container"
                                             and a["origin"] == pod.id), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
