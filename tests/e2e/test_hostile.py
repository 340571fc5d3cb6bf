#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that mean harm: they exhaust nothing, harm nobody else, and get nowhere without a certificate."""

import os
import pathlib
import random
import resource
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import warnings

import grpc

import client
from harness import BINARY, PATIENCE, Daemon, Follower, wait_until
from peers import Certificates, free_port

SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))
RULE = """
- rule: Marked exec
  desc: An exec with a mark in its arguments.
  condition: evt.type = execve and proc.args startswith hostile-mark
  output: "%proc.args"
  priority: Warning
"""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAMS_OF_A_CONNECTION = 250
HANDSHAKE_SECONDS = 10  # then the monitor gives a peer up
MEMORY = 300 << 20  # what any of this may cost


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        certificates = Certificates(cls.directory)
        certificates.ca("other")
        monitor = certificates.sign("monitor", "IP:127.0.0.1")
        cls.clients = {"reader": certificates.sign("reader", "DNS:reader"),
                       "stranger": certificates.sign("stranger", "DNS:reader", ca="other"),
                       "expired": certificates.sign("expired", "DNS:reader", days=-1)}
        cls.ca = certificates.path("ca.pem")
        (cls.directory / "rules.yaml").write_text(RULE)
        cls.port = free_port()
        cls.address = f"127.0.0.1:{cls.port}"
        cls.daemon = Daemon("--listen", cls.address, "--tls-certificate", monitor[0], "--tls-key", monitor[1],
                            "--tls-client-ca", cls.ca, rules=cls.directory / "rules.yaml")
        cls.addClassCleanup(cls.daemon.remove)

    def setUp(self):
        cert, key = self.clients["reader"]
        self.good = Follower([BINARY, "watch", "--json", "--address", self.address, "--tls-ca", self.ca,
                              "--tls-cert", cert, "--tls-key", key])
        self.addCleanup(self.good.stop)
        wait_until(lambda: self.daemon.status()["subscribers"] == 1, "the good subscriber, and no other")
        self.before = self.memory()
        self.begun = time.monotonic()

    def tearDown(self):
        """Nobody was harmed: the good client has its alert, and the monitor its memory."""
        mark = f"hostile-mark-{random.randrange(10**9)}"
        subprocess.run(["true", mark], check=True)
        self.good.wait_for(lambda a: a["output_fields"].get("proc.args") == mark, "the good client's alert")
        grown = self.memory() - self.before
        print(f"\n  {self.id().split('.')[-1]}: {self.what}; {grown >> 20} MiB more, "
              f"{time.monotonic() - self.begun:.0f} s", flush=True)
        self.assertLess(grown, MEMORY)

    def memory(self):
        text = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) << 10

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    def channel(self, number):
        read = lambda path: pathlib.Path(path).read_bytes()
        cert, key = self.clients["reader"]
        credentials = grpc.ssl_channel_credentials(read(self.ca), read(key), read(cert))
        channel = grpc.secure_channel(self.address, credentials, [("grpc.use_local_subchannel_pool", 1), ("number", number)])
        self.addCleanup(channel.close)
        return channel

    def tls(self, name="reader", version=None, source="127.0.0.1"):
        """A TLS connection of a client with that certificate; None: with none."""
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols(["h2"])
        if version:
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it is old is the point
                context.minimum_version = context.maximum_version = version
        if name:
            context.load_cert_chain(*self.clients[name])
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE, source_address=(source, 0))
        self.addCleanup(raw.close)
        return context.wrap_socket(raw, server_hostname="127.0.0.1")

    def first_bytes(self, *arguments, **options):
        """What the server says to a client that speaks HTTP/2; nothing if it does not let it."""
        try:
            with self.tls(*arguments, **options) as peer:
                peer.sendall(PREFACE + struct.pack(">HBBBI", 0, 0, 4, 0, 0))
                return peer.recv(100)
        except (ssl.SSLError, ConnectionError):
            return b""

    def test_nobody_gets_in_without_a_good_certificate(self):
        self.assertNotEqual(self.first_bytes("reader"), b"")
        tries = {"none": dict(name=None), "stranger": dict(name="stranger"), "expired": dict(name="expired"),
                 "TLS 1.1": dict(name="reader", version=ssl.TLSVersion.TLSv1_1)}
        for what, options in tries.items():
            self.assertEqual(self.first_bytes(**options), b"", what)
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as plain:
            plain.sendall(PREFACE + struct.pack(">HBBBI", 0, 0, 4, 0, 0))
            self.assertNotIn(plain.recv(100)[3:4], (b"\x04",))  # no SETTINGS frame
        self.what = f"{len(tries) + 1} ways in are none"

    def test_ten_thousand_streams(self):
        count = 500 * SCALE
        pool = client.fetch_pool(self.channel(-1))
        request = client.message_class(pool.FindMessageTypeByName("nezuban.v1.SubscribeRequest"))()
        calls = []
        for first in range(0, count, STREAMS_OF_A_CONNECTION):
            subscribe = self.channel(first).unary_stream(
                f"/{client.SERVICE}/Subscribe", request_serializer=lambda r: r.SerializeToString(),
                response_deserializer=bytes)
            calls += [subscribe(request) for _ in range(min(STREAMS_OF_A_CONNECTION, count - first))]
        most = 1000
        expected = min(count, most - 1)
        wait_until(lambda: self.daemon.status()["subscribers"] == expected + 1, f"{expected} streams", 4 * PATIENCE)
        wait_until(lambda: sum(call.is_active() for call in calls) == expected, "the others to be refused", 4 * PATIENCE)
        refused = {call.code() for call in calls if not call.is_active()}
        self.assertLessEqual(refused, {grpc.StatusCode.RESOURCE_EXHAUSTED})
        for call in calls:
            call.cancel()
        wait_until(lambda: self.daemon.status()["subscribers"] == 1, "the streams to end", 4 * PATIENCE)
        self.what = f"{count} streams, {expected} of them open at once"

    def test_reflection_is_no_way_to_hold_threads(self):
        request_class, response_class = client.reflection_messages()
        channel = self.channel(0)
        calls = [channel.stream_stream(client.REFLECTION, request_serializer=request_class.SerializeToString,
                                       response_deserializer=response_class.FromString)(endless())
                 for _ in range(50 * SCALE)]
        time.sleep(1)
        threads = len(os.listdir(f"/proc/{self.daemon.process.pid}/task"))
        self.assertLess(threads, 60)
        for call in calls:
            call.cancel()
        wait_until(lambda: client.fetch_pool(self.channel(1)), "reflection to answer again")
        self.what = f"{len(calls)} calls that say nothing; {threads} threads"

    def test_half_open_connections(self):
        # As many descriptors as systemd gives a service: gRPC would take them all.
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        before = self.descriptors()
        held = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(400 * SCALE)]
        self.addCleanup(lambda: [s.close() for s in held])
        hello = client_hello()
        for index, peer in enumerate(held):
            try:
                peer.sendall(hello[:index % len(hello)])  # each stops somewhere else
            except ConnectionError:
                pass  # one too many
        most = self.descriptors() - before
        self.assertEqual(self.daemon.status()["subscribers"], 1)
        self.assertLess(most, 300)
        wait_until(lambda: self.descriptors() < before + 10, "them to be given up", 4 * PATIENCE)
        self.what = f"{len(held)} handshakes that end half-way; {most} descriptors"

    def test_addresses_that_take_every_place_they_get(self):
        """Ten, each of which connects again at once where it is thrown out, and says nothing."""
        before = self.descriptors()
        crowd = Crowd([f"127.0.0.{host}" for host in range(2, 12)], self.port)
        self.addCleanup(crowd.stop)
        wait_until(lambda: self.descriptors() - before > 400, "places to be taken")
        seconds = min(2 * SCALE, 30)  # at full size beyond the time a handshake may take
        answers = {"over TCP": [], "on the unix socket": []}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            begun = time.monotonic()
            probe = f"127.0.1.{1 + len(answers['over TCP']) % 250}"  # each its own, for closed ones may count a while
            self.assertNotEqual(self.first_bytes("reader", source=probe), b"")
            answers["over TCP"].append(time.monotonic() - begun)
            begun = time.monotonic()
            self.daemon.status()
            answers["on the unix socket"].append(time.monotonic() - begun)
            time.sleep(0.1)
        taken = self.descriptors() - before
        self.assertGreater(taken, 400)
        self.assertTrue(crowd.thread.is_alive())
        crowd.stop()
        self.what = (f"{crowd.tries} connections in {seconds} s, {taken} descriptors taken; slowest answer "
                     + ", ".join(f"{where} {max(times):.2f} s of {len(times)}" for where, times in answers.items()))
        self.assertLess(max(answers["over TCP"]), HANDSHAKE_SECONDS / 2, self.what)

    def test_fuzzed_frames(self):
        ways = random.Random(7)
        count = 200 * SCALE
        for number in range(count):
            with self.tls() as peer:
                peer.settimeout(2)
                try:
                    peer.sendall(PREFACE + struct.pack(">HBBBI", 0, 0, 4, 0, 0))
                    for _ in range(50):
                        peer.sendall(frame(ways))
                    if number % 4:
                        peer.recv(65536)
                except (ssl.SSLError, OSError):
                    pass  # it was thrown out
        self.assertIsNone(self.daemon.process.poll())
        self.what = f"{count} connections of 50 frames"


class Crowd:
    """Keeps as many connections from each of the addresses as it is let."""

    EACH = 150

    def __init__(self, hosts, port):
        self.port = port
        self.peers = {host: [] for host in hosts}
        self.tries = 0
        self.stopping = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stopping:
            for host, peers in self.peers.items():
                for peer in [p for p in peers if self._is_closed(p)]:
                    peers.remove(peer)
                    peer.close()
                for _ in range(min(self.EACH - len(peers), 20)):
                    peers.append(self._connect(host))
            time.sleep(0.02)  # for those who are tested to have a core, too

    def _connect(self, host):
        peer = socket.socket()
        peer.bind((host, 0))
        peer.setblocking(False)
        peer.connect_ex(("127.0.0.1", self.port))
        self.tries += 1
        return peer

    @staticmethod
    def _is_closed(peer):
        try:
            return peer.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def stop(self):
        self.stopping = True
        self.thread.join()
        for peer in (p for peers in self.peers.values() for p in peers):
            peer.close()


def endless():
    """Requests that never come."""
    time.sleep(PATIENCE)
    yield from ()


def client_hello():
    """What a client says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def frame(ways):
    """Of HTTP/2: a kind that there is, or not; a call's headers with a byte changed; lengths that are wrong."""
    path = b"/nezuban.v1.AlertService/Subscribe"
    call = (b"\x83\x87\x04" + bytes([len(path)]) + path + b"\x01\x09localhost" + b"\x5f\x10application/grpc"
            + b"\x40\x02te\x08trailers")
    stream = ways.choice([0, 1, 3, 5, 2**31 - 1])
    kind, body = ways.choice([(1, call), (1, call), (0, b"\0\0\0\0" + bytes([ways.randrange(256)]) + ways.randbytes(40)),
                              (8, struct.pack(">I", ways.getrandbits(32))), (3, struct.pack(">I", 8)), (4, ways.randbytes(36)),
                              (6, ways.randbytes(8)), (9, ways.randbytes(400)), (ways.randrange(256), ways.randbytes(30))])
    body = bytearray(body)
    if ways.random() < 0.5:
        body[ways.randrange(len(body))] = ways.randrange(256)
    length = len(body) if ways.random() < 0.9 else ways.getrandbits(24)
    return struct.pack(">BHBBI", length >> 16, length & 0xffff, kind, ways.choice([0, 4, 5, 0xff]), stream) + body


if __name__ == "__main__":
    unittest.main(verbosity=2)
