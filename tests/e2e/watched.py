# SPDX-License-Identifier: Apache-2.0
"""What the scenarios stand on: one daemon with the default rules for all tests of a class, a follower
of its alerts, and containers whose alerts are asked for; and tests that each start a monitor with rules of
their own.
"""

import contextlib
import ctypes
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import unittest

from harness import Container, Daemon, Follower, Listener, wait_until

API_SERVER = """
- list: api_server_addresses
  items: [127.0.0.1]
  override: {{items: append}}
- list: api_server_ports
  items: [{port}]
  override: {{items: append}}
"""

# For documentation (RFC 5737): nobody's; the last number for this run of the tests.
ELSEWHERE = f"198.51.100.{os.getpid() % 250 + 2}"

SECRET = "postgres SCRAM-SHA-256\n"

CLONE_NEWNET = 0x40000000


def mark():
    """A word that is nowhere else on the machine."""
    return "nezuban-mark-" + secrets.token_hex(6)


@contextlib.contextmanager
def in_network_of(pid):
    """This thread, and what it starts, is in the network namespace of that process meanwhile; None: where it is."""
    if pid is None:
        yield
        return
    setns = ctypes.CDLL(None, use_errno=True).setns
    with open("/proc/thread-self/ns/net", "rb") as own, open(f"/proc/{pid}/ns/net", "rb") as other:
        if setns(other.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            if setns(own.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns back")


class OwnMonitor(unittest.TestCase):
    """Each test starts its monitors, with `rules_text` for their rules."""

    rules_text = ""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="nezuban-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.rules = self.directory / "rules.yaml"
        self.rules.write_text(self.rules_text)

    def daemon(self, *arguments):
        """A monitor, and what it tells."""
        daemon = Daemon(*arguments, rules=str(self.rules))
        self.addCleanup(daemon.remove)
        watch = Follower.watch(daemon)
        self.addCleanup(watch.stop)
        wait_until(lambda: daemon.status()["subscribers"] == 1, "the client to be subscribed")
        return daemon, watch


class Watched(unittest.TestCase):
    maxDiff = None
    extra_rules = ()  # files and directories, besides the default ones
    # runc's containers have no pod: nobody need be asked for one, however busy the machine is.
    runtime = ("--cri-socket", "none")

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-scenario-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.api_server = Listener()
        cls.addClassCleanup(cls.api_server.close)
        own = cls.directory / "own.yaml"
        own.write_text(API_SERVER.format(port=cls.api_server.port))
        cls.daemon = Daemon(*cls.runtime, "--rules", own,
                            *(word for path in cls.extra_rules for word in ("--rules", path)))
        cls.addClassCleanup(cls.daemon.remove)
        cls.watch = Follower.watch(cls.daemon)
        cls.addClassCleanup(cls.watch.stop)
        wait_until(lambda: cls.daemon.status()["subscribers"] == 1, "the subscriber")
        # Something of the node whose namespaces can be entered.
        cls.service = subprocess.Popen(["sleep", "3600"])
        cls.addClassCleanup(cls.service.wait)
        cls.addClassCleanup(cls.service.kill)

    def listener(self, port=0, address=None, network_of=None):
        """In the network namespace of the process `network_of`, if given, else in the node's."""
        with in_network_of(network_of):
            listener = Listener(port, address=address)
        self.addCleanup(listener.close)
        return listener

    def another_machine(self, network_of=None):
        """A listener at an address that is not loopback's, though it lies there."""
        with in_network_of(network_of):
            address = ["ip", "address", "replace", f"{ELSEWHERE}/32", "dev", "lo"]
            subprocess.run(address, check=True)
        if network_of is None:  # another namespace takes it along
            self.addCleanup(subprocess.run, ["ip", "address", "del", *address[3:]], check=True)
        return self.listener(address=ELSEWHERE, network_of=network_of)

    def database(self):
        """A file with credentials where a database of the node keeps its own."""
        base = pathlib.Path("/var/lib/postgresql")
        made = not base.exists()
        base.mkdir(exist_ok=True)
        directory = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-", dir=base))
        self.addCleanup(shutil.rmtree, base if made else directory)
        file = directory / "pg_authid"
        file.write_text(SECRET)
        return file

    def make_container(self, *command, **options):
        container = Container(*command, **options)
        self.addCleanup(container.remove)
        return container

    def container(self, *command, **options):
        return self.make_container(*command, **options).start()

    def expect(self, rule, container, where=None, **fields):
        """The alert of `rule` whose origin is `container`; `where` is the container it is in, or "host"."""
        wanted = {name.replace("_", "."): value for name, value in fields.items()}

        def matches(alert):
            values = alert["output_fields"]
            return (alert["rule"] == rule and alert["origin"] == container.id
                    and (where is None or alert["container_id"] == where)
                    and all(values.get(name) == value for name, value in wanted.items()))

        found = self.watch.wait_for(matches, f"{rule} of {container.id} with {wanted}")[0]
        # Of some ancestor of a test nobody may be able to say what it is.
        self.assertEqual([field for field in found["uncertain"] if field != "proc.aexepath"], [])
        return found

    def run_privileged(self, script, **options):
        container = self.container("/usr/bin/bash", "-c", script + "\necho all-done", privileged=True,
                                   host_pid=True, **options)
        code, printed = container.finish()
        self.assertEqual(code, 0, printed)
        self.assertIn("all-done", printed.splitlines())  # runc may pass on what came before it later
        return container
