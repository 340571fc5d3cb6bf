#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What every kind of sink has to bear: peers that are down, slow, or not who they should be."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # a server whose certificate is for another name says so each time

from harness import wait_until
from peers import Certificates, OtlpReceiver, Rsyslog, Webhook, free_port, plain
from test_sinks import Sinks, mark_of

DOWN_SECONDS = 1 if os.environ.get("NEZUBAN_SCALE", "1") == "1" else 60
OVERFLOW = 600 if DOWN_SECONDS == 1 else 2500  # alerts, more than a store of 1 MiB holds


def marks_of_bodies(server):
    """Of a webhook that gets arrays."""
    return [alert["output_fields"]["proc.args"] for body in server.bodies for alert in json.loads(body)
            if alert.get("source") == "syscall"]


def marks_of_records(receiver):
    evidences = [plain(r.body)["evidences"][0] for r in receiver.records if r.event_name == "nezuban.alert"]
    return [evidence["data"]["proc.args"] for evidence in evidences if "data" in evidence]  # else of the monitor itself


class Peers(Sinks):
    def test_nothing_is_lost_while_a_peer_cannot_be_trusted(self):
        """A certificate that expired, of another authority, for another name; syslog's are tried in test_sinks.py."""
        certificates = Certificates(self.directory)
        certificates.ca("other")
        ca = certificates.path("ca.pem")
        good = certificates.sign("good", "IP:127.0.0.1")
        bad = {"expired": certificates.sign("expired", "IP:127.0.0.1", days=-1),
               "stranger": certificates.sign("stranger", "IP:127.0.0.1", ca="other"),
               "name": certificates.sign("name", "DNS:elsewhere.example")}
        hooks = {name: Webhook(credentials=credentials) for name, credentials in bad.items()}
        receivers = {name: OtlpReceiver(credentials=credentials) for name, credentials in bad.items()}
        self.start(*({"name": f"hook-{name}", "type": "webhook", "tls_ca": ca,
                      "url": f"https://127.0.0.1:{hook.server_address[1]}/"} for name, hook in hooks.items()),
                   *({"name": f"otlp-{name}", "type": "otlp", "tls_ca": ca, "address": f"127.0.0.1:{receiver.port}"}
                     for name, receiver in receivers.items()))
        marks = self.act(3)
        for index in range(6):
            wait_until(lambda: self.sink(index)["retried"] >= 2, f"two attempts of sink {index}")
            self.assertRegex(self.sink(index)["problem"], "certificate|SSL|[Hh]andshake|name")
            self.assertEqual(self.sink(index)["sent"], 0, self.sink(index))
        for one in (*hooks.values(), *receivers.values()):
            one.close()
        hooks = [Webhook(port=hook.server_address[1], credentials=good) for hook in hooks.values()]
        receivers = [OtlpReceiver(port=receiver.port, credentials=good) for receiver in receivers.values()]
        for one in (*hooks, *receivers):
            self.addCleanup(one.close)
        marks += self.act(2)
        for index in range(6):
            self.wait_until_sent(5, index)
        self.assertEqual([marks_of_bodies(hook) for hook in hooks], [marks] * 3)
        self.assertEqual([marks_of_records(receiver) for receiver in receivers], [marks] * 3)

    def test_nothing_is_lost_while_all_peers_are_down(self):
        """For a minute, in scripts/prove."""
        certificates = Certificates(self.directory)
        cert, key = certificates.sign("server", "IP:127.0.0.1")
        ca = certificates.path("ca.pem")
        ports = {name: free_port() for name in ("tcp", "tls", "webhook", "otlp")}
        rsyslog = Rsyslog()
        self.addCleanup(rsyslog.remove)
        path = self.directory / "log"
        rsyslog.add("unix", "imuxsock", f'Socket="{path}" ParseTrusted="off" UseSysTimeStamp="off"')
        rsyslog.add("tcp", "imptcp", f'port="{ports["tcp"]}"')
        rsyslog.add_tls("tls", ports["tls"], cert, key, ca)
        self.start({"name": "unix", "type": "syslog", "transport": "unix", "address": str(path)},
                   {"name": "tcp", "type": "syslog", "transport": "tcp", "address": f"127.0.0.1:{ports['tcp']}"},
                   {"name": "tls", "type": "syslog", "transport": "tls", "address": f"127.0.0.1:{ports['tls']}",
                    "tls_ca": ca},
                   {"name": "webhook", "type": "webhook", "url": f"http://127.0.0.1:{ports['webhook']}/"},
                   {"name": "otlp", "type": "otlp", "address": f"127.0.0.1:{ports['otlp']}", "plaintext": True})
        marks = []
        until = time.monotonic() + DOWN_SECONDS
        while time.monotonic() < until:
            marks += self.act(5)
            time.sleep(DOWN_SECONDS / 10)
        for index in range(5):
            wait_until(lambda: self.sink(index)["retried"] >= 2, f"two attempts of sink {index}")
            self.assertEqual(self.sink(index)["sent"], 0, self.sink(index))
        rsyslog.start()
        hook = Webhook([500, "hang"], port=ports["webhook"])
        receiver = OtlpReceiver(["slow"], port=ports["otlp"])
        self.addCleanup(hook.close)
        self.addCleanup(receiver.close)
        marks += self.act(5)
        for index in range(5):
            self.wait_until_sent(len(marks), index)
        for name in ("unix", "tcp", "tls"):
            wait_until(lambda: len(rsyslog.messages(name)) >= len(marks), f"all messages over {name}")
            self.assertEqual([mark_of(m[4]) for m in rsyslog.messages(name)], marks, name)
        self.assertEqual(marks_of_bodies(hook), marks)
        self.assertEqual(list(dict.fromkeys(marks_of_records(receiver))), marks)
        print(f"\n  {len(marks)} alerts in {DOWN_SECONDS} s without a peer: each of 5 sinks has them all", flush=True)

    def test_what_the_stores_limit_takes_meanwhile_is_a_gap(self):
        """Of alerts that are more than the store may keep, each peer gets the newest, and of the others how many they were."""
        ports = {name: free_port() for name in ("tcp", "webhook", "otlp")}
        rsyslog = Rsyslog()
        self.addCleanup(rsyslog.remove)
        rsyslog.add("tcp", "imptcp", f'port="{ports["tcp"]}"')
        sinks = ({"name": "tcp", "type": "syslog", "transport": "tcp", "address": f"127.0.0.1:{ports['tcp']}"},
                 {"name": "webhook", "type": "webhook", "url": f"http://127.0.0.1:{ports['webhook']}/"},
                 {"name": "otlp", "type": "otlp", "address": f"127.0.0.1:{ports['otlp']}", "plaintext": True})
        keys = dict(store=self.directory / "store", store_max_bytes=1 << 20, rate_limit=0)
        self.start(*sinks, **keys)
        for number in range(OVERFLOW):
            subprocess.run(["true", f"sink-mark-{number}", "x" * 1000], check=True)
        wait_until(lambda: self.daemon.status()["alerts"] >= OVERFLOW, "all alerts")
        wait_until(lambda: self.daemon.status()["store_bytes"] <= 1 << 20, "the store to be as small as it has to be")
        self.daemon.stop(signal.SIGKILL)  # what memory has besides is gone with it
        self.start(*sinks, **keys)
        rsyslog.start()
        hook, receiver = Webhook(port=ports["webhook"]), OtlpReceiver(port=ports["otlp"])
        self.addCleanup(hook.close)
        self.addCleanup(receiver.close)
        path = rsyslog.directory / "tcp"
        last = f"sink-mark-{OVERFLOW - 1} "

        def of_syslog():
            return path.read_text() if path.exists() else ""

        def of_webhook():
            return "\n".join(json.dumps(each) for body in hook.bodies for each in json.loads(body))

        def of_otlp():
            return "\n".join(json.dumps(plain(r.body)) for r in receiver.records)

        for text, count in ((of_syslog, r'reason="the store had to delete them".* count="(\d+)"|'
                                        r' count="(\d+)".* reason="the store had to delete them"'),
                            (of_webhook, r'"gap": .*"count": (\d+).*had to delete'),
                            (of_otlp, r'"count": (\d+).*had to delete|had to delete.*"count": (\d+)')):
            wait_until(lambda: last in text(), f"the last alert, {text.__name__}")
            came = sorted({int(number) for number in re.findall(r"sink-mark-(\d+) ", text())})
            self.assertEqual(came, list(range(OVERFLOW - len(came), OVERFLOW)), text.__name__)
            lost = [int(next(filter(None, m))) for line in text().splitlines()
                    for m in [re.search(count, line)] if m for m in [m.groups()]]
            self.assertGreater(len(came), 0)
            self.assertGreater(sum(lost), 0, text()[:2000])
            self.assertEqual(len(came) + sum(lost), OVERFLOW, text.__name__)
            print(f"\n  {text.__name__}: {len(came)} came, {sum(lost)} in {len(lost)} gaps", end="", flush=True)
        print()


if __name__ == "__main__":
    unittest.main(verbosity=2)
