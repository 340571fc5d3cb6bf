#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts of the real daemon at real peers: nothing is lost while a peer is down, slow or bad."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from harness import BINARY, Daemon, Follower, wait_until
from peers import (BadThenGood, Certificates, Collector, OtlpReceiver, Rsyslog, Webhook, free_port, json_lines, plain)

RULE = """
- rule: Marked exec
  desc: An exec with a mark in its arguments.
  condition: evt.type = execve and proc.args startswith sink-mark
  output: "%proc.name %proc.args"
  priority: Warning
  tags: [T1059.004, mitre_execution]
"""


def alerts_of(text):
    """The alerts of JSON lines: a store begins with a gap up to where the sensors see."""
    return [line for line in json_lines(text) if "rule" in line]


class Sinks(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        (self.directory / "rules.yaml").write_text(RULE)
        self.acts = 0

    def start(self, *sinks, store=None, **keys):
        """A daemon whose only rule is ours, with these sinks and other keys of its configuration."""
        config = self.directory / "nezuban.yaml"
        config.write_text(json.dumps({"sinks": [{"retry_max_ms": 100, **sink} for sink in sinks], **keys}))
        self.daemon = Daemon("--config", config, rules=self.directory / "rules.yaml", store=store)
        self.addCleanup(self.daemon.remove)

    def act(self, count=1):
        """Marked execs; gives their marks."""
        marks = [f"sink-mark-{self.acts + i}" for i in range(count)]
        self.acts += count
        for mark in marks:
            subprocess.run(["true", mark], check=True)
        return marks

    def sink(self, index=0):
        return self.daemon.status()["sinks"][index]

    def wait_until_sent(self, count, index=0):
        wait_until(lambda: self.sink(index)["sent"] >= count, f"{count} alerts sent")


class File(Sinks):
    def test_lines_survive_logrotate(self):
        path = self.directory / "alerts.jsonl"
        self.start({"name": "archive", "type": "file", "path": str(path)})
        marks = self.act(3)
        self.wait_until_sent(3)
        path.rename(self.directory / "rotated")
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.daemon.status()["rules"]["generation"] == 2, "the signal to be handled")
        marks += self.act(2)
        self.wait_until_sent(5)
        lines = [line for name in ("rotated", path.name)
                 for line in alerts_of((self.directory / name).read_text())]
        self.assertEqual([a["output_fields"]["proc.args"] for a in lines], marks)
        self.assertEqual(len(path.read_text().splitlines()), 2)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_what_is_held_back_is_counted_at_the_latest_when_the_monitor_stops(self):
        path = self.directory / "alerts.jsonl"
        self.start({"name": "archive", "type": "file", "path": str(path)}, rate_limit=1, rate_burst=2,
                   dedup_window_ms=60000, dedup_fields="proc.args")
        marks = self.act(6)
        subprocess.run(["true", marks[0]], check=True)
        wait_until(lambda: self.daemon.status()["alerts_held_back"] == 5, "five held back")
        self.assertEqual(self.daemon.stop(), 0)
        lines = alerts_of(path.read_text())
        self.assertEqual([a["output_fields"].get("proc.args") for a in lines], marks[:2] + [None])
        self.assertEqual((lines[2]["rule"], lines[2]["priority"]), ("Alerts held back", "Warning"))
        fields = lines[2]["output_fields"]
        self.assertEqual((fields["rule"], fields["held_back"], fields["repeats"], fields["above_rate"]),
                         ("Marked exec", 5, 1, 4))

    def test_a_sink_that_cannot_work_is_told_at_the_start(self):
        config = self.directory / "bad.yaml"
        config.write_text("sinks:\n  - {name: a, type: file, path: /nowhere/at/all}\n")
        out = subprocess.run([os.environ["NEZUBAN_BIN"], "run", "--store", "memory", "--config", config, "--rules",
                              self.directory / "rules.yaml", "--socket", self.directory / "s"],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(out.returncode, 2)
        self.assertIn("sink a: open /nowhere/at/all: No such file or directory", out.stderr)

def mark_of(text):
    """The mark in the output of our rule."""
    return next(word for word in text.split() if word.startswith("sink-mark-"))


class Restart(Sinks):
    def test_what_a_peer_did_not_get_comes_after_a_kill_and_a_restart(self):
        port = free_port()
        sink = {"name": "hook", "type": "webhook", "url": f"http://127.0.0.1:{port}/", "body": "lines"}
        store = self.directory / "store"
        self.start(sink, store=store)
        marks = self.act(5)
        wait_until(lambda: self.sink()["retried"] >= 2, "two attempts")
        self.daemon.stop(signal.SIGKILL)
        server = Webhook(port=port)
        self.addCleanup(server.close)
        self.start(sink, store=store)
        marks += self.act(2)
        self.wait_until_sent(8)
        lines = json_lines("".join(server.bodies))
        alerts = [line["output_fields"].get("proc.args") for line in lines if "rule" in line]
        self.assertCountEqual(alerts, [*marks, None])  # the other one says that the monitor was cut off
        self.assertEqual([alert for alert in alerts if alert], marks)
        self.assertEqual(self.daemon.stop(), 0)
        taken = len(server.bodies)
        self.start(sink, store=store)
        marks = self.act(1)
        self.wait_until_sent(1)
        alerts = [line for line in json_lines("".join(server.bodies[taken:])) if "rule" in line]
        self.assertEqual([a["output_fields"]["proc.args"] for a in alerts], marks, "none of them again")


class Operations(Sinks):
    def get(self, port, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def test_metrics_health_and_the_watchdog(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notify.close)
        notify.bind(str(self.directory / "notify"))
        notify.settimeout(30)
        os.environ.update(NOTIFY_SOCKET=str(self.directory / "notify"), WATCHDOG_USEC="3000000")
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
        self.addCleanup(os.environ.pop, "WATCHDOG_USEC")
        port = free_port()
        self.start({"name": "archive", "type": "file", "path": str(self.directory / "alerts")},
                   metrics=f"127.0.0.1:{port}", node="worker-1", cluster="east")
        self.assertEqual(notify.recv(100), b"READY=1")
        self.assertEqual(notify.recv(100), b"WATCHDOG=1")
        self.act(2)
        self.wait_until_sent(2)
        status, text = self.get(port, "/metrics")
        self.assertEqual(status, 200)
        self.assertIn('nezuban_sink_sent_total{sink="archive",type="file"} 2\n', text)
        self.assertRegex(text, r'nezuban_events_seen_total\{event="execve"\} [1-9]')
        self.assertIn("nezuban_alerts_total 2\n", text)
        follower = Follower.watch(self.daemon)
        self.addCleanup(follower.stop)
        wait_until(lambda: "nezuban_subscribers 1\n" in self.get(port, "/metrics")[1], "the stream to be counted")
        self.assertEqual(self.get(port, "/healthz"), (200, "ok\n"))
        self.assertEqual(self.get(port, "/readyz"), (200, "ok\n"))
        self.assertRegex(text, r"nezuban_self_test_age_seconds [1-4]?\d\n")
        self.assertIn("nezuban_healthy 1\n", text)
        wait_until(lambda: 'nezuban_rule_alerts_total{rule="Marked exec"} 2\n' in self.get(port, "/metrics")[1],
                   "the alerts of the rule to be counted")
        alert = alerts_of((self.directory / "alerts").read_text())[0]
        self.assertEqual((alert["node"], alert["cluster"]), ("worker-1", "east"))
        healthy = subprocess.run([BINARY, "status", "--healthy", "--address", self.daemon.address], check=False,
                                 stdout=subprocess.DEVNULL)
        self.assertEqual(healthy.returncode, 0)
        self.daemon.stop()
        while notify.recv(100) != b"STOPPING=1":
            pass


class Syslog(Sinks):
    def setUp(self):
        super().setUp()
        self.rsyslog = Rsyslog()
        self.addCleanup(self.rsyslog.remove)
        self.certificates = Certificates(self.directory)

    def marks(self, name):
        return [mark_of(message[4]) for message in self.rsyslog.messages(name)]

    def test_every_transport_reaches_rsyslog(self):
        ports = {name: free_port() for name in ("udp", "tcp", "tls")}
        path = self.directory / "log"
        cert, key = self.certificates.sign("server", "IP:127.0.0.1")
        client = self.certificates.sign("client", "DNS:node-1")
        ca = self.certificates.path("ca.pem")
        self.rsyslog.add("unix", "imuxsock", f'Socket="{path}" ParseTrusted="off" UseSysTimeStamp="off"')
        self.rsyslog.add("udp", "imudp", f'port="{ports["udp"]}" address="127.0.0.1"')
        self.rsyslog.add("tcp", "imptcp", f'port="{ports["tcp"]}"')
        self.rsyslog.add_tls("tls", ports["tls"], cert, key, ca, authenticate_clients=True)
        self.rsyslog.start()
        common = {"type": "syslog", "facility": "local3"}
        self.start({"name": "unix", "transport": "unix", "address": str(path), **common},
                   *({"name": name, "transport": name, "address": f"127.0.0.1:{ports[name]}", **common}
                     for name in ("udp", "tcp")),
                   {"name": "tls", "transport": "tls", "address": f"127.0.0.1:{ports['tls']}", "tls_ca": ca,
                    "tls_cert": client[0], "tls_key": client[1], **common})
        marks = self.act(5)
        for name in ("unix", "udp", "tcp", "tls"):
            with self.subTest(transport=name):
                wait_until(lambda: len(self.rsyslog.messages(name)) >= 5, f"messages over {name}")
                self.assertEqual(self.marks(name), marks)
        for name in ("udp", "tcp", "tls"):
            pri, app, msgid, data, _ = self.rsyslog.messages(name)[0]
            self.assertEqual((pri, app, msgid), (str(19 * 8 + 4), "nezuban", "alert"))
            self.assertRegex(data, r'^\[nezuban@32473 id="[^"]+" cursor="\d+" rule="Marked exec" node="[^"]+" source="syscall" '
                                   r'event="execve" pid="\d+" container="host" .*\]\[fields@32473 proc.name="true"')
        wait_until(lambda: [s["sent"] for s in self.daemon.status()["sinks"]] == [5] * 4, "all acknowledged")

    def test_nothing_is_lost_while_a_peer_cannot_be_trusted(self):
        """Expired, of another authority, for another name, without our certificate: told, and sent later."""
        self.certificates.ca("other")
        ca = self.certificates.path("ca.pem")
        good = self.certificates.sign("good", "IP:127.0.0.1")
        bad = {"expired": self.certificates.sign("expired", "IP:127.0.0.1", days=-1),
               "stranger": self.certificates.sign("stranger", "IP:127.0.0.1", ca="other"),
               "name": self.certificates.sign("name", "DNS:elsewhere.example"),
               "nobody": good}
        ports = {name: free_port() for name in bad}
        for name, (cert, key) in bad.items():
            self.rsyslog.add_tls(name, ports[name], cert, key, ca, authenticate_clients=name == "nobody")
        self.rsyslog.start()
        self.start(*({"name": name, "type": "syslog", "transport": "tls", "tls_ca": ca,
                      "address": f"127.0.0.1:{ports[name]}"} for name in bad))
        marks = self.act(3)
        problems = {"expired": "certificate has expired", "stranger": "self-signed certificate|issuer certificate",
                    "name": "IP address mismatch", "nobody": "TLS|closed"}
        for index, name in enumerate(bad):
            wait_until(lambda: self.sink(index)["retried"] >= 2, f"two attempts at {name}")
            self.assertRegex(self.sink(index)["problem"], problems[name])
            self.assertEqual(self.sink(index)["sent"], 0, name)
        self.rsyslog.stop()
        later = Rsyslog()
        self.addCleanup(later.remove)
        for name, port in ports.items():
            later.add_tls(name, port, *good, ca)
        later.start()
        marks += self.act(2)
        for name in bad:
            wait_until(lambda: len(later.messages(name)) >= 5, f"all messages to {name}")
            self.assertEqual([mark_of(m[4]) for m in later.messages(name)], marks)

    def test_a_peer_that_is_down_resets_or_is_slow(self):
        port = free_port()
        bad = BadThenGood()
        self.addCleanup(bad.close)
        self.rsyslog.add("down", "imptcp", f'port="{port}"')
        self.start({"name": "down", "type": "syslog", "transport": "tcp", "address": f"127.0.0.1:{port}"},
                   {"name": "bad", "type": "syslog", "transport": "tcp", "address": f"127.0.0.1:{bad.port}",
                    "timeout_ms": 1000, "message": "json"})
        marks = self.act(20)
        wait_until(lambda: self.sink(0)["retried"] >= 2, "two attempts")
        self.assertIn("Connection refused", self.sink(0)["problem"])
        self.rsyslog.start()
        self.wait_until_sent(20)
        self.wait_until_sent(20, 1)
        wait_until(lambda: len(self.rsyslog.messages("down")) == 20, "all messages")
        self.assertEqual(self.marks("down"), marks)

        def seen():
            found = {alert["output_fields"]["proc.args"]
                     for m in bad.messages() for alert in alerts_of(m.split("\ufeff", 1)[1])}
            return sorted(found, key=marks.index)

        wait_until(lambda: seen() == marks, "every message at the bad peer")
        self.assertGreaterEqual(bad.connections, 4, "two resets, one that was too slow, and a good one")
        self.assertEqual(self.sink(0)["problem"] + self.sink(1)["problem"], "")


class Http(Sinks):
    def test_nothing_is_lost_while_the_server_misbehaves(self):
        server = Webhook([500, "hang", "reset", 401, (429, {"Retry-After": "1"})])
        self.addCleanup(server.close)
        (self.directory / "token").write_text("s3cret\n")
        self.start({"name": "hook", "type": "webhook", "url": server.url, "timeout_ms": 1000, "batch": 4,
                    "headers": {"X-Team": "blue"}, "token_file": str(self.directory / "token")})
        marks = self.act(10)
        self.wait_until_sent(10)
        alerts = [alert for body in server.bodies for alert in json.loads(body) if "rule" in alert]
        self.assertEqual([a["output_fields"]["proc.args"] for a in alerts], marks)
        self.assertEqual(self.sink()["retried"], 5)
        self.assertLessEqual(max(len(json.loads(body)) for body in server.bodies), 4)
        self.assertGreaterEqual(server.times[5] - server.times[4], 1, "Retry-After is obeyed")
        self.assertEqual(server.headers[0]["X-Team"], "blue")
        self.assertEqual(server.headers[0]["Authorization"], "Bearer s3cret")
        self.assertEqual(server.headers[0]["Content-Type"], "application/json")

    def test_what_is_refused_is_a_gap(self):
        server = Webhook(poison="sink-mark-1\"")
        self.addCleanup(server.close)
        self.start({"name": "hook", "type": "webhook", "url": server.url, "body": "lines", "format": "ocsf"})
        self.act(3)
        self.wait_until_sent(2)
        lines = wait_until(lambda: "refused" in "".join(server.bodies) and json_lines("".join(server.bodies)), "the gap")
        findings = [line for line in lines if line["class_uid"] == 2004]
        gaps = [line for line in lines if line["class_uid"] == 0 and line["status_detail"].startswith("refused")]
        self.assertEqual([f["evidences"][0]["data"]["proc.args"] for f in findings], ["sink-mark-0", "sink-mark-2"])
        self.assertEqual([g["count"] for g in gaps], [1])
        self.assertIn("status 400", gaps[0]["status_detail"])
        self.assertEqual((self.sink()["refused"], self.sink()["sent"]), (1, 2))


class Otlp(Sinks):
    def test_a_receiver_gets_findings(self):
        """Over TLS; after refusals that pass, and one that throws an alert away."""
        import grpc
        certificates = Certificates(self.directory)
        receiver = OtlpReceiver([grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED, 1],
                                certificates.sign("server", "IP:127.0.0.1"))
        self.addCleanup(receiver.close)
        self.start({"name": "collector", "type": "otlp", "address": f"127.0.0.1:{receiver.port}",
                    "tls_ca": certificates.path("ca.pem"), "headers": {"X-Tenant": "blue"},
                    "resource": {"deployment.environment": "test"}, "compression": "gzip"})
        first = self.act()
        wait_until(lambda: self.sink()["refused"] == 1, "one thrown away")
        marks = first + self.act(2)
        self.wait_until_sent(2)
        found = [r for r in receiver.records if r.event_name == "nezuban.alert"]
        gaps = [r for r in receiver.records
                if r.event_name == "nezuban.gap" and plain(r.body)["status_detail"].startswith("refused")]
        self.assertEqual([plain(r.body)["evidences"][0]["data"]["proc.args"] for r in found], marks)
        self.assertEqual(plain(gaps[0].body)["count"], 1)
        body = plain(found[0].body)
        self.assertEqual((body["class_uid"], body["type_uid"], body["severity_id"]), (2004, 200401, 3))
        self.assertEqual(body["actor"]["process"]["name"], "true")
        self.assertIn("python", body["actor"]["process"]["parent_process"]["name"])
        self.assertEqual(body["finding_info"]["attacks"][0]["sub_technique"]["uid"], "T1059.004")
        self.assertEqual((found[0].severity_number, found[0].severity_text), (13, "Warning"))
        self.assertEqual(found[0].time_unix_nano // 1_000_000, body["time"])
        resource = receiver.resources[0]
        self.assertEqual(resource["service.name"], "nezuban")
        self.assertEqual(resource["deployment.environment"], "test")
        self.assertEqual(resource["host.name"], os.uname().nodename)
        self.assertEqual(receiver.metadata[0]["x-tenant"], "blue")

    @unittest.skipUnless("NEZUBAN_OTELCOL" in os.environ,
                         "NEZUBAN_OTELCOL is not set: scripts/otel-collector builds one, in minutes and with Go; "
                         "the receiver above is always asked")
    def test_a_real_collector_understands(self):
        certificates = Certificates(self.directory)
        collector = Collector(os.environ["NEZUBAN_OTELCOL"], *certificates.sign("server", "IP:127.0.0.1"))
        self.addCleanup(collector.close)
        self.start({"name": "collector", "type": "otlp", "address": f"127.0.0.1:{collector.port}",
                    "tls_ca": certificates.path("ca.pem"), "compression": "gzip"})
        marks = self.act(3)
        self.wait_until_sent(3)
        wait_until(lambda: all(mark in collector.text() for mark in marks), "the collector to print them")
        text = collector.text()
        for part in ("service.name: Str(nezuban)", "SeverityText: Warning", "SeverityNumber: Warn(13)",
                     "Body: Map(", '"class_uid":2004', '"type_uid":200401', "EventName: nezuban.alert",
                     "nezuban.rule: Str(Marked exec)"):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
