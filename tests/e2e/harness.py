# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests stand on: a daemon, followers of its alerts, runc containers, listeners.

Everything is real: the binary under test, the kernel's events, runc, gRPC over the daemon's socket.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ["NEZUBAN_BIN"]
TOOLS = pathlib.Path(os.environ["NEZUBAN_E2E_TOOLS"])  # the static programs built beside the tests
OCI_RUNTIME = os.environ.get("NEZUBAN_RUNTIME", "runc")  # or crun
# Sanitizers make everything slower; nothing here is a statement about speed.
PATIENCE = float(os.environ.get("NEZUBAN_PATIENCE", "30"))


def wait_until(condition, what, timeout=PATIENCE):
    """The first true value of condition(); fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s in vain: {what}")
        time.sleep(0.02)


class Daemon:
    """`nezuban run` with its own socket, in a directory that goes away with it."""

    def __init__(self, *arguments, rules=ROOT / "rules" / "default", store=None, socket_path=None, wait=True):
        """Without `wait` it may not watch yet."""
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-e2e-"))
        self.socket = socket_path or self.directory / "run" / "nezuban.sock"
        self.log = open(self.directory / "log", "w+b")
        self.process = subprocess.Popen(
            [BINARY, "run", "--socket", self.socket, "--store", store or self.directory / "store", "--rules", rules,
             "--output", "none", *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            if wait:
                wait_until(self._ready, "the daemon to be watching")
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.read_log()}") from None

    def _ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}")
        return "watching" in self.read_log()

    def read_log(self):
        return (self.directory / "log").read_text(errors="replace")

    def status(self):
        out = subprocess.run([BINARY, "status", "--json", "--address", self.address],
                             check=True, capture_output=True, text=True, timeout=PATIENCE)
        return json.loads(out.stdout)

    @property
    def address(self):
        return f"unix://{self.socket}"

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=PATIENCE)
        self.log.close()
        return code

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class Follower:
    """A client that prints alerts as JSON lines; keeps those that came."""

    def __init__(self, command):
        self.alerts = []
        self.arrived = []  # seconds since the epoch, one per alert
        self.gaps = []
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    @classmethod
    def watch(cls, daemon, *arguments):
        return cls([BINARY, "watch", "--json", "--address", daemon.address, *arguments])

    @classmethod
    def python(cls, daemon):
        return cls(["/usr/bin/python3", str(ROOT / "tests" / "e2e" / "client.py"), daemon.address])

    def _read(self):
        for line in self.process.stdout:
            value = json.loads(line)
            if "gap" in value:
                self.gaps.append(value["gap"])
            if "rule" in value:
                self.arrived.append(time.time())
                if "NEZUBAN_DEMO" in os.environ:
                    where = (value["origin"] or "?")[:12]
                    details = value["output"].partition(" | ")[2].replace("\n", " ")
                    print(f"\n{value['priority']:<9} {where:<12}  {value['rule']}\n{'':<24}{details}", end="", flush=True)
                self.alerts.append(value)

    def matching(self, condition):
        return [a for a in list(self.alerts) if condition(a)]

    def wait_for(self, condition, what, count=1):
        def enough():
            found = self.matching(condition)
            return found if len(found) >= count else None

        try:
            return wait_until(enough, what)
        except AssertionError as error:
            seen = "\n".join(f"{a['origin']} {a['rule']}: {a['output']}" for a in self.alerts)
            raise AssertionError(f"{error}\nalerts that came:\n{seen}") from None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=PATIENCE)
        self.thread.join(timeout=PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


class Listener:
    """A TCP listener, on loopback unless told otherwise, that accepts one peer and talks to it."""

    def __init__(self, port=0, family=socket.AF_INET, address=None):
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address or ("127.0.0.1" if family == socket.AF_INET else "::1"), port))
        self.socket.listen(8)
        self.socket.settimeout(PATIENCE)
        self.port = self.socket.getsockname()[1]

    def accept(self):
        peer, address = self.socket.accept()
        peer.settimeout(PATIENCE)
        return peer, address

    def converse(self, command):
        """Accepts a shell, runs `command` in it, returns what it printed and the peer's port."""
        peer, address = self.accept()
        with peer:
            peer.sendall(f"{command}; echo done-$((40+2))\nexit\n".encode())
            heard = b""
            while b"done-42" not in heard:
                chunk = peer.recv(4096)
                if not chunk:
                    break
                heard += chunk
        return heard.decode(errors="replace"), address[1]

    def close(self):
        self.socket.close()


def copy_with_libraries(program, rootfs):
    """Puts a dynamically linked program and what it needs where it would be on the host."""
    program = shutil.which(program)
    files = [program]
    for line in subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout.splitlines():
        files += [word for word in line.split() if word.startswith("/")]
    for file in files:
        target = rootfs / file.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(file), target)


# crun takes no mixture of cgroup hierarchies: it is given the second version alone.
IN_CGROUP2 = ["unshare", "-m", "--propagation", "private", "sh", "-c",
              'umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"', "sh"]


class Container:
    """A container of runc or crun on the host's network, with busybox, bash and our static programs in it."""

    def __init__(self, *command, privileged=False, host_pid=False, name=None, mounts=None, ro=None, user=0,
                 runtime=OCI_RUNTIME):
        """`mounts` are directories of the node by where the container has them, `ro` those it cannot write to.
        `user` is the number of its user and group, `runtime` is runc or crun."""
        self.id = name or secrets.token_hex(32)
        self.user = user
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-runc-"))
        self.is_crun = runtime == "crun"
        self.runtime = [*(IN_CGROUP2 if self.is_crun else []), runtime, "--root", str(self.directory / "state")]
        self.rootfs = self.directory / "rootfs"
        self._fill_rootfs()
        every = [(where, what, "rw") for where, what in (mounts or {}).items()]
        every += [(where, what, "ro") for where, what in (ro or {}).items()]
        self._write_config(list(command), privileged, host_pid, every)
        self.process = None
        self.mounted = []  # undone by remove, in this order

    def _fill_rootfs(self):
        for name in ("bin", "dev", "proc", "sys", "tmp", "etc", "mnt"):
            (self.rootfs / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", self.rootfs / "bin" / "busybox")
        for applet in ("sh", "ls", "mount", "umount", "nc", "cat", "sleep", "id", "true", "mkdir"):
            (self.rootfs / "bin" / applet).symlink_to("busybox")
        for program in ("bash", "nsenter", "unshare"):
            copy_with_libraries(program, self.rootfs)
        for tool in TOOLS.iterdir():
            if tool.is_file() and os.access(tool, os.X_OK):
                shutil.copy(tool, self.rootfs / "bin" / tool.name)

    def _write_config(self, command, privileged, host_pid, mounts):
        subprocess.run(["runc", "spec"], cwd=self.directory, check=True)
        path = self.directory / "config.json"
        config = json.loads(path.read_text())
        config["process"].update(terminal=False, args=command, cwd="/")
        config["process"]["env"] = ["PATH=/bin:/usr/bin"]
        config["process"]["user"] = {"uid": self.user, "gid": self.user}
        config["root"]["readonly"] = False
        config["mounts"] += [{"destination": where, "source": str(what), "options": ["rbind", access]}
                             for where, what, access in mounts]
        dropped = {"network"} | ({"pid"} if host_pid else set())
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] not in dropped]
        config["process"].pop("rlimits", None)
        if privileged:
            every = ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                     "CAP_SYS_PTRACE", "CAP_NET_ADMIN", "CAP_KILL", "CAP_AUDIT_WRITE", "CAP_SETUID",
                     "CAP_SETGID", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW"]
            for kind in ("bounding", "effective", "permitted"):
                config["process"]["capabilities"][kind] = every
            config["linux"].pop("maskedPaths", None)
            config["linux"].pop("readonlyPaths", None)
            config["linux"]["resources"]["devices"] = [{"allow": True, "access": "rwm"}]
        if self.is_crun:
            config["linux"].pop("resources")  # what it needs for them not every machine lets it do
        path.write_text(json.dumps(config))

    def on_overlay(self):
        """Puts a writable layer over the root file system, as containerd has it. Before start."""
        image, layers = self.directory / "image", self.directory / "layers"
        self.rootfs.rename(image)
        self.rootfs.mkdir()
        layers.mkdir()
        # Its own file system: an overlay cannot be the upper layer of another.
        subprocess.run(["mount", "-t", "tmpfs", "none", layers], check=True)
        self.mounted = [layers]
        for name in ("upper", "work"):
            (layers / name).mkdir()
        subprocess.run(["mount", "-t", "overlay", "none", self.rootfs, "-o",
                        f"lowerdir={image},upperdir={layers}/upper,workdir={layers}/work"], check=True)
        self.mounted.insert(0, self.rootfs)

    def start(self, leaked=None):
        """`leaked`: a path of the node, which is left open as descriptor 3 of the container."""
        command = [*self.runtime, "run"]
        if leaked is not None:
            command = ["sh", "-c", f'exec 3<{leaked}; exec "$@"', "sh", *command, "--preserve-fds", "1"]
        self.process = subprocess.Popen(
            [*command, self.id], cwd=self.directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return self

    def finish(self):
        """Waits for it to end; its exit code and what it printed."""
        out, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.decode(errors="replace")

    def exec(self, *command):
        return subprocess.run([*self.runtime, "exec", self.id, *command],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)

    def remove(self):
        subprocess.run([*self.runtime, "delete", "--force", self.id],
                       capture_output=True)
        if self.process is not None:
            self.process.wait(timeout=PATIENCE)
            self.process.stdout.close()
        for where in self.mounted:
            subprocess.run(["umount", "-l", where], check=True)
        shutil.rmtree(self.directory, ignore_errors=True)
