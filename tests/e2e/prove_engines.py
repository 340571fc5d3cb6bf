#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Containers of Docker's and Podman's own making, on a pure cgroup v2: which they are from the first exec on,
in a cgroup namespace of their own and in the node's, and what is put into them later."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from harness import IN_CGROUP2, PATIENCE, wait_until
from watched import OwnMonitor, mark

RULES = """
- rule: Marked
  desc: d
  priority: warning
  condition: evt.type = execve and proc.args startswith nezuban-mark-
  output: "%proc.cmdline | %container.full_id %container.type %proc.is_exec_session %container.cgroup"
"""

# An OCI runtime for machines whose root may not raise limits, and whose controllers are v1's.
RUNTIME = """#!{python}
import json, os, sys
for option, file in (("--bundle", "config.json"), ("--process", "")):
    if option not in sys.argv:
        continue
    path = os.path.join(sys.argv[sys.argv.index(option) + 1], file).rstrip("/")
    with open(path) as file:
        config = json.load(file)
    process = config.get("process", config)
    process.pop("rlimits", None)
    process.pop("oomScoreAdj", None)
    config.get("linux", {{}}).pop("resources", None)
    with open(path, "w") as file:
        json.dump(config, file)
os.execv("/usr/bin/crun", ["crun", *sys.argv[1:]])
"""


class Engines(OwnMonitor):
    rules_text = RULES

    def setUp(self):
        super().setUp()
        self.rootfs = self.directory / "rootfs"
        for name in ("bin", "dev", "proc", "sys", "tmp", "etc"):
            (self.rootfs / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", self.rootfs / "bin")
        for applet in ("sh", "sleep", "true"):
            (self.rootfs / "bin" / applet).symlink_to("busybox")
        self.runtime = self.directory / "runtime"
        self.runtime.write_text(RUNTIME.format(python=sys.executable))
        self.runtime.chmod(0o755)

    def start(self, *command, **options):
        """In a mount and a network namespace of its own, where cgroup v2 is all there is."""
        return subprocess.Popen(
            ["unshare", "-n", *IN_CGROUP2, "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *map(str, command)],
            stdin=subprocess.DEVNULL, start_new_session=True, **options)

    def end(self, process):
        """It and what it started in its session, if it still runs."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def run_to_end(self, *command):
        process = self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, process)
        printed, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, printed)

    def check(self, watch, word, container, engine, put=False):
        alert = watch.wait_for(lambda a: word in a["output"], f"{word} in {container}")[0]
        self.assertIn(f"| {container} {engine} {str(put).lower()} /", alert["output"])
        self.assertEqual((alert["container_id"], alert["origin"]), (container, container), alert)
        print(f"\n{engine}: {alert['output'].split()[-1].replace(container, '@')}", end="")

    def test_podman(self):
        _, watch = self.daemon("--cri-socket", "none")
        podman = ["podman", "--root", self.directory / "storage", "--runroot", self.directory / "run", "--tmpdir",
                  self.directory / "tmp", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs",
                  "--events-backend", "file", "--runtime", self.runtime]
        for namespace in ("private", "host"):
            own, put = mark(), mark()
            file = self.directory / namespace
            self.addCleanup(self.run_to_end, *podman, "rm", "--force", "--ignore", "--time", "0", "--cidfile", file)
            # All of it happens where its cgroups and mounts can be seen.
            script = f"""set -e
              podman() {{ {" ".join(map(str, podman)).replace("podman", "command podman", 1)} "$@"; }}
              podman run --detach --cidfile {file} --cgroupns {namespace} --net host --ulimit host \
                --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
                --rootfs {self.rootfs} /bin/sh -c "/bin/true {own}; sleep 1000"
              podman exec $(cat {file}) /bin/true {put}"""
            self.run_to_end("sh", "-c", script)
            container = file.read_text().strip()
            self.check(watch, own, container, "podman")
            self.check(watch, put, container, "podman", put=True)

    def docker(self, *arguments, **options):
        done = subprocess.run(["docker", "--host", f"unix://{self.directory}/docker.sock", *arguments],
                              capture_output=True, text=True, timeout=PATIENCE, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def start_docker(self):
        log = open(self.directory / "dockerd.log", "w+")
        self.addCleanup(log.close)
        process = self.start(
            "dockerd", "--data-root", self.directory / "docker", "--exec-root", self.directory / "docker-exec",
            "--pidfile", self.directory / "docker.pid", "--host", f"unix://{self.directory}/docker.sock",
            "--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs",
            "--exec-opt", "native.cgroupdriver=cgroupfs", stdout=log, stderr=log)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.send_signal, signal.SIGTERM)

        def answers():
            self.assertIsNone(process.poll(), (self.directory / "dockerd.log").read_text()[-3000:])
            with contextlib.suppress(AssertionError):
                return json.loads(self.docker("version", "--format", "{{json .Server.Version}}"))

        wait_until(answers, "dockerd to answer")

    def test_docker(self):
        _, watch = self.daemon("--cri-socket", "none")
        self.start_docker()
        archive = subprocess.run(["tar", "-C", self.rootfs, "-c", "."], capture_output=True, check=True).stdout
        subprocess.run(["docker", "--host", f"unix://{self.directory}/docker.sock", "import", "-", "tools:v1"],
                       input=archive, capture_output=True, check=True, timeout=PATIENCE)
        for namespace in ("private", "host"):
            own, put = mark(), mark()
            container = self.docker("run", "--detach", "--network", "host", "--cgroupns", namespace, "tools:v1",
                                    "/bin/sh", "-c", f"/bin/true {own}; sleep 1000")
            self.check(watch, own, container, "docker")
            self.docker("exec", container, "/bin/true", put)
            self.check(watch, put, container, "docker", put=True)
            self.docker("rm", "--force", container)


if __name__ == "__main__":
    os.umask(0o022)
    unittest.main(verbosity=2)
