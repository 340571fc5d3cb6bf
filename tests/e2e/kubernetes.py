# SPDX-License-Identifier: Apache-2.0
"""A real API server of the test's own: kube-apiserver and its etcd on loopback, with TLS and RBAC.

No controllers run and no kubelet: what they would make, the test makes.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

import yaml

from harness import PATIENCE, wait_until

APISERVER = os.environ["NEZUBAN_KUBE_APISERVER"]  # scripts/kube-apiserver
ADMIN = "admin-token"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Kubernetes:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nz-k8s-", dir="/tmp"))
        self.port = free_port()
        self.etcd_port, self.peer_port = free_port(), free_port()
        self.log = open(self.directory / "log", "w+b")
        self._make_certificates()
        (self.directory / "tokens.csv").write_text(f"{ADMIN},admin,admin,system:masters\n")
        peer = f"http://127.0.0.1:{self.peer_port}"
        self.etcd_url = f"http://127.0.0.1:{self.etcd_port}"
        self.etcd = self._run("etcd", "--data-dir", self.directory / "etcd", "--listen-client-urls", self.etcd_url,
                              "--advertise-client-urls", self.etcd_url, "--listen-peer-urls", peer,
                              "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}")
        self.server = None
        self.start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca(self):
        return self.directory / "ca.pem"

    def _run(self, *command):
        return subprocess.Popen([str(part) for part in command], cwd=self.directory, stdin=subprocess.DEVNULL,
                                stdout=self.log, stderr=self.log)

    def _make_certificates(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *key, "-days", "9", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", *key, "-subj", "/CN=api", "-keyout", "api.key", "-out", "api.csr")
        (self.directory / "api.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "api.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "9",
                "-extfile", "api.ext", "-out", "api.pem")
        openssl("genrsa", "-out", "accounts.key", "2048")

    def start(self):
        self.server = self._run(
            APISERVER, "--etcd-servers", self.etcd_url, "--bind-address", "127.0.0.1", "--secure-port", self.port,
            "--tls-cert-file", "api.pem", "--tls-private-key-file", "api.key", "--client-ca-file", "ca.pem",
            "--authorization-mode", "RBAC", "--anonymous-auth=false", "--token-auth-file", "tokens.csv",
            "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", "accounts.key",
            "--service-account-signing-key-file", "accounts.key", "--service-cluster-ip-range", "10.0.0.0/24",
            "--disable-admission-plugins", "ServiceAccount")
        wait_until(self._ready, "the API server to be ready", timeout=4 * PATIENCE)

    def _ready(self):
        if self.server.poll() is not None:
            raise AssertionError(f"it ended:\n{(self.directory / 'log').read_text(errors='replace')[-3000:]}")
        try:
            self.call("GET", "/readyz")
            return True
        except OSError:  # of urllib, too
            return False

    def stop(self, how=signal.SIGKILL):
        self.server.send_signal(how)
        self.server.wait(timeout=PATIENCE)

    def call(self, method, path, body=None, kind="application/json"):
        """As the administrator. What it answers, or urllib's error."""
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {ADMIN}", "Content-Type": kind})
        context = ssl.create_default_context(cafile=self.ca)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            error.msg += f": {error.read()[:500]!r}"
            raise
        return json.loads(text) if text.startswith(b"{") else text

    def make(self, path, kind, name, owner=None, labels=None, **rest):
        """An object; gives what can be another's `owner`."""
        metadata = {"name": name, "labels": labels or {}}
        if owner:
            metadata["ownerReferences"] = [dict(owner, controller=True)]
        prefix = path.removeprefix("/apis/").removeprefix("/api/")
        version = "/".join(prefix.split("/")[:2 if path.startswith("/apis/") else 1])
        made = self.call("POST", path, {"apiVersion": version, "kind": kind, "metadata": metadata, **rest})
        return {"apiVersion": version, "kind": kind, "name": name, "uid": made["metadata"]["uid"]}

    def apply(self, text):
        """Of a manifest what this proof needs: accounts and rights."""
        paths = {"ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
                 "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
                 "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"}
        for document in yaml.safe_load_all(text):
            if document and document["kind"] in paths:
                self.call("POST", paths[document["kind"]].format(**document["metadata"]), document)

    def token(self, namespace, account):
        answer = self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}})
        return answer["status"]["token"]

    def remove(self):
        for process in (self.server, self.etcd):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(timeout=PATIENCE)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)
