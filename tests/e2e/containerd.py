# SPDX-License-Identifier: Apache-2.0
"""A containerd of the test's own, with its CRI plugin: pods and containers made as a kubelet makes them.

Its files lie where a node has them, below `root`: a monitor that is given it as --host-root finds them.
"""

import contextlib
import hashlib
import importlib
import io
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

import grpc

from harness import PATIENCE, ROOT, wait_until

IMAGE = "localhost/tools:v1"
PAUSE = "localhost/pause:1"
NODE_NETWORK = 2
EXITED = 2  # CONTAINER_EXITED
UNCONFINED = 1  # ProfileType
# Where another containerd's programs are (scripts/containerd); empty: the machine's.
ANOTHER = os.environ.get("NEZUBAN_CONTAINERD", "")
ENVIRONMENT = dict(os.environ, PATH=f"{ANOTHER}:{os.environ['PATH']}" if ANOTHER else os.environ["PATH"])

CONFIG = """
version = 2
root = "{directory}/root"
state = "{state}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{pause}"
  disable_cgroup = {disable_cgroup}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{directory}/cni"
[plugins."io.containerd.internal.v1.opt"]
  path = "{directory}/opt"
"""


def messages(directory):
    """The messages of cri.proto, compiled for this run."""
    subprocess.run(["protoc", "-I", ROOT / "tests" / "e2e", f"--python_out={directory}", "cri.proto"], check=True)
    sys.path.insert(0, str(directory))
    try:
        return importlib.import_module("cri_pb2")
    finally:
        sys.path.remove(str(directory))


def image_archive(path, reference, command, files=()):
    """An OCI archive with one layer: busybox and names for it, and `files`: paths of theirs and of the node."""
    def add(archive, name, data, mode=0o644):
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), mode
        archive.addfile(info, io.BytesIO(data))

    def digest(data):
        return "sha256:" + hashlib.sha256(data).hexdigest()

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        add(archive, "bin/busybox", pathlib.Path("/bin/busybox").read_bytes(), 0o755)
        for applet in ("sh", "sleep", "true", "id"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        add(archive, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nshopper:x:1000:1000::/home:/bin/sh\n")
        add(archive, "etc/group", b"root:x:0:\nshoppers:x:1000:\n")
        for name, source in files:
            archive.add(source, name.lstrip("/"))
    layer = layer.getvalue()
    config = json.dumps({"architecture": "amd64", "os": "linux",
                         "config": {"Env": ["PATH=/bin"], "Cmd": command},
                         "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    kind = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": kind + "layer.v1.tar", "digest": digest(layer), "size": len(layer)}]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [
        {"mediaType": kind + "manifest.v1+json", "digest": digest(manifest), "size": len(manifest),
         "annotations": {"org.opencontainers.image.ref.name": reference.split(":")[-1],
                         "io.containerd.image.name": reference}}]}).encode()
    with tarfile.open(path, "w") as archive:
        add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add(archive, "index.json", index)
        for blob in (layer, config, manifest):
            add(archive, "blobs/sha256/" + digest(blob)[7:], blob)


class Containerd:
    def __init__(self, pure_cgroup2=False):
        """`pure_cgroup2`: it finds no other hierarchy, and so gives each container a cgroup namespace."""
        self.pure_cgroup2 = pure_cgroup2
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nz-c-", dir="/tmp"))
        self.root = self.directory / "host"  # what the monitor takes for the node's root
        self.state = self.root / "run" / "containerd"
        self.socket = self.state / "containerd.sock"
        for where in ("root", "cni", "opt", "host/run/containerd", "pb"):
            (self.directory / where).mkdir(parents=True)
        self.config = self.directory / "config.toml"
        self.config.write_text(CONFIG.format(directory=self.directory, state=self.state,
                                             socket=self.socket, pause=PAUSE,
                                             # where v1 hierarchies have the controllers, none can be set
                                             disable_cgroup=str(pure_cgroup2).lower()))
        self.messages = messages(self.directory / "pb")
        self.log = open(self.directory / "log", "w+b")
        self.process = None
        self.pods = []
        self.start()
        for name, command in ((IMAGE, ["/bin/sleep", "1"]), (PAUSE, ["/bin/sleep", "1000000"])):
            self.add_image(name, command)

    def add_image(self, name, command, files=()):
        archive = self.directory / "image.tar"
        image_archive(archive, name, command, files)
        self.ctr("-n", "k8s.io", "images", "import", str(archive))
        archive.unlink()

    def start(self):
        """In a mount and a network namespace of its own: it mounts what nobody else should see."""
        self.process = subprocess.Popen(
            ["unshare", "-n", "-m", "--propagation", "private", "sh", "-c",
             f"{'umount -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup;' if self.pure_cgroup2 else ''}"
             f"ip link set lo up; exec containerd -c {self.config}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True, env=ENVIRONMENT)
        self.channel = grpc.insecure_channel(f"unix://{self.socket}",
                                             options=[("grpc.default_authority", "localhost")])
        wait_until(self._answers, "containerd to answer")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"containerd ended:\n{(self.directory / 'log').read_text()[-3000:]}")
        try:
            return self.call("Version")
        except grpc.RpcError:
            return None

    def stop(self, how=signal.SIGTERM):
        self.channel.close()
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        self.process.wait(timeout=PATIENCE)

    def ctr(self, *arguments):
        return subprocess.run(["ctr", "-a", self.socket, *arguments], check=True, capture_output=True,
                              text=True, timeout=PATIENCE, env=ENVIRONMENT)

    def call(self, method, **fields):
        request = getattr(self.messages, f"{method}Request")(**fields)
        response = getattr(self.messages, f"{method}Response")
        return self.channel.unary_unary(f"/runtime.v1.RuntimeService/{method}",
                                        request_serializer=type(request).SerializeToString,
                                        response_deserializer=response.FromString)(request, timeout=PATIENCE)

    def pod(self, name, namespace="shop", privileged=False, pid=0, log_directory="", uid=None, **labels):
        """A pod on the node's network; gives its sandbox's id and its configuration. `pid`: a NamespaceMode."""
        m = self.messages
        config = m.PodSandboxConfig(
            metadata=m.PodSandboxMetadata(name=name, uid=uid or secrets.token_hex(8), namespace=namespace),
            log_directory=log_directory, labels=labels,
            linux=m.LinuxPodSandboxConfig(security_context=m.LinuxSandboxSecurityContext(
                privileged=privileged, namespace_options=m.NamespaceOption(network=NODE_NETWORK, pid=pid))))
        sandbox = self.call("RunPodSandbox", config=config).pod_sandbox_id
        self.pods.append(sandbox)
        return sandbox, config

    def container(self, pod, name, *command, mounts=(), privileged=False, user=0, seccomp=UNCONFINED, **labels):
        """Creates and starts a container in the pod, as that user; gives its id. `seccomp`: a ProfileType."""
        m = self.messages
        context = m.LinuxContainerSecurityContext(privileged=privileged, run_as_user=m.Int64Value(value=user),
                                                  seccomp=m.SecurityProfile(profile_type=seccomp))
        return self.run(pod, m.ContainerConfig(
            metadata=m.ContainerMetadata(name=name), image=m.ImageSpec(image=IMAGE), command=command,
            mounts=[m.Mount(host_path=a, container_path=b, readonly=c) for a, b, c in mounts],
            labels=labels, linux=m.LinuxContainerConfig(security_context=context)))

    def run(self, pod, config):
        sandbox, pod_config = pod
        container = self.call("CreateContainer", pod_sandbox_id=sandbox, sandbox_config=pod_config,
                              config=config).container_id
        self.call("StartContainer", container_id=container)
        return container

    def wait_ended(self, container):
        """Its exit code. Started is not yet executed: one that is removed at once may never get there."""
        def ended():
            status = self.call("ContainerStatus", container_id=container).status
            return status if status.state == EXITED else None

        return wait_until(ended, f"{container} to end").exit_code

    def exec(self, container, *command):
        return self.call("ExecSync", container_id=container, cmd=command, timeout=int(PATIENCE))

    def remove_pod(self, sandbox):
        wait_until(lambda: self._removed(sandbox), "the pod to be removed")
        self.pods.remove(sandbox)

    def _removed(self, sandbox):
        """Stopping a container that is just ending fails now and then: ttrpc: closed."""
        with contextlib.suppress(grpc.RpcError):
            self.call("StopPodSandbox", pod_sandbox_id=sandbox)
            self.call("RemovePodSandbox", pod_sandbox_id=sandbox)
            return True

    def remove(self):
        for sandbox in list(self.pods):
            with contextlib.suppress(grpc.RpcError, AssertionError):
                self.remove_pod(sandbox)
        if self.process.poll() is None:
            self.stop()
        self._end_shims()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end_shims(self):
        """What a killed containerd left behind: known by this test's socket in its arguments."""
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                arguments = (entry / "cmdline").read_bytes()
                if b"containerd-shim" in arguments and bytes(self.directory) in arguments:
                    os.kill(int(entry.name), signal.SIGKILL)
