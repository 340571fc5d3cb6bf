# SPDX-License-Identifier: Apache-2.0
"""deploy/collector/ as it is written, from a real daemon to a real Kafka broker: whoever is killed, and whoever is
down, every alert arrives.

Takes a Collector (scripts/otel-collector) in NEZUBAN_OTELCOL, a broker's class path (scripts/kafka) in NEZUBAN_KAFKA,
and tests/collector, built, which reads there, in NEZUBAN_KAFKA_READER: scripts/prove has them.
"""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import PATIENCE, ROOT, wait_until
from peers import Certificates, free_port
from test_sinks import Sinks

CONFIGS = ROOT / "deploy" / "collector"
TOPIC = "nezuban-alerts"
KAFKA = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:{controller}
listeners=SSL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SSL://localhost:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,SSL:SSL
inter.broker.listener.name=SSL
controller.listener.names=CONTROLLER
log.dirs={logs}
offsets.topic.replication.factor=1
ssl.keystore.type=PEM
ssl.keystore.location={store}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
ssl.client.auth=required
"""


class Process:
    """One of the chain, which can be killed and started again with the same disk."""

    def __init__(self, log, *command, **environment):
        self.log, self.command = log, command
        self.environment = {**os.environ, **{key: str(value) for key, value in environment.items()}}
        self.process = None

    def start(self, ready=None):
        seen = self.text().count(ready or "") if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
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

    def kafka(self, port, certificate, key, authority):
        """A broker that only talks to whom the authority vouches for, made ready to start."""
        store = self.directory / "kafka.pem"
        store.write_text(pathlib.Path(key).read_text() + pathlib.Path(certificate).read_text())
        properties = self.directory / "kafka.properties"
        properties.write_text(KAFKA.format(port=port, controller=free_port(), logs=self.directory / "kafka-logs",
                                           store=store, authority=authority))
        java = ["java", "-Xmx512m", "-cp", os.environ["NEZUBAN_KAFKA"]]
        subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", properties],
                       check=True, capture_output=True)
        return self.process("kafka", *java, "kafka.Kafka", properties)

    def arrived(self, reader):
        """Marks of the alerts that the broker has, in order, by its records' own words."""
        marks = []
        for line in reader.text().splitlines():
            if not line.startswith("{"):
                continue
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
        ca = certificates.path("ca.pem")
        broker = self.kafka(ports["kafka"], cert, key, ca)
        reader = self.process("reader", os.environ["NEZUBAN_KAFKA_READER"], f"localhost:{ports['kafka']}", TOPIC, cert,
                              key, ca)
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
        broker.start("Kafka Server started")
        reader.start()
        self.wait_for_all(reader, agent, gateway, broker)
        broker.kill()
        self.marks += self.act(20)
        self.wait_until_sent(100)
        broker.start("Kafka Server started")
        self.wait_for_all(reader, agent, gateway, broker)
        marks = self.arrived(reader)
        print(f"{len(self.marks)} alerts, {len(marks) - len(set(marks))} of them twice")

    def wait_for_all(self, reader, *others):
        try:
            wait_until(lambda: set(self.arrived(reader)) == set(self.marks), "all of them at the broker", 4 * PATIENCE)
        except AssertionError as error:
            missing = [mark for mark in self.marks if mark not in self.arrived(reader)]
            logs = "\n".join(f"{one.log.name}: {one.text()[-2000:]}" for one in (reader, *others))
            raise AssertionError(f"{error}: {missing}\n{logs}") from None


if __name__ == "__main__":
    unittest.main(verbosity=2)
