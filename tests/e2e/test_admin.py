#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Administration over the socket and over mutual TLS; and clients that mean harm, who exhaust nothing."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import grpc

import client
from harness import BINARY, PATIENCE, Daemon, Follower, wait_until

RULE = """
- rule: Marked exec
  desc: An exec with a mark in its arguments.
  condition: evt.type = execve and proc.args startswith admin-mark
  output: "{output}"
  priority: Notice
  tags: [{tag}]
"""
SCALE = int(os.environ.get("NEZUBAN_SCALE", "1"))


def nezuban(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE)


def make_certificates(directory):
    """A CA, the monitor's certificate, and those of a reader and of an administrator."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new_key, "-subj", "/CN=ca", "-keyout", directory / "ca.key", "-out", directory / "ca.pem")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in "monitor", "reader", "admin":
        openssl("req", *new_key, "-subj", f"/CN={name}", "-keyout", directory / f"{name}.key",
                "-out", directory / f"{name}.csr")
        openssl("x509", "-req", "-in", directory / f"{name}.csr", "-CA", directory / "ca.pem", "-CAkey",
                directory / "ca.key", "-CAcreateserial", "-extfile", directory / "names", "-out", directory / f"{name}.pem")


def listen():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.rules = cls.directory / "rules.yaml"
        cls.rules.write_text(RULE.format(output="before", tag="first"))
        make_certificates(cls.directory)
        cls.name_administrators("admin")
        cls.tls_address = f"127.0.0.1:{free_port()}"
        cls.daemon = Daemon("--listen", cls.tls_address, "--tls-certificate", cls.directory / "monitor.pem",
                            "--tls-key", cls.directory / "monitor.key", "--tls-client-ca", cls.directory / "ca.pem",
                            "--config", cls.directory / "nezuban.yaml", rules=cls.rules)
        cls.addClassCleanup(cls.daemon.remove)

    @classmethod
    def name_administrators(cls, *names):
        (cls.directory / "nezuban.yaml").write_text(json.dumps({"tls_administrators": names}))

    def load(self, tag):
        self.rules.write_text(RULE.format(output=tag, tag=tag))
        loaded = nezuban("rules", "reload", "--address", self.daemon.address)
        self.assertEqual(loaded.returncode, 0, loaded.stderr)
        return loaded.stdout

    def as_client(self, name):
        return ["--address", self.tls_address, "--tls-ca", self.directory / "ca.pem",
                "--tls-cert", self.directory / f"{name}.pem", "--tls-key", self.directory / f"{name}.key"]

    def act(self):
        subprocess.run(["true", "admin-mark"], check=True)

    def live_rules(self, *where):
        out = nezuban("rules", "list", "--live", "--json", *(where or ["--address", self.daemon.address]))
        self.assertEqual(out.returncode, 0, out.stderr)
        return [json.loads(line) for line in out.stdout.splitlines()]

    def test_rules_are_listed_checked_and_loaded_again(self):
        there = ["--address", self.daemon.address]
        self.act()
        rule = wait_until(lambda: next((r for r in self.live_rules() if r["alerts"] > 0), None), "the alert's count")
        self.assertEqual((rule["rule"], rule["tags"], rule["events"], rule["priority"], rule["file"], rule["line"]),
                         ("Marked exec", ["first"], ["execve"], "Notice", str(self.rules), 2))
        bad = self.directory / "bad.yaml"
        bad.write_text(RULE.format(output="x", tag="t").replace("evt.type", "evt.tpye"))
        checked = nezuban("rules", "check", "--live", *there, bad)
        self.assertEqual(checked.returncode, 1)
        self.assertIn(f"{bad}:4:14: error: unknown field 'evt.tpye'", checked.stderr)
        self.assertEqual(nezuban("rules", "check", "--live", *there, self.rules).returncode, 0)
        self.rules.write_text(bad.read_text())
        refused = nezuban("rules", "reload", *there)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("4:14: error: unknown field 'evt.tpye'", refused.stderr)
        self.assertEqual(self.live_rules()[0]["tags"], ["first"])
        self.assertIn("1 rules loaded, version ", self.load("second"))
        self.assertEqual((self.live_rules()[0]["tags"], self.live_rules()[0]["alerts"]), (["second"], 0))
        self.addCleanup(self.load, "first")
        self.assertEqual(nezuban("containers", *there).returncode, 0)

    def test_events_are_watched(self):
        command = [BINARY, "events", "watch", "--address", self.daemon.address, "--field", "proc.args", "--field",
                   "fd.name", "--count", "3", "evt.type = execve and proc.args startswith watch-mark"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
            self.addCleanup(watch.kill)
            number = 0
            while watch.poll() is None:  # until it watches, and then three
                subprocess.run(["true", f"watch-mark-{number}"], check=True)
                number += 1
            events = [json.loads(line) for line in watch.stdout]
        self.assertEqual(watch.returncode, 0)
        self.assertEqual([e["event"] for e in events], ["execve"] * 3)
        marks = [int(e["fields"]["proc.args"].removeprefix("watch-mark-")) for e in events]
        self.assertEqual(marks, list(range(marks[0], marks[0] + 3)))
        self.assertIsNone(events[0]["fields"]["fd.name"])
        bad = nezuban("events", "watch", "--address", self.daemon.address, "evt.tpye = execve")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("condition:1:1: error: unknown field 'evt.tpye', did you mean", bad.stderr)
        # An event that no rule asks for comes all the same; secrets are masked here, too.
        self.repeat(lambda: subprocess.run(["true", "watch-secret", "--password=hunter2"], check=True))
        told = self.watch_one("proc.args startswith watch-secret and evt.type = execve")
        self.assertIn("--password=***", told)
        self.assertNotIn("hunter2", told)
        self.repeat(listen)
        self.assertEqual(json.loads(self.watch_one("evt.type = listen"))["event"], "listen")

    def watch_one(self, condition):
        return subprocess.run([BINARY, "events", "watch", "--address", self.daemon.address, "--count", "1", condition],
                              stdout=subprocess.PIPE, text=True, timeout=PATIENCE, check=True).stdout

    def repeat(self, act):
        """Until the test is over."""
        def run():
            while not stop.wait(0.1):
                act()

        stop = threading.Event()
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)

    def test_certificates_say_who_may_do_what(self):
        self.assertEqual(len(self.live_rules(*self.as_client("admin"))), 1)
        refused = nezuban("rules", "list", "--live", *self.as_client("reader"))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("only administrators may", refused.stderr)
        refused = nezuban("events", "watch", *self.as_client("reader"), "evt.type = execve")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("only administrators may", refused.stderr)
        self.assertEqual(nezuban("status", *self.as_client("reader")).returncode, 0)
        self.assertEqual(nezuban("status", "--address", self.tls_address, "--tls-ca",
                                 self.directory / "ca.pem").returncode, 2)
        watch = Follower([BINARY, "watch", "--json", *self.as_client("reader"),
                          "--condition", "alert.tags intersects (first) and proc.name = true"])
        self.addCleanup(watch.stop)
        wait_until(lambda: self.daemon.status()["subscribers"] > 0, "the subscriber")
        self.act()
        watch.wait_for(lambda a: a["rule"] == "Marked exec", "the alert over TLS")

    def test_administrators_are_named_without_a_restart(self):
        def may_list():
            return nezuban("rules", "list", "--live", *self.as_client("reader")).returncode == 0

        def hang_up():
            self.daemon.process.send_signal(signal.SIGHUP)

        self.addCleanup(hang_up)
        self.addCleanup(self.name_administrators, "admin")
        self.assertFalse(may_list())
        self.name_administrators("admin", "reader")
        hang_up()
        wait_until(may_list, "the reader to be an administrator")
        self.name_administrators("admin")
        hang_up()
        wait_until(lambda: not may_list(), "the reader to be one no more")

    def test_hostile_clients_exhaust_nothing(self):
        good = Follower([BINARY, "watch", "--json", *self.as_client("reader")])
        self.addCleanup(good.stop)
        wait_until(lambda: self.daemon.status()["subscribers"] > 0, "the subscriber")
        before = self.memory()
        host, port = self.tls_address.split(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(200 * SCALE)]
        self.addCleanup(lambda: [s.close() for s in silent])
        for talker in silent[::2]:
            talker.sendall(os.urandom(64))
        refusals = self.subscribe_with_large_conditions(100 * SCALE)
        self.assertEqual(set(refusals), {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED})
        self.act()
        good.wait_for(lambda a: a["rule"] == "Marked exec", "the alert, all the same")
        grown = self.memory() - before
        print(f"\n  {len(silent)} connections that say nothing or nonsense, {len(refusals)} of {100 * SCALE} large "
              f"conditions refused; {grown >> 20} MiB more", flush=True)
        self.assertLess(grown, 200 << 20)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) << 10

    def subscribe_with_large_conditions(self, count):
        """What the refused ones were told; those that were taken stay."""
        read = lambda name: (self.directory / name).read_bytes()
        channel = grpc.secure_channel(self.tls_address, grpc.ssl_channel_credentials(
            read("ca.pem"), read("reader.key"), read("reader.pem")))
        self.addCleanup(channel.close)
        pool = client.fetch_pool(channel)
        request_class = client.message_class(pool.FindMessageTypeByName("nezuban.v1.SubscribeRequest"))
        subscribe = channel.unary_stream(f"/{client.SERVICE}/Subscribe", request_serializer=lambda r: r.SerializeToString(),
                                         response_deserializer=bytes)
        conditions = [" or ".join(["proc.name = aaaaaaaa"] * 600),  # as large as may be
                      "(" * 600 + "proc.name = a" + ")" * 600,      # deeper
                      " or ".join(["alert.output regex '(((x{1,99}){1,99}){1,99})'"] * 100),
                      "proc.name = " + "a" * 60_000]
        calls = [subscribe(request_class(condition=conditions[i % len(conditions)])) for i in range(count)]
        refusals = []
        for call in calls:
            try:
                next(call)
            except grpc.RpcError as error:
                refusals.append(error.code())
        return refusals


if __name__ == "__main__":
    unittest.main()
