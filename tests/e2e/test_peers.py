#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What every kind of sink has to bear: peers that are down, slow, or not who they should be."""

import json
import os
import time
import unittest

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # a server whose certificate is for another name says so each time

from harness import wait_until
from peers import Certificates, OtlpReceiver, Rsyslog, Webhook, free_port, plain
from test_sinks import Sinks, mark_of

DOWN_SECONDS = 1 if os.environ.get("NEZUBAN_SCALE", "1") == "1" else 60


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


if __name__ == "__main__":
    unittest.main(verbosity=2)
