# SPDX-License-Identifier: Apache-2.0
"""deploy/collector/ as it is written, from a real daemon to a broker that speaks Kafka's protocol: whoever is
killed, and whoever is down, every alert arrives.

Takes a Collector (scripts/otel-collector) in NEZUBAN_OTELCOL and tests/collector, built, in NEZUBAN_BROKER:
scripts/prove has them.
"""

import json
import os
import shutil
import subprocess
import unittest

from harness import PATIENCE, ROOT, wait_until
from peers import Certificates, free_port
from test_sinks import Sinks

CONFIGS = ROOT / "deploy" / "collector"
TOPIC = "nezuban-alerts"


class Process:
    """One of the chain, which can be killed and started again with the same disk."""

    def __init__(self, log, *command, **environment):
        self.log, self.command = log, command
        self.environment = {**os.environ, **{key: str(value) for key, value in environment.items()}}
        self.process = None

    def start(self, ready=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        seen = self.text().count(ready or "")
        if ready:
            wait_until(lambda: self.text().count(ready) > seen, f"{self.log.name}: {ready}")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)

    def text(self):
        return self.log.read_text(errors="replace")


class Chain(unittest.TestCase):
    setUp, start, act, sink, wait_until_sent = Sinks.setUp, Sinks.start, Sinks.act, Sinks.sink, Sinks.wait_until_sent

    def process(self, name, *command, **environment):
        process = Process(self.directory / f"{name}.log", *command, **environment)
        self.addCleanup(process.kill)
        return process

    def collector(self, name, **environment):
        config = CONFIGS / f"{name}.yaml"
        return self.process(name, os.environ["NEZUBAN_OTELCOL"], "--config", str(config),
                            TLS_DIRECTORY=self.directory, QUEUE_DIRECTORY=self.directory / f"{name}-queue",
                            HEALTH_ADDRESS=f"127.0.0.1:{free_port()}", OWN_METRICS="none", **environment)

    def arrived(self, broker):
        """Marks of the alerts that the broker has, in order, by its records' own words."""
        marks = []
        for line in broker.text().splitlines():
            record = json.loads(line)
            self.assertEqual(record["topic"], TOPIC)
            for resource in record["value"]["resourceLogs"]:
                for scope in resource["scopeLogs"]:
                    for one in scope["logRecords"]:
                        text = json.dumps(one["body"])
                        marks += [word for word in self.marks if f"{word}\"" in text]
        return marks

    def test_whoever_is_killed_every_alert_arrives(self):
        certificates = Certificates(self.directory)
        cert, key = certificates.sign("node", "DNS:localhost,IP:127.0.0.1")
        for source, name in ((cert, "tls.crt"), (key, "tls.key"), (certificates.path("ca.pem"), "ca.crt")):
            shutil.copy(source, self.directory / name)
        ports = {name: free_port() for name in ("agent", "gateway", "kafka")}
        agent = self.collector("agent", AGENT_ADDRESS=f"127.0.0.1:{ports['agent']}",
                               GATEWAY_ADDRESS=f"localhost:{ports['gateway']}")
        gateway = self.collector("gateway", GATEWAY_LISTEN=f"127.0.0.1:{ports['gateway']}",
                                 KAFKA_BROKER=f"localhost:{ports['kafka']}")
        broker = self.process("broker", os.environ["NEZUBAN_BROKER"], str(ports["kafka"]), TOPIC, cert, key)
        ready = "Everything is ready"

        self.start({"name": "collector", "type": "otlp", "address": f"localhost:{ports['agent']}",
                    "tls_ca": str(self.directory / "ca.crt"), "tls_cert": cert, "tls_key": key})
        self.marks = self.act(20)  # nobody there: they stay in the monitor's store
        agent.start(ready)
        self.wait_until_sent(20)  # and now in the agent's queue, as there is no gateway
        agent.kill()
        self.marks += self.act(20)
        agent.start(ready)
        self.wait_until_sent(40)
        gateway.start(ready)
        self.marks += self.act(20)
        self.wait_until_sent(60)
        wait_until(lambda: "Exporting failed" in gateway.text(), "the gateway to have some, and no broker for them")
        gateway.kill()
        self.marks += self.act(20)
        self.wait_until_sent(80)
        gateway.start(ready)
        broker.start()
        try:
            wait_until(lambda: set(self.arrived(broker)) == set(self.marks), "all of them at the broker", 4 * PATIENCE)
        except AssertionError as error:
            missing = [mark for mark in self.marks if mark not in self.arrived(broker)]
            raise AssertionError(f"{error}: {missing}\n{agent.text()[-2000:]}\n{gateway.text()[-2000:]}") from None
        marks = self.arrived(broker)
        print(f"{len(self.marks)} alerts, {len(marks) - len(set(marks))} of them twice")


if __name__ == "__main__":
    unittest.main(verbosity=2)
