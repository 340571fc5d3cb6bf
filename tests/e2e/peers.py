# SPDX-License-Identifier: Apache-2.0
"""Peers of the sinks: rsyslog, servers that misbehave on demand, certificates, an OTLP receiver."""

import concurrent.futures
import http.server
import json
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

from harness import PATIENCE, ROOT, wait_until


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Certificates:
    """An authority and what it signs, made with openssl."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.ca("ca")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def path(self, name):
        return str(self.directory / name)

    def ca(self, name):
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
                      "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        return self.path(f"{name}.pem")

    def sign(self, name, subject, ca="ca", days=9):
        """`subject` is a subjectAltName: DNS:x or IP:x. Negative days: it has expired already."""
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.directory / f"{name}.ext").write_text(f"subjectAltName={subject}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
                      "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return self.path(f"{name}.pem"), self.path(f"{name}.key")


class Rsyslog:
    """A real rsyslogd. Inputs are added before start; what each got is in a file of its own."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-rsyslog-"))
        self.text = ('module(load="imuxsock" SysSock.Use="off")\nmodule(load="imudp")\nmodule(load="imptcp")\n'
                     'module(load="imtcp")\n'
                     f'global(workDirectory="{self.directory}" maxMessageSize="64k")\n'
                     'template(name="parts" type="string" string="%pri%\\t%app-name%\\t%msgid%\\t'
                     '%structured-data%\\t%msg%\\n")\n')
        self.process = None

    def add(self, name, kind, options):
        self.text += (f'ruleset(name="{name}") {{ action(type="omfile" file="{self.directory}/{name}" '
                      'template="parts" asyncWriting="off" flushOnTXEnd="on") }\n'
                      f'input(type="{kind}" ruleset="{name}" {options})\n')

    def add_tls(self, name, port, cert, key, ca, authenticate_clients=False):
        mode = "x509/certvalid" if authenticate_clients else "anon"
        self.add(name, "imtcp", f'port="{port}" StreamDriver.Name="ossl" StreamDriver.Mode="1" '
                 f'StreamDriver.AuthMode="{mode}" StreamDriver.CAFile="{ca}" StreamDriver.CertFile="{cert}" '
                 f'StreamDriver.KeyFile="{key}"')

    def start(self):
        config = self.directory / "rsyslog.conf"
        config.write_text(self.text)
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", self.directory / "pid"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until((self.directory / "pid").exists, "rsyslogd to run")

    def messages(self, name):
        """The marked alerts that came in, as lists of pri, app-name, msgid, structured data and message."""
        path = self.directory / name
        text = path.read_text() if path.exists() else ""
        return [line.split("\t") for line in text.splitlines() if line.count("\t") == 4 and "sink-mark" in line]

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)
            self.process = None
            (self.directory / "pid").unlink(missing_ok=True)

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class BadThenGood:
    """A TCP server that resets the first connections, lets one wait behind a small window, then reads all."""

    def __init__(self, resets=2, slow=1):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # inherited; the kernel's least
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        self.port = self.socket.getsockname()[1]
        self.received = []  # bytes of each connection
        self.behaviours = ["reset"] * resets + ["slow"] * slow
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def connections(self):
        return len(self.received)

    def _serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            behaviour = self.behaviours.pop(0) if self.behaviours else "good"
            self.received.append(b"")
            if behaviour == "reset":
                peer.recv(10)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.close()
            else:
                delay = 2 if behaviour == "slow" else 0
                threading.Thread(target=self._read, args=(peer, len(self.received) - 1, delay), daemon=True).start()

    def _read(self, peer, index, delay):
        time.sleep(delay)
        with peer:
            while True:
                try:
                    chunk = peer.recv(65536)
                except OSError:
                    return
                if not chunk:
                    return
                self.received[index] += chunk

    def messages(self):
        """Unframes what came over each connection: RFC 6587, octet counting. A last part is left out."""
        messages = []
        for rest in self.received:
            while b" " in rest:
                length, _, rest = rest.partition(b" ")
                if len(rest) < int(length):
                    break
                messages.append(rest[:int(length)].decode())
                rest = rest[int(length):]
        return messages

    def close(self):
        self.socket.close()


class Webhook(http.server.ThreadingHTTPServer):
    """Answers with the behaviours in order: a status, (status, headers), "hang" or "reset"; then 200.
    Refuses whatever holds `poison` with 400. `on_body` gets what was taken, which is then not kept."""

    daemon_threads = True

    def __init__(self, behaviours=(), poison=None, port=0, on_body=None, credentials=None):
        self.on_body = on_body
        self.behaviours = list(behaviours)
        self.poison = poison
        self.bodies = []  # of requests that got 200
        self.headers = []
        self.times = []
        super().__init__(("127.0.0.1", port), self.Handler)
        if credentials:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*credentials)
            # Not in accept: a client that says nothing must not keep the others out.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A client that is killed while it speaks is no error of the server's."""

    def close(self):
        self.shutdown()
        self.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            server = self.server
            server.times.append(time.monotonic())
            behaviour = server.behaviours.pop(0) if server.behaviours else 200
            if behaviour == "hang":
                time.sleep(3)
                self.close_connection = True
                return
            if behaviour == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            status, headers = behaviour if isinstance(behaviour, tuple) else (behaviour, {})
            if server.poison and server.poison in body:
                status = 400
            if status == 200:
                if server.on_body:
                    server.on_body(body)
                else:
                    server.bodies.append(body)
                    server.headers.append(dict(self.headers))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass


class OtlpReceiver:
    """A gRPC server of the OpenTelemetry logs service. `answers` are given first to what has alerts: a
    status code, a number of records that are rejected, or "slow". `on_record` gets each record, which is then not kept."""

    def __init__(self, answers=(), credentials=None, on_record=None, port=0):
        import grpc
        from grpc_tools import protoc
        self.generated = tempfile.TemporaryDirectory(prefix="nezuban-otlp-")
        proto = ROOT / "proto"
        assert protoc.main(["protoc", f"-I{proto}", f"--python_out={self.generated.name}",
                            f"--grpc_python_out={self.generated.name}", "opentelemetry/logs_service.proto"]) == 0
        sys.path.insert(0, self.generated.name)
        from opentelemetry import logs_service_pb2 as pb
        from opentelemetry import logs_service_pb2_grpc as rpc
        receiver = self
        self.answers = list(answers)
        self.records = []  # of calls that were answered with OK
        self.resources = []
        self.metadata = []

        class Service(rpc.LogsServiceServicer):
            def Export(self, request, context):
                records = [r for logs in request.resource_logs for s in logs.scope_logs for r in s.log_records]
                only_gaps = all(r.event_name == "nezuban.gap" for r in records)
                answer = receiver.answers.pop(0) if receiver.answers and not only_gaps else 0
                if answer == "slow":
                    time.sleep(3)
                    context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "slow")
                if isinstance(answer, grpc.StatusCode):
                    context.abort(answer, "as told")
                if on_record:
                    for record in records:
                        on_record(record)
                    return pb.ExportLogsServiceResponse()
                receiver.metadata.append(dict(context.invocation_metadata()))
                for logs in request.resource_logs:
                    receiver.resources.append({a.key: a.value.string_value for a in logs.resource.attributes})
                    for scope in logs.scope_logs:
                        receiver.records += scope.log_records
                response = pb.ExportLogsServiceResponse()
                if answer:
                    response.partial_success.rejected_log_records = answer
                    response.partial_success.error_message = "too old"
                return response

        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        rpc.add_LogsServiceServicer_to_server(Service(), self.server)
        if credentials:
            cert, key = (pathlib.Path(p).read_bytes() for p in credentials)
            self.port = self.server.add_secure_port(f"127.0.0.1:{port}", grpc.ssl_server_credentials([(key, cert)]))
        else:
            self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    def close(self):
        self.server.stop(0)
        self.generated.cleanup()


class Collector:
    """A real OpenTelemetry Collector that prints what it got (scripts/otel-collector builds one)."""

    def __init__(self, binary, cert, key):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-otelcol-"))
        self.port = free_port()
        (self.directory / "config.yaml").write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {"grpc": {
                "endpoint": f"127.0.0.1:{self.port}", "tls": {"cert_file": cert, "key_file": key}}}}},
            "exporters": {"debug": {"verbosity": "detailed"}},
            "service": {"telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["debug"]}}}}))
        self.log = open(self.directory / "log", "w+b")
        self.process = subprocess.Popen([binary, "--config", self.directory / "config.yaml"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_until(lambda: "Everything is ready" in self.text(), "the collector to run")

    def text(self):
        return (self.directory / "log").read_text(errors="replace")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def plain(value):
    """An AnyValue as Python's own."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return {entry.key: plain(entry.value) for entry in value.kvlist_value.values}
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]
